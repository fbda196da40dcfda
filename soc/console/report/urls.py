from django.urls import URLPattern, path

from soc.console.report import views

urlpatterns: list[URLPattern] = [path("", views.report, name="console-report")]
