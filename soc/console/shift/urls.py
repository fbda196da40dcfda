from django.urls import URLPattern, path

from soc.console.shift import views

urlpatterns: list[URLPattern] = [
    path("", views.begin, name="console-shift"),
    path("start/", views.start, name="console-shift-start"),
    path("end/", views.end, name="console-shift-end"),
    path("now/", views.now, name="console-shift-now"),
    path("break/", views.rest, name="console-shift-break"),
    path("back/", views.back, name="console-shift-back"),
]
