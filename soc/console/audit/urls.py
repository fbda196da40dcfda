from django.urls import URLPattern, path

from soc.console.audit import views

urlpatterns: list[URLPattern] = [
    path("", views.results, name="console-audit"),
    path("mark/<uuid:pk>/", views.mark, name="console-audit-mark"),
    path("known/<uuid:pk>/", views.known, name="console-audit-known"),
]
