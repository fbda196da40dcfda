from importlib import import_module

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "soc.core"
    label = "core"
    verbose_name = "Tenants, people and the record"

    def ready(self) -> None:
        # Every process must hint through the project's Celery application: without it Celery's own default looks for a
        # broker that is not there, six seconds for every event. By name, since the core imports nothing of ours.
        import_module("soc.celery")
        import_module("soc.core.retention")  # registers its chore
        import_module("soc.core.approving")  # and its sweep
