import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from soc.core import spine


class Command(BaseCommand):
    help = "Seal events, run due deliveries and passed deadlines, sign the chain's head. Supervised; two may run."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("spine: beating")
        spine.run(stop)
