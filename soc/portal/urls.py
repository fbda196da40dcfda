from django.urls import path

from soc.portal import figures, views

urlpatterns = [
    path("", views.home, name="portal"),
    path("timeline/", views.timeline, name="portal-timeline"),
    path("figures/", figures.figures, name="portal-figures"),
    path("incidents/<uuid:pk>", views.incident, name="portal-incident"),
    path("incidents/<uuid:pk>/export", views.export, name="portal-export"),
]
