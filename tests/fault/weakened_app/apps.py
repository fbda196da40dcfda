from typing import Any

from django.apps import AppConfig


class WeakenedConfig(AppConfig):
    name = "tests.fault.weakened_app"

    def ready(self) -> None:
        from cameras.watching.sight import Sight
        from soc.core import deliveries

        def nothing_due(**_: Any) -> list[int]:
            return []

        def never_blind(self: Sight, *_: Any) -> None:
            return None

        deliveries.due = nothing_due  # type: ignore[assignment]
        Sight._blind = never_blind  # type: ignore[assignment,method-assign]
