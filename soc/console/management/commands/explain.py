import json
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from cameras.categories import CATEGORIES
from cameras.models import Zone
from cameras.replaying.asking import MOST_DWELL_S, MOST_PEOPLE, Answer, Question, ask
from soc.console.ask import words
from soc.console.sentences import lines
from soc.core.lookup import moment, one
from soc.core.models import Site


class Command(BaseCommand):
    help = (
        "Says what would happen if something were noticed at a site, and why: by the policy in force, with whoever is expected "
        "then. Decides nothing, stores nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", required=True, metavar="NAME", help="its name, a part of it, or its id")
        parser.add_argument("--zone", default="", metavar="NAME", help="likewise; none: nowhere in particular")
        parser.add_argument("--category", required=True, metavar="WHAT", help=f"one of {', '.join(CATEGORIES)}")
        parser.add_argument(
            "--at",
            required=True,
            metavar="TIME",
            help="2026-11-22T02:10, by the site's clocks unless it says its offset",
        )
        parser.add_argument("--dwell", type=_seconds, metavar="S", help="seconds in the zone; else as long as it takes")
        parser.add_argument("--people", type=_people, default=1, metavar="N", help="how many are seen; else one")
        parser.add_argument("--score", type=_score, metavar="S", help="the detector's, 0 to 1")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        site = one(Site.objects.select_related("customer__organisation"), options["site"])
        zones = Zone.objects.filter(site=site).select_related("camera__site")
        zone = one(zones, options["zone"]) if options["zone"].strip() else None
        if options["category"] not in CATEGORIES:
            raise CommandError(f"There is no category {options['category']}. There are {', '.join(CATEGORIES)}.")
        at = moment(options["at"], site.zone_info)
        answer = ask(
            Question(
                site, options["category"], at, zone=zone, dwell_s=options["dwell"], people=options["people"],
                score=options["score"],
            )
        )  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(answer.as_json(), cls=DjangoJSONEncoder))
        else:
            self.stdout.write(said(answer))


def said(answer: Answer) -> str:
    """The answer in sentences, a line each."""
    site, zone, found = answer.question.site, answer.question.zone, answer.as_json()
    local = words.when(answer.question.at, site.zone_info)
    rows = [f"{words.heading(found['decision'], found['priority'])}: {site.name}, {local}"]
    for line in lines(found["reasons"], zone.name if zone else "", site.zone_info):
        rows.append(f"  {line.strong}, {line.rest}" if line.rest else f"  {line.strong}")
    rows += [f"  {sentence}" for sentence in words.circumstances(answer.context, site.zone_info)]
    if flip := words.flip(found["flip"], site.zone_info):
        rows.append(f"  {flip}")
    return "\n".join([*rows, f"  Policy {found['policy_version']}"])


def _seconds(text: str) -> float:
    return _number(text, 0, MOST_DWELL_S, "seconds from 0 to a day")


def _score(text: str) -> float:
    return _number(text, 0, 1, "a score from 0 to 1")


def _people(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PEOPLE:
        raise ArgumentTypeError(f"a whole number from 1 to {MOST_PEOPLE}, not {text}")
    return int(text)


def _number(text: str, least: float, most: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise ArgumentTypeError(f"{what}, not {text}")
    return value
