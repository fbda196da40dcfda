from django.urls import URLPattern, path

from soc.console.wall import views

urlpatterns: list[URLPattern] = [
    path("", views.wall, name="console-wall"),
    path("do/<slug:verb>/", views.act, name="console-wall-act"),
    path("incidents/<uuid:pk>/", views.watch, name="console-wall-watch"),
    path("incidents/<uuid:pk>/assign/", views.assign, name="console-wall-assign"),
]
