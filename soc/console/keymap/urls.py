from django.urls import URLPattern, path

from soc.console.keymap import views

urlpatterns: list[URLPattern] = [path("", views.keys, name="console-keys")]
