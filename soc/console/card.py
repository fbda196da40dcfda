"""The card of who is seen, as the console shows and asks it. What may be said: `incidents/subjects.py`."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from cameras.models import Camera
from incidents import subjects
from incidents.errors import Refused
from incidents.models import Description, Incident

MOST_PLACES = 6  # that a person may be heading for, beside the answers of DIRECTION


def table() -> dict[str, Any]:
    """What is asked and how it is answered, for static/js/card.js: the same for everybody, in the reader's language."""
    answers = {**subjects.CODED, **subjects.COLOURED, "direction": subjects.DIRECTION}
    return {
        "asked": {str(kind): list(names) for kind, names in subjects.ASKED.items()},
        "labels": {name: str(label) for name, label in subjects.LABELS.items()} | {"seen": _("Last seen")},
        "answers": {name: [[code, str(label)] for code, label in codes.items()] for name, codes in answers.items()},
        "colours": [[code, subjects.COLOUR_KEYS[code], str(label)] for code, label in subjects.COLOUR.items()],
        "coloured": list(subjects.COLOURED),
        "written": {**subjects.WRITTEN, "direction": subjects.LONGEST_WORDS},
        "most": subjects.MOST_SUBJECTS,
        "words": {
            "person": _("Another person"),
            "vehicle": _("A vehicle"),
            "next": _("Next"),
            "write": _("Write"),
            "clear": _("Clear"),
            "or_more": _("or more"),
        },
    }


def facts(incident: Incident, *, mine: bool, cameras: list[Camera]) -> dict[str, Any]:
    """`cards`: what is known of whom; `card_data`: the same for the form, with the places of this site (only for the owner)."""
    cards = subjects.current(incident)
    told: dict[str, Any] = {"cards": [(card, subjects.sentence(card)) for card in cards]}
    if not mine:
        return told
    return told | {
        "card_data": {
            "cards": [_data(card) for card in cards],
            "places": [camera.name for camera in cameras][:MOST_PLACES],
            "cameras": [[str(camera.pk), camera.name] for camera in cameras],
        },
    }


def _data(card: Description) -> dict[str, Any]:
    camera = str(card.last_seen_camera_id or "")
    return {
        "subject": card.subject,
        "kind": card.kind,
        "facts": card.facts,
        "words": subjects.sentence(card),
        "camera": camera,
    }


def read(form: QueryDict) -> dict[str, Any]:
    """What the form says: {"subject", "kind", "facts"}. Raises Refused for what cannot be read."""
    kind = form.get("kind", "")
    asked = subjects.ASKED.get(kind, ())
    given: dict[str, Any] = {}
    for name in asked:
        if name in subjects.COLOURED:
            given[name] = {"what": form.get(f"{name}.what", ""), "colour": form.get(f"{name}.colour", "")}
        elif name == "count":
            given[name] = _number(form.get(name, ""))
        else:
            given[name] = form.get(f"{name}.words", "").strip() or form.get(name, "")
    subject = _number(form.get("subject", ""))
    if subject is None:
        raise Refused("subject", _("Choose whom the card describes."))
    return {"subject": subject, "kind": kind, "facts": given}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else None
