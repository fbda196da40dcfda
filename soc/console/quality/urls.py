from django.urls import URLPattern, path

from soc.console.quality import views

urlpatterns: list[URLPattern] = [
    path("", views.quality, name="console-quality"),
    path("own/", views.own, name="console-quality-own"),
    path("choose/<uuid:pk>/", views.choose, name="console-quality-choose"),
    path("<uuid:pk>/", views.one, name="console-quality-one"),
    path("<uuid:pk>/score/", views.score, name="console-quality-score"),
]
