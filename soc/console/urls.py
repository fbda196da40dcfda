from django.urls import URLPattern, path

from soc.console import acts, incident, queue

urlpatterns: list[URLPattern] = [
    path("", queue.console, name="console"),
    path("quiet/", queue.quiet, name="console-quiet"),
    path("incidents/<uuid:pk>/", incident.incident, name="console-incident"),
    path("incidents/<uuid:pk>/painted/", acts.painted, name="console-painted"),
    path("incidents/<uuid:pk>/evidence-shown/", acts.evidence_shown, name="console-evidence-shown"),
    path("incidents/<uuid:pk>/export/", incident.export, name="console-export"),
    path("incidents/<uuid:pk>/<slug:verb>/", acts.act, name="console-act"),
]
