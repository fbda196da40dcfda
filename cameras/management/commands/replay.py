import json
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from cameras.context.verdict import Reason
from cameras.models import Camera
from cameras.vision.card import ModelRefused
from cameras.vision.files import FileRefused
from cameras.vision.models import Models
from cameras.watching.replay import Judged, replay
from soc.core.lookup import moment, one


class Command(BaseCommand):
    help = (
        "Takes a recording through the whole line up to the verdict, as if a camera had filmed it then: its zones, "
        "thresholds, areas and masks, its site's schedule. Prints the candidates with verdict and reasons; writes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("video", type=Path)
        parser.add_argument("--camera", required=True, metavar="NAME", help="its name, a part of it, or its id")
        parser.add_argument(
            "--at",
            required=True,
            metavar="TIME",
            help="of the first picture: 2026-11-22T02:10, by the site's clocks unless it says its offset",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object for each candidate")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Camera.objects.select_related("site__customer__organisation")
        camera = one(rows.prefetch_related("zones"), options["camera"])
        zone = camera.site.zone_info
        at = moment(options["at"], zone)
        count = 0
        try:
            detector = Models(settings.MODELS_DIR).detector_for(camera.model)
            for judged in replay(camera, options["video"], at=at, detector=detector):
                count += 1
                line = (
                    json.dumps(as_json(judged, camera), cls=DjangoJSONEncoder)
                    if options["json"]
                    else said(judged, zone)
                )
                self.stdout.write(line)
        except FileRefused as error:
            raise CommandError(f"{options['video']}: {error}") from error
        except ModelRefused as error:
            raise CommandError(str(error)) from error
        except BrokenPipeError:
            raise SystemExit(141) from None  # whoever read along has enough
        if not count and not options["json"]:
            self.stdout.write(nothing(camera))


def as_json(judged: Judged, camera: Camera) -> dict[str, Any]:
    sighting, verdict = judged.sighting, judged.verdict
    return {
        "at": sighting.at,
        "local_time": sighting.at.astimezone(camera.site.zone_info).isoformat(timespec="seconds"),
        "time_s": round(judged.seconds, 3),
        "site": camera.site.name,
        "camera": camera.name,
        "zone": judged.zone.name,
        "category": judged.category,
        "verdict": verdict.decision,
        "priority": verdict.priority,
        "reasons": [reason.as_json() for reason in verdict.reasons],
        "track": sighting.track.id,
        "label": sighting.label,
        "score": round(sighting.score, 4),
        "box": [round(edge, 5) for edge in sighting.box.as_tuple()],
        "entered_at": sighting.entered_at,
        "dwell_s": round(sighting.dwell_s, 2),
        "direction": sighting.direction,
        "model_sha256": judged.model,
        "context": judged.context.as_json(),
    }


def said(judged: Judged, zone: ZoneInfo) -> str:
    verdict = judged.verdict
    when = judged.sighting.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    why = "; ".join(_reason(reason, zone) for reason in verdict.reasons)
    return (
        f"{when}  {judged.seconds:7.2f} s  {verdict.decision} (priority {verdict.priority})  {judged.category} in "
        f"{judged.zone.name}, track {judged.sighting.track.id}: {why}"
    )


def _reason(reason: Reason, zone: ZoneInfo) -> str:
    params = ", ".join(f"{name} {_value(value, zone)}" for name, value in reason.params.items() if value is not None)
    return f"{reason.code} ({params})" if params else reason.code


def _value(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%a %H:%M")
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def nothing(camera: Camera) -> str:
    if not camera.zones.all():
        return f"Nothing: {camera} has no zones, so nothing that it sees is a candidate."
    return "Nothing that a zone asks for was seen."
