"""A recording taken through the whole line up to the verdict, as if it had happened then. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from cameras.actions import context_of, facts_of, in_force, stood
from cameras.actions.candidates import judged as judge
from cameras.context.facts import Context
from cameras.context.fold import Fold
from cameras.context.verdict import Verdict
from cameras.models import Camera, Zone
from cameras.vision.detector import Detector
from cameras.vision.pipeline import Eye, steps
from cameras.vision.types import Sighting
from cameras.watching.plan import Plan, plan_of
from cameras.watching.sight import INFER_FPS, perspective_of


@dataclass(frozen=True)
class Judged:
    """What would have become a candidate: what was seen, `seconds` after the recording's first picture, in which zone, by
    which model (SHA-256), and what the context of that moment makes of it.
    """

    sighting: Sighting
    seconds: float
    zone: Zone
    model: str
    context: Context
    verdict: Verdict

    @property
    def category(self) -> str:
        return self.verdict.category or self.sighting.category


def eye_of(plan: Plan, detector: Detector) -> Eye:
    """An eye that sees as this camera is watched."""
    return Eye(
        detector,
        plan.zones,
        infer_fps=INFER_FPS,
        day_score=plan.day_score,
        night_score=plan.night_score,
        ignore_areas=plan.ignore_areas,
        privacy_masks=plan.privacy_masks,
        perspective=perspective_of(plan),
        largest=(settings.SLOT_WIDTH, settings.SLOT_HEIGHT),
        armed=lambda at: plan.arming(at).armed,
        asked=lambda at: plan.arming(at).zones,
    )


def replay(camera: Camera, recording: Path, *, at: datetime, detector: Detector) -> Iterator[Judged]:
    """Every candidate of a recording that begins at `at`, in its order, judged by the policy in force as if nothing had been
    before: what cools down does so by what is in the recording.

    Raises FileRefused where the recording cannot be read; at its end where some of it could not.
    """
    zones = {str(zone.pk): zone for zone in camera.zones.all()}
    stands, policy, fold, count = stood(camera.site, at), in_force(camera.site), Fold(), 0
    for step in steps(recording, eye_of(plan_of(camera, stands), detector), started=at):
        for sighting in (*step.sightings, *step.short):
            zone = zones[sighting.zone_id]
            facts = facts_of(
                sighting.category,
                sighting.at,
                zone=zone,
                camera=camera,
                dwell_s=sighting.dwell_s,
                score=sighting.score,
                people=sighting.people,
                box=sighting.box.as_tuple(),
            )
            one, count = judge(facts, context_of(camera.site, facts), policy, fold), count + 1
            fold = one.folded(count)
            yield Judged(sighting, sighting.stamp.monotonic, zone, detector.sha256, one.context, one.verdict)
