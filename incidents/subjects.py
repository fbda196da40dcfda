"""Who or what is seen: the card of a person or a vehicle by short codes, and the sentence it makes in the reader's language.

A card's facts, by name; what is not known is left out, and “none seen” is something known:

    count      1–10, ten for “ten or more”
    build      man | woman | youth | mixed
    clothing   {"what": a garment, "colour": a colour or ""}
    doing      one of DOING
    carrying   {"what": a thing, "colour": a colour or ""}
    weapon     one of WEAPON
    vehicle    {"what": a kind of vehicle, "colour": a colour or ""}
    plate      as it is written on it, as far as it was read
    direction  one of DIRECTION, or short words for a place: “the north gate”
    more       short words for what has no code
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from incidents.errors import Refused
from incidents.models import Description, Incident
from soc.core.prepared import prepared

Words = str | Promise
Kind = Description.Kind

MOST_SUBJECTS: Final = 9
MOST: Final = 10  # of a count: ten or more
LONGEST_WORDS, LONGEST_PLATE = 80, 15

COLOUR: Final[dict[str, Words]] = {
    "black": gettext_lazy("black"), "grey": gettext_lazy("grey"), "white": gettext_lazy("white"),
    "red": gettext_lazy("red"), "blue": gettext_lazy("blue"), "green": gettext_lazy("green"),
    "yellow": gettext_lazy("yellow"), "brown": gettext_lazy("brown"), "orange": gettext_lazy("orange"),
    "light": gettext_lazy("light"), "dark": gettext_lazy("dark"),
}  # fmt: skip
BUILD: Final[dict[str, Words]] = {
    "man": gettext_lazy("man"), "woman": gettext_lazy("woman"), "youth": gettext_lazy("youth"),
    "mixed": gettext_lazy("men and women"),
}  # fmt: skip
CLOTHING: Final[dict[str, Words]] = {
    "jacket": gettext_lazy("jacket"), "hood": gettext_lazy("hooded top"), "coat": gettext_lazy("coat"),
    "shirt": gettext_lazy("shirt"), "clothing": gettext_lazy("clothing"), "work": gettext_lazy("work clothes"),
    "vest": gettext_lazy("high-visibility vest"), "cap": gettext_lazy("cap"), "mask": gettext_lazy("face covered"),
}  # fmt: skip
DOING: Final[dict[str, Words]] = {
    "walking": gettext_lazy("walking about"), "standing": gettext_lazy("standing"), "running": gettext_lazy("running"),
    "looking": gettext_lazy("looking into windows or vehicles"), "climbing": gettext_lazy("climbing over"),
    "cutting": gettext_lazy("cutting or breaking in"), "carrying": gettext_lazy("carrying things away"),
    "spraying": gettext_lazy("spraying or damaging"), "hiding": gettext_lazy("hiding"),
    "down": gettext_lazy("lying on the ground"),
}  # fmt: skip
CARRYING: Final[dict[str, Words]] = {
    "nothing": gettext_lazy("nothing in the hands"), "bag": gettext_lazy("bag"), "rucksack": gettext_lazy("rucksack"),
    "tool": gettext_lazy("tool"), "ladder": gettext_lazy("ladder"), "box": gettext_lazy("box"),
    "cable": gettext_lazy("cable"), "can": gettext_lazy("can"), "torch": gettext_lazy("torch"),
    "parts": gettext_lazy("machine parts"),
}  # fmt: skip
WEAPON: Final[dict[str, Words]] = {
    "none": gettext_lazy("none seen"), "bar": gettext_lazy("bar or club"), "knife": gettext_lazy("knife"),
    "firearm": gettext_lazy("firearm"), "unclear": gettext_lazy("something, unclear what"),
}  # fmt: skip
VEHICLE: Final[dict[str, Words]] = {
    "car": gettext_lazy("car"), "van": gettext_lazy("van"), "lorry": gettext_lazy("lorry"),
    "pickup": gettext_lazy("pickup"), "motorbike": gettext_lazy("motorbike"), "bicycle": gettext_lazy("bicycle"),
    "trailer": gettext_lazy("car with trailer"), "tractor": gettext_lazy("tractor or digger"),
}  # fmt: skip
DIRECTION: Final[dict[str, Words]] = {
    "stays": gettext_lazy("still there"), "on_foot": gettext_lazy("left on foot"),
    "driven": gettext_lazy("left in a vehicle"), "lost": gettext_lazy("out of sight"),
}  # fmt: skip

CODED: Final[dict[str, dict[str, Words]]] = {"build": BUILD, "doing": DOING, "weapon": WEAPON}
COLOURED: Final[dict[str, dict[str, Words]]] = {"clothing": CLOTHING, "carrying": CARRYING, "vehicle": VEHICLE}
WRITTEN: Final[dict[str, int]] = {"plate": LONGEST_PLATE, "more": LONGEST_WORDS}
LABELS: Final[dict[str, Words]] = {
    "count": pgettext_lazy("of people", "How many"), "build": gettext_lazy("Who"), "clothing": gettext_lazy("Clothing"),
    "doing": gettext_lazy("Doing"), "carrying": gettext_lazy("Carrying"), "weapon": gettext_lazy("Weapon"),
    "vehicle": gettext_lazy("Vehicle"), "plate": gettext_lazy("Plate"), "direction": gettext_lazy("Where to"),
    "more": gettext_lazy("Also"),
}  # fmt: skip
# Which facts a card of either kind has, in the order in which they are asked for and said.
ASKED: Final[dict[str, tuple[str, ...]]] = {
    Kind.PERSON: ("count", "build", "clothing", "doing", "carrying", "weapon", "direction", "more"),
    Kind.VEHICLE: ("vehicle", "plate", "count", "doing", "direction", "more"),
}
DIGITS: Final = "1234567890"
# The key of each colour, beside the digits of what has it.
COLOUR_KEYS: Final[dict[str, str]] = {
    "black": "B", "grey": "G", "white": "W", "red": "R", "blue": "U", "green": "E", "yellow": "Y", "brown": "N",
    "orange": "O", "light": "L", "dark": "D",
}  # fmt: skip


def read(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A card's facts as they are kept: what is empty is left out. Raises Refused (`fact`) for what is none."""
    if kind not in ASKED:
        raise Refused("fact", _("A card describes a person or a vehicle."))
    facts: dict[str, Any] = {}
    for name, value in given.items():
        if name not in ASKED[kind]:
            raise Refused("fact", _("“%(name)s” is nothing that is asked of this.") % {"name": str(name)[:40]})
        if (kept := _fact(name, value)) not in ("", None):
            facts[name] = kept
    return facts


def _fact(name: str, value: Any) -> Any:
    if value in ("", None, {}):
        return None
    if name == "count":
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
            raise Refused("fact", _("Say how many as a number from 1 to 10; 10 is ten or more."))
        return value
    if name in CODED:
        return _known(CODED[name], value)
    if name in COLOURED:
        return _coloured(COLOURED[name], value)
    return _words(value, WRITTEN.get(name, LONGEST_WORDS))


def _coloured(table: Mapping[str, Words], value: Any) -> dict[str, str] | None:
    if not isinstance(value, Mapping):
        raise Refused("fact", _("Choose one of the answers that are shown."))
    what, colour = value.get("what", ""), value.get("colour", "")
    if not what and not colour:
        return None
    if not what:
        raise Refused("fact", _("Say also what has that colour."))
    return {"what": _known(table, what), "colour": _known(COLOUR, colour) if colour else ""}


def _known(table: Mapping[str, Words], value: Any) -> str:
    if not isinstance(value, str) or value not in table:
        raise Refused("fact", _("Choose one of the answers that are shown."))
    return value


def _words(value: Any, longest: int) -> str:
    words = " ".join(str(value).split())
    if len(words) > longest or not words.isprintable():
        raise Refused("fact", _("Write at most %(most)s characters, on one line.") % {"most": longest})
    return words


def current(incident: Incident) -> list[Description]:
    """The newest card of each subject, in their order; a card that was emptied is taken off."""
    return newest(_cards(incident.pk))


@prepared
def _cards(incident: UUID) -> QuerySet[Description]:
    return Description.objects.filter(incident=incident).select_related("by", "last_seen_camera")


def newest(rows: Iterable[Description]) -> list[Description]:
    """Of an incident's cards, by version, those that count."""
    by_subject = {row.subject: row for row in sorted(rows, key=lambda row: row.version)}
    return [row for _subject, row in sorted(by_subject.items()) if row.facts]


def sentence(description: Description) -> str:
    """“one man, red jacket, black bag, towards the north gate”: what is said to a responder and to an agency."""
    facts = description.facts
    said = [_who(description.kind, facts), *(_said(name, facts) for name in ASKED.get(description.kind, ()))]
    return ", ".join(words for words in said if words)


def _who(kind: str, facts: Mapping[str, Any]) -> str:
    """What the sentence begins with: how many of whom; of a vehicle its colour and kind."""
    if kind == Kind.VEHICLE:
        return _thing(VEHICLE, facts.get("vehicle")) or _("vehicle")
    count = facts.get("count", 0)
    if count >= MOST:
        return _("ten or more people")
    one = {"man": _("one man"), "woman": _("one woman"), "youth": _("one youth")}
    several = {"man": _("men"), "woman": _("women"), "youth": _("youths"), "mixed": _("men and women")}
    build = facts.get("build", "")
    if count > 1:
        return f"{_number(count)} {several.get(build) or _('people')}"
    return one.get(build) or (_("one person") if count == 1 else _("person"))


def _number(count: int) -> str:
    words = (_("two"), _("three"), _("four"), _("five"), _("six"), _("seven"), _("eight"), _("nine"))
    return words[count - 2] if 2 <= count <= 9 else str(count)


def _said(name: str, facts: Mapping[str, Any]) -> str:
    value = facts.get(name)
    if not value or name in ("build", "vehicle"):
        return ""
    if name == "count":
        return (
            "" if "vehicle" not in facts else ngettext("%(n)s person in it", "%(n)s people in it", value) % {"n": value}
        )
    if name in COLOURED:
        return _thing(COLOURED[name], value)
    if name == "weapon":
        return _("no weapon seen") if value == "none" else _("weapon: %(what)s") % {"what": WEAPON.get(value, value)}
    if name == "plate":
        return _("plate %(plate)s") % {"plate": value}
    if name == "direction":
        return str(DIRECTION[value]) if value in DIRECTION else _("towards %(place)s") % {"place": value}
    return str(CODED.get(name, {}).get(value, value))


def _thing(table: Mapping[str, Words], value: Any) -> str:
    if not isinstance(value, Mapping):
        return ""
    what, colour = str(table.get(value.get("what", ""), "")), str(COLOUR.get(value.get("colour", ""), ""))
    return _("%(colour)s %(thing)s") % {"colour": colour, "thing": what} if colour and what else what
