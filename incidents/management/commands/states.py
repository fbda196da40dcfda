from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.states import document


class Command(BaseCommand):
    help = "Write docs/states.md from the code's transitions; --check only says whether it is up to date."
    requires_system_checks: list[str] = []  # needs no database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "states.md"
        if options["check"]:
            if not path.exists() or path.read_text() != document():
                raise CommandError("docs/states.md is not what the code says: run `python manage.py states`")
            return
        path.parent.mkdir(exist_ok=True)
        path.write_text(document())
        self.stdout.write(f"wrote {path}")
