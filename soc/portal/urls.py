from django.urls import path

from soc.portal import views

urlpatterns = [
    path("", views.home, name="portal"),
    path("timeline/", views.timeline, name="portal-timeline"),
    path("incidents/<uuid:pk>", views.incident, name="portal-incident"),
    path("incidents/<uuid:pk>/export", views.export, name="portal-export"),
]
