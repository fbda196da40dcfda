from django.apps import AppConfig


class APIConfig(AppConfig):
    name = "soc.api"
    label = "api"
