from django.urls import URLPattern, path

from soc.console.pack import views

urlpatterns: list[URLPattern] = [
    path("", views.pack, name="console-pack"),
    path("open/", views.opener, name="console-pack-open"),
    path("worker.js", views.worker, name="console-pack-worker"),
    path("key/", views.key, name="console-pack-key"),
]
