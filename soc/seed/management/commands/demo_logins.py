from typing import Any

from django.core.management.base import BaseCommand

from soc.seed import people


class Command(BaseCommand):
    help = "Print the demonstration's log-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(people.printed())
