import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cameras.vision.card import ModelRefused
from cameras.vision.detector import OnnxDetector
from cameras.vision.files import FileRefused, pictures_of
from cameras.vision.light import LightMeter, Profile
from cameras.vision.models import Models
from cameras.vision.motion import MotionGate
from cameras.vision.types import Detection

LEAST_SCORE: Final = 0.01  # below it a model proposes thousands of boxes in every picture, of nothing


class Command(BaseCommand):
    help = (
        "Looks for people and vehicles in videos and pictures: a line for each picture, with --json one JSON object. "
        "Every picture is looked at as a whole and in four parts, and in a video what moves once more. Asks no database."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON object for each picture")
        parser.add_argument(
            "--min-score",
            type=_score,
            metavar="S",
            help="0 to 1; else the model's, lower for grey and dark pictures. "
            "Under 0.01 nothing is told: that is noise",
        )
        parser.add_argument("--model", default="", metavar="NAME", help="by its card's name; else the house's")
        parser.add_argument(
            "--quick",
            action="store_true",
            help="the whole picture and what moves, as cameras are looked at: a third of the time",
        )
        parser.add_argument(
            "--every", type=_count, default=1, metavar="N", help="look at every N-th picture of a video"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        detector = self._detector(options["model"], closely=not options["quick"])
        refused = 0
        for path in options["files"]:
            try:
                for line in looked_through(path, detector, options["min_score"], options["every"]):
                    self.stdout.write(json.dumps(line) if options["json"] else _readable(line))
            except FileRefused as error:
                refused += 1
                self.stdout.flush()
                self.stderr.write(f"{path}: {error}")
            except BrokenPipeError:
                raise SystemExit(141) from None  # whoever read along has enough
        if refused:
            raise CommandError(f"{refused} of {len(options['files'])} files could not be read, or not as a whole.")

    def _detector(self, name: str, *, closely: bool) -> OnnxDetector:
        models = Models(settings.MODELS_DIR, closely=closely)
        cards = models.cards()
        if name and name not in cards:
            why = "".join(f"\n{file}: {words}" for file, words in models.refused.items())
            raise CommandError(f"There is no model {name}. There are {', '.join(cards)}.{why}")
        try:
            return models.made(name or models.house)
        except ModelRefused as error:
            raise CommandError(str(error)) from error


def looked_through(path: Path, detector: OnnxDetector, min_score: float | None, every: int) -> Iterator[dict[str, Any]]:
    """What is seen in each picture of a file. Raises FileRefused, at the end where only a part is damaged."""
    gate, meter = MotionGate(), LightMeter()
    for shown in pictures_of(path):
        motion = gate.update(shown.picture.y, shown.seconds)
        if shown.number % every:
            continue
        least = min_score
        if least is None:
            least = Profile.of(detector.card, meter.update(shown.picture, shown.seconds)).min_score
        found = detector.detect(shown.picture, motion=motion.boxes, min_score=least, every=True)
        yield {
            "source": str(path),
            "frame": shown.number,
            "time_s": round(shown.seconds, 3),
            "detections": [_as_json(one) for one in found],
        }


def _as_json(found: Detection) -> dict[str, Any]:
    x1, y1, x2, y2 = box = [round(edge, 5) for edge in found.box.as_tuple()]
    if not (x1 < x2 and y1 < y2):  # a sliver at the picture's edge: it has a width and a height all the same
        box = list(found.box.as_tuple())
    return {"label": found.label, "score": round(found.score, 4), "box": box}


def _readable(line: dict[str, Any]) -> str:
    seen = ", ".join(
        f"{one['label']} {one['score']:.2f} at {' '.join(f'{edge:.2f}' for edge in one['box'])}"
        for one in line["detections"]
    )
    return f"{line['source']}  picture {line['frame']}  {line['time_s']:.2f} s  {seen or 'nothing'}"


def _score(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise ArgumentTypeError(f"a score lies between 0 and 1, not {text}")
    return max(value, LEAST_SCORE)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"a whole number from 1, not {text}")
    return int(text)
