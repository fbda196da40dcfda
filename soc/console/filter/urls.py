from django.urls import URLPattern, path

from soc.console.filter import views

urlpatterns: list[URLPattern] = [
    path("", views.figures, name="console-filter"),
    path("incidents/", views.incidents, name="console-filter-incidents"),
    path("causes/<uuid:pk>/", views.cause, name="console-filter-cause"),
    path("causes/<uuid:pk>/draft/", views.draft, name="console-filter-draft"),
]
