from django.urls import URLPattern, path

from soc.console.search import views

urlpatterns: list[URLPattern] = [path("", views.record, name="console-record")]
