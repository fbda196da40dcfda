from django.urls import path
from drf_spectacular.views import SpectacularSwaggerSplitView

from soc.api.explain import ExplainView
from soc.api.incidents import IncidentListView, IncidentView
from soc.api.schema import SchemaView
from soc.api.signals import SignalsView

urlpatterns = [
    path("signals", SignalsView.as_view(), name="api-signals"),
    path("incidents", IncidentListView.as_view(), name="api-incidents"),
    path("incidents/<uuid:pk>", IncidentView.as_view(), name="api-incident"),
    path("explain", ExplainView.as_view(), name="api-explain"),
    path("schema", SchemaView.as_view(), name="api-schema"),
    # The split view serves its script by an address of its own, so the content security policy stays as it is.
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]
