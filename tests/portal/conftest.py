"""An incident from its first picture to its end, through the line's own doors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents import actions
from incidents.models import Incident
from tests import factories as make

NIGHT = make.NIGHT


def after(seconds: float) -> Any:
    return NIGHT + timedelta(seconds=seconds)


@pytest.fixture
def open_incident(zone) -> Incident:
    candidate = make.make_candidate(zone=zone)
    candidate.snapshot = make.make_media(zone.site, kind="snapshot")
    candidate.clip = make.make_media(zone.site, kind="clip", content=b"not really a video" * 50, duration_s=18.2)
    candidate.save()
    return make.make_incident(candidate)


@pytest.fixture
def claimed(open_incident, alice) -> Incident:
    actions.painted(open_incident.pk, painted_by="browser", by=alice, at=after(1.1))
    return actions.claim(open_incident.pk, by=alice, at=after(3.9))


@pytest.fixture
def closed(claimed, alice) -> Incident:
    """Real, spoken to, left."""
    actions.decide(claimed.pk, verdict="real", token=claimed.token, by=alice, at=after(24))
    actions.add_note(claimed.pk, text="He looked like the cousin of Mr Smith", by=alice, at=after(25))
    actions.stamp(claimed.pk, "audio_sent", at=after(29))
    actions.stamp(claimed.pk, "audio_heard", at=after(29.4))
    actions.stamp(claimed.pk, "call_placed", at=after(40))
    actions.stamp(claimed.pk, "responder_accepted", at=after(75))
    return actions.close(
        claimed.pk, outcome="genuine.deterred_by_voice", site_state="secure",
        summary="One person walked in from the west. They turned and left by the gate.",
        token=claimed.token, by=alice, at=after(3700),
    )  # fmt: skip
