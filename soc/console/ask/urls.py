from django.urls import URLPattern, path

from soc.console.ask import views

urlpatterns: list[URLPattern] = [
    path("", views.ask, name="console-ask"),
    path("candidates/", views.candidates, name="console-whys"),
    path("candidates/<uuid:pk>/", views.candidate, name="console-why"),
]
