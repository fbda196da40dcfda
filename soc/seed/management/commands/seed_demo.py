import os
from typing import Any

from django.core.management.base import BaseCommand

from soc.core import chain, clock, heads
from soc.seed import demo, history, month


class Command(BaseCommand):
    help = (
        "Make the demonstration's rows; what is there already stays as it is. Reads DEMO_RTSP_PORT, DEMO_PASSWORD; "
        "DEMO_HISTORY=1 adds a month of stored history on the first run."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        with_history = os.environ.get("DEMO_HISTORY") == "1"
        demo.seed(at=at, began=month.first_day(at) if with_history else None)
        self.stdout.write("The demonstration's data is there.")
        if with_history and (written := history.write(at=at)):
            while chain.seal():
                pass  # a month is sealed before the first alarm comes, which would else wait behind it
            heads.sign(*chain.head(), at=clock.now())
            self.stdout.write(f"So is a month of its history: {written} candidates.")
