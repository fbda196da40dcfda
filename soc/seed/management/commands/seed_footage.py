from typing import Any

from django.core.management.base import BaseCommand

from soc.core import clock
from soc.seed import footage


class Command(BaseCommand):
    help = "Make the rows for playing one video: a camera at /footage, armed around the clock, and its operator."

    def handle(self, *args: Any, **options: Any) -> None:
        footage.seed(at=clock.now())
        self.stdout.write("The rows for the footage are there.")
