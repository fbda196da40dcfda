from typing import Any

from django.core.management.base import BaseCommand

from soc.core import clock
from soc.seed import demo


class Command(BaseCommand):
    help = "Make the demonstration's rows; what is there already stays as it is. Reads DEMO_RTSP_PORT, DEMO_PASSWORD."

    def handle(self, *args: Any, **options: Any) -> None:
        demo.seed(at=clock.now())
        self.stdout.write("The demonstration's data is there.")
