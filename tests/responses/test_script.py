"""What a responder is told fits into a text, however much the operator described."""

from __future__ import annotations

from incidents import actions
from responses.actions import script
from tests import factories as make

LONGEST_TEXT = 1600  # characters; the telephone network refuses longer ones


def test_a_text_with_every_card_filled_to_its_brim_is_still_sent_and_tells_of_a_weapon(zone, alice):
    incident = make.make_incident(zone=zone)
    for subject in range(1, 10):
        facts = {"count": 10, "build": "mixed", "direction": "d" * 80, "more": "m" * 80, "doing": "looking",
                 "clothing": {"what": "vest", "colour": "orange"}}  # fmt: skip
        if subject == 9:
            facts["weapon"] = "firearm"
        at = make.NIGHT
        actions.describe(incident.pk, subject=subject, kind="person", facts=facts, camera=None, by=alice, at=at)
    text = script.with_link(script.text_body(incident), "https://desk.example/r/" + "a" * 64)
    assert len(text) < LONGEST_TEXT
    assert "weapon: firearm" in text
    assert "more." in text, "that there are others is said"
    assert script.marker(incident) in text
