from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "soc.console"
    label = "console"
