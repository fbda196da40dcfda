from typing import Any

from django.core.management.base import BaseCommand, CommandError

from soc.core.verify import verify


class Command(BaseCommand):
    help = "Check the record's hash chain and signed heads; names the first bad row and exits non-zero."

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify()
        if finding := report.finding:
            raise CommandError(
                f"{finding.problem} at position {finding.seq} (event {finding.event_id}): {finding.detail}"
            )
        self.stdout.write(f"{report.events} events and {report.heads} signed heads stand.")
