import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from cameras.actions.policies import in_force_of
from cameras.context.policy import Policy, PolicyRefused, read, with_holidays
from cameras.models import Candidate, PolicyDraft
from cameras.replaying.asking import read_draft
from cameras.replaying.counts import Result
from cameras.replaying.shares import shared
from incidents.replaying import Lost, Replayed, replay_with_losses
from soc.core import clock
from soc.core.lookup import one
from soc.core.models import Site

BAR: Final = 40
TOLD_EVERY_S: Final = 0.2


class Command(BaseCommand):
    help = (
        "Judges the stored candidates of the last days again: what another policy would newly raise and newly hide, and "
        "which real incidents nobody would have seen. Without another policy: by the one in force. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", metavar="NAME", help="its name, a part of it, or its id; else all")
        parser.add_argument("--days", type=int, default=30, metavar="N", help="how many days back; else 30")
        other = parser.add_mutually_exclusive_group()
        other.add_argument("--file", type=Path, metavar="FILE", help="a policy's content as JSON, tried on each site")
        other.add_argument("--draft", action="store_true", help="the draft kept for each site that has one")
        other.add_argument(
            "--as-judged",
            action="store_true",
            help="each candidate by the version it was judged by: what comes out must be what was, else it ends with 1",
        )
        parser.add_argument("--processes", type=int, default=0, metavar="N", help="else one for each core")
        parser.add_argument("--json", action="store_true", help="one JSON object, and no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        sites = self._sites(options["site"])
        until = clock.now()
        since = until - timedelta(days=max(options["days"], 1))
        policies = self._policies(sites, options)
        if options["draft"]:
            sites = [site for site in sites if site.pk in policies]
        within = Candidate.objects.filter(captured_at__gte=since, captured_at__lt=until, ordinal__isnull=False)
        sizes: dict[UUID, int] = dict(within.order_by().values_list("site").annotate(Count("pk")))
        largest_first = sorted((site.pk for site in sites), key=lambda pk: -sizes.get(pk, 0))
        total = sum(sizes.get(pk, 0) for pk in largest_first)

        def work(site: UUID, told: Callable[[int, int], None]) -> Replayed:
            return replay_with_losses([site], since=since, until=until, body_of=policies, on_progress=told)

        began = time.monotonic()
        bar = None if options["json"] else Bar(total, sys.stderr)
        found = Replayed(Result())
        processes = options["processes"] or os.cpu_count() or 1
        for made in shared(largest_first, work, processes=processes, on_done=bar):
            found.add(made)
        found.result.seconds = time.monotonic() - began
        if bar is not None:
            bar.end()
        self.stdout.write(json.dumps(found.as_json()) if options["json"] else said(found))
        counts = found.result.counts
        if options["as_judged"] and any((counts.raised, counts.hidden, counts.watched, counts.ignored, counts.ranked)):
            raise CommandError("Some candidates were judged otherwise than their own version judges them.")

    def _sites(self, name: str | None) -> list[Site]:
        rows = Site.objects.select_related("customer__organisation").order_by("name")
        return [one(rows, name)] if name else list(rows)

    def _policies(self, sites: list[Site], options: dict[str, Any]) -> dict[UUID, Policy]:
        try:
            if options["as_judged"]:
                return {}
            if options["draft"]:
                drafts = PolicyDraft.objects.filter(site__in=sites).select_related("site")
                return {draft.site_id: read_draft(draft) for draft in drafts}
            if options["file"] is not None:
                body = with_holidays(json.loads(options["file"].read_text()), around=clock.now().year)
                return {site.pk: read(body, time_zone=site.time_zone, version="file") for site in sites}
        except OSError as error:
            raise CommandError(str(error)) from error
        except ValueError as error:
            problems = getattr(error, "problems", None) if isinstance(error, PolicyRefused) else None
            raise CommandError(f"This is no policy: {problems or error}") from error
        return in_force_of(sites)


class Bar:
    """A progress bar on a terminal; elsewhere a line now and then would only be in the way."""

    def __init__(self, total: int, out: Any) -> None:
        self.total, self.out, self.began, self.last = total, out, time.monotonic(), 0.0

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self.last < TOLD_EVERY_S and done < self.total:
            return
        self.last = now
        part = min(done / self.total, 1.0) if self.total else 1.0
        full = round(part * BAR)
        self.out.write(
            f"\r[{'#' * full}{'-' * (BAR - full)}] {part:4.0%}  {done:,} of {self.total:,}  {now - self.began:.0f} s"
        )
        self.out.flush()

    def end(self) -> None:
        self(self.total)
        self.out.write("\n")


def said(found: Replayed) -> str:
    result = found.result
    rows = [
        f"{result.candidates:,} candidates judged again in {result.seconds:.1f} s"
        + (f", {result.skipped:,} skipped: from before policies had versions" if result.skipped else ""),
        f"  newly raised {result.newly_raised:,}, newly hidden {result.newly_hidden:,}, newly watched {result.newly_watched:,}",
        f"  real, and would be lost: {len(found.lost)}",
    ]
    return "\n".join([*rows, *map(_line, found.lost)])


def _line(lost: Lost) -> str:
    clip = f", clip {lost.clip}" if lost.clip else ""
    ended = lost.outcome or lost.verdict or "undecided"
    return f"    {lost.reference}  {lost.at:%Y-%m-%d %H:%M} UTC  {lost.category}, {ended}{clip}"
