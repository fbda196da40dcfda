from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.export import checking, package


class Command(BaseCommand):
    help = "Check an exported package: its signature and every file. Names the first bad file and exits non-zero."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--key", type=Path, help="public key (PEM); without it, this installation's own")

    def handle(self, *args: Any, file: Path, key: Path | None = None, **options: Any) -> None:
        try:
            pem = key.read_bytes() if key else package.public_key()
            found = checking.check(file, checking.public_key(pem))
        except checking.BadPackage as bad:
            raise CommandError(str(bad)) from bad
        except (OSError, ValueError) as error:
            raise CommandError(f"cannot be checked: {error}") from error
        self.stdout.write(f"{found.incident}, exported {found.exported_at}: {found.files} files are what was signed.")
        if found.not_intact:
            for name, state in found.not_intact:
                self.stdout.write(f"{name}: {state} when it was exported")
            first, state = found.not_intact[0]
            raise CommandError(f"{first}: {state} before it was exported", returncode=2)
