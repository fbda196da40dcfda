from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CamerasConfig(AppConfig):
    name = "cameras"
    verbose_name = _("Cameras and context")

    def ready(self) -> None:
        # Registers sweeps, chores, gauges and the Celery task.
        from cameras import health, keeping, tasks, troubles, unusual, vitals  # noqa: F401
        from cameras.actions import asking
        from cameras.receivers import silence  # noqa: F401  registers its sweep
        from soc.core import retention

        asking.register()
        retention.keeps("cameras.reference", keeping.references)
        retention.keeps("cameras.plan", keeping.grounds)
