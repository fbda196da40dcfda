"""The policy's page as a form: plain fields in, a body out, and back. Nothing is judged here.

Every list of the body is a list of rows named `<list>.<number>.<field>`, read in the order of the numbers; a row that is empty
or marked `gone` is left out, so that a body's place in a list is the row's place on the page. What is no number stays as it
was typed: the core refuses it at its field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import time
from math import isfinite
from typing import Any, Final

from cameras.models import Zone

Data = Mapping[str, str]
RULE_FIELDS: Final = ("zone", "category", "when", "decision", "priority", "dwell_s", "cooldown_s", "note")
HOURS: Final = re.compile(r"\s*(\S+?)\s*(?:-|–|to|\s)\s*(\S+)\s*")
MOST_ROWS: Final = 400
WHOLE_DAY: Final = ["00:00", "00:00"]


def body_of(data: Data, zones: list[Zone]) -> dict[str, Any]:
    """The body that the page's fields say. Zones that are not among `zones` are left out."""
    data = {name: value.replace("\0", "") for name, value in data.items()}  # no JSON of the database has it
    body: dict[str, Any] = {"owner": data.get("owner", "schedule"), "schedule": schedule_of(data, "schedule")}
    own = {str(zone.pk): {"schedule": _of_zone(data, zone, body)} for zone in zones if data.get(f"zones.{zone.pk}.own")}
    opening: dict[str, Any] = {kind: _week(data, f"opening.{kind}") for kind in ("open", "close")}
    opening = {kind: rows for kind, rows in opening.items() if rows}
    if opening:
        grace = number(data.get("opening.grace_min", ""))
        body["opening"] = {**opening, "grace_min": 15 if grace is None else grace}
    if own:
        body["zones"] = own
    if rules := [_rule(row) for row in rows_of(data, "rules", RULE_FIELDS)]:
        body["rules"] = rules
    limits = {name: number(data.get(f"runaway.{name}", "")) for name in ("dismissed", "within_min", "look_min")}
    if limits := {name: value for name, value in limits.items() if value is not None}:
        body["runaway"] = limits
    return body


def _of_zone(data: Data, zone: Zone, body: dict[str, Any]) -> dict[str, Any]:
    """A zone's own hours; those of the site where it has just been given some of its own."""
    prefix = f"zones.{zone.pk}.schedule"
    given = any(key.startswith(f"{prefix}.") for key in data)
    return schedule_of(data, prefix) if given else deepcopy(body["schedule"])


def schedule_of(data: Data, prefix: str) -> dict[str, Any]:
    """One schedule: the site's, or a zone's own."""
    found: dict[str, Any] = {
        "week": _week(data, f"{prefix}.week"),
        "specials": [
            {**row, "hours": hours_of(row["hours"])}
            for row in rows_of(data, f"{prefix}.specials", ("name", "first", "last", "hours"))
        ],
        "dates": [
            {**row, "hours": hours_of(row["hours"])}
            for row in rows_of(data, f"{prefix}.dates", ("date", "name", "hours"))
        ],
    }
    if country := data.get(f"{prefix}.holidays.country", "").strip():
        holidays: dict[str, Any] = {"country": country}
        if subdiv := data.get(f"{prefix}.holidays.subdiv", "").strip():
            holidays["subdiv"] = subdiv
        if data.get(f"{prefix}.holidays.as") != "weekday":
            holidays["hours"] = hours_of(data.get(f"{prefix}.holidays.hours", ""))
        found["holidays"] = holidays
    return {name: rows for name, rows in found.items() if rows}


def rows_of(data: Data, prefix: str, fields: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The filled rows of a list, in the order of their numbers."""
    named = re.compile(rf"{re.escape(prefix)}\.(\d{{1,6}})\.(\w+)")
    found: dict[int, dict[str, str]] = {}
    for key, value in data.items():
        match = named.fullmatch(key)
        if match and match[2] in (*fields, "gone"):
            found.setdefault(int(match[1]), {})[match[2]] = value.strip()
    for number_ in sorted(found)[:MOST_ROWS]:
        row = found[number_]
        if row.pop("gone", "") or not any(row.get(name) for name in row if name not in _CHOSEN):
            continue
        yield {name: row.get(name, "") for name in fields}


# What a choice always says: alone it fills no row.
_CHOSEN: Final = frozenset({"day", "when", "decision", "zone", "priority"})


def _week(data: Data, prefix: str) -> list[dict[str, Any]]:
    rows = rows_of(data, prefix, ("day", "from", "to"))
    return [{"day": number(row["day"]) or 0, "from": clock(row["from"]), "to": clock(row["to"])} for row in rows]


def _rule(row: dict[str, str]) -> dict[str, Any]:
    return {
        "zone": row["zone"] or None,
        "category": row["category"] or "*",
        "when": row["when"] or "always",
        "decision": row["decision"] or "raise",
        "priority": number(row["priority"]),
        "dwell_s": number(row["dwell_s"]),
        "cooldown_s": number(row["cooldown_s"]) or 0,
        "note": row["note"],
    }


def number(text: str) -> int | float | str | None:
    """What was typed as a number; None for nothing; the text itself where it is none."""
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    if not isfinite(value):
        return text
    return int(value) if value.is_integer() and abs(value) < 1e9 else value


def hours_of(text: str) -> list[list[str]]:
    """“14:00-18:00, 20:00-06:00” as pairs; an end that is not there is empty, and refused by the core."""
    pairs = []
    for part in re.split(r"[,;]", text):
        if not part.strip():
            continue
        match = HOURS.fullmatch(part)
        pairs.append([clock(match[1]), clock(match[2])] if match else [part.strip(), ""])
    return pairs


def clock(text: str) -> str:
    """“7:00”, “7.00”, “7” and “24:00” as they are meant; anything else as it was typed."""
    match = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?", text)
    if not match or int(match[1]) > 24:
        return text
    return f"{int(match[1]) % 24 if match[2] in (None, '00') else int(match[1]):02}:{match[2] or '00'}"


def hours_text(hours: Any) -> str:
    """As it is typed; what are no pairs is left out."""
    pairs = [pair for pair in hours if isinstance(pair, list) and len(pair) == 2] if isinstance(hours, list) else []
    return ", ".join(f"{starts}-{ends}".removesuffix("-") for starts, ends in pairs)


def part(value: Any) -> dict[str, Any]:
    """An object of a body, or an empty one in place of what is none."""
    return value if isinstance(value, dict) else {}


def minutes(text: Any) -> int | None:
    """Minutes since midnight of an “HH:MM”; None for what is no time of day."""
    try:
        moment = time.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return moment.hour * 60 + moment.minute
