from django.urls import URLPattern, path

from soc.console.roster import views

urlpatterns: list[URLPattern] = [
    path("", views.roster, name="console-roster"),
    path("add/", views.add, name="console-roster-add"),
    path("<uuid:pk>/strike/", views.strike, name="console-roster-strike"),
]
