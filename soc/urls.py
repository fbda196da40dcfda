from django.contrib import admin
from django.urls import include, path

from soc.core import views

handler500 = "soc.core.views.broken"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("", views.home, name="home"),
    path("", include("soc.core.urls")),
    path("console/approvals/", include("soc.console.approvals.urls")),
    path("console/calls/", include("soc.console.calls.urls")),
    path("console/cameras/", include("soc.console.readiness.urls")),
    path("console/cover/", include("soc.console.cover.urls")),
    path("console/filter/", include("soc.console.filter.urls")),
    path("console/ask/", include("soc.console.ask.urls")),
    path("console/audit/", include("soc.console.audit.urls")),
    path("console/pack/", include("soc.console.pack.urls")),
    path("console/wall/", include("soc.console.wall.urls")),
    path("console/quality/", include("soc.console.quality.urls")),
    path("console/retelling/", include("soc.console.retelling.urls")),
    path("console/record/", include("soc.console.search.urls")),
    path("console/roster/", include("soc.console.roster.urls")),
    path("console/report/", include("soc.console.report.urls")),
    path("console/shift/", include("soc.console.shift.urls")),
    path("console/keys/", include("soc.console.keymap.urls")),
    path("console/", include("soc.console.urls")),
    path("portal/", include("soc.portal.urls")),
    path("api/", include("soc.api.urls")),
    path("r/", include("soc.portal.responder_urls")),
    path("twilio/", include("responses.urls")),
    path("admin/", admin.site.urls),
]
