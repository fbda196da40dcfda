from django.urls import URLPattern, path

from soc.console.calls import views

urlpatterns: list[URLPattern] = [
    path("", views.calls, name="console-calls"),
    path("add/", views.add, name="console-calls-add"),
    path("<uuid:pk>/<slug:verb>/", views.act, name="console-calls-act"),
]
