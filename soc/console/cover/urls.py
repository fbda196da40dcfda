from django.urls import URLPattern, path

from soc.console.cover import views

urlpatterns: list[URLPattern] = [
    path("", views.cover, name="console-cover"),
    path("storm/", views.storm, name="console-storm"),
    path("sites/<uuid:pk>/", views.site, name="console-cover-site"),
    path("sites/<uuid:pk>/<slug:verb>/", views.begin, name="console-cover-begin"),
    path("<slug:kind>/<uuid:pk>/<slug:verb>/", views.end, name="console-cover-end"),
]
