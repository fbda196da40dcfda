from django.urls import path

from soc.portal import arming, figures, presence, views

urlpatterns = [
    path("", views.home, name="portal"),
    path("timeline/", views.timeline, name="portal-timeline"),
    path("figures/", figures.figures, name="portal-figures"),
    path("sites/<uuid:pk>/arming", arming.arming, name="portal-arming"),
    path("arming/<uuid:pk>/undo", arming.take_back, name="portal-undo"),
    path("expected/", presence.expected, name="portal-expected"),
    path("expected/<uuid:pk>/call-off", presence.call_off, name="portal-call-off"),
    path("sites/<uuid:pk>/expect", presence.announce, name="portal-expect"),
    path("incidents/<uuid:pk>", views.incident, name="portal-incident"),
    path("incidents/<uuid:pk>/export", views.export, name="portal-export"),
]
