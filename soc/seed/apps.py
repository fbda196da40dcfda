from django.apps import AppConfig


class SeedConfig(AppConfig):
    name = "soc.seed"
    label = "seed"
