"""What a policy's author should think about: contradictions, hours that nobody covers, zones in which nobody is raised."""

from __future__ import annotations

from collections.abc import Mapping

from cameras.context.parts import Body, hides, refuse_hiding
from cameras.context.reading import Notes


def doubts(body: Body, zones: Mapping[str, str], notes: Notes) -> None:
    """zones: names by id, of the site."""
    if zones:
        refuse_hiding(body.rules, set(zones), notes)
    if not notes.refused:
        for zone in sorted(zones):
            number = hides(body.rules, zone)
            if number is not None:
                notes.warn(f"rules.{number}.decision", "zone_hidden", zone=zone)
