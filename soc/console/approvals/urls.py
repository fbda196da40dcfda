from django.urls import URLPattern, path

from soc.console.approvals import views

urlpatterns: list[URLPattern] = [
    path("", views.approvals, name="console-approvals"),
    path("<uuid:pk>/<slug:verb>/", views.act, name="console-approvals-act"),
]
