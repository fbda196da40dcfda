from typing import Any

from django.core.management.base import BaseCommand

from soc.seed import contacts, people


class Command(BaseCommand):
    help = "Print the demonstration's log-ins and passcodes."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(people.printed())
        if said := contacts.printed():
            self.stdout.write(said)
