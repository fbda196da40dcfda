from django.urls import URLPattern, path

from soc.console.retelling import views

urlpatterns: list[URLPattern] = [path("<uuid:pk>/", views.retelling, name="console-retelling")]
