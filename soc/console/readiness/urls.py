from django.urls import URLPattern, path

from soc.console.readiness import views

urlpatterns: list[URLPattern] = [
    path("", views.cameras, name="console-cameras"),
    path("<uuid:pk>/", views.camera, name="console-camera"),
    path("<uuid:pk>/view/", views.renew, name="console-camera-view"),
    path("<uuid:pk>/serviced/", views.serviced, name="console-camera-serviced"),
    path("<uuid:pk>/speaker/", views.speaker, name="console-camera-speaker"),
]
