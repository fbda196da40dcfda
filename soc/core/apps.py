from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "soc.core"
    label = "core"
    verbose_name = "Tenants, people and the record"
