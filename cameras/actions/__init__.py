"""What the sensing side writes: candidates with their verdict, how cameras are, and what is wrong with them."""

from cameras.actions.cameras import (
    FIRST_RETRY_S,
    LONGEST_RETRY_S,
    camera_back,
    camera_drifts,
    camera_lost,
    camera_on_time,
    clear_camera,
    suspect_camera,
)
from cameras.actions.candidates import Judged, attach_evidence, commit_candidate, facts_of, limit_of, verdict_of
from cameras.actions.circumstances import context_of
from cameras.actions.conditions import condition_began, condition_ended, keep_reference, renew_reference
from cameras.actions.dismissals import note_dismissal, take_back
from cameras.actions.policies import in_force, keep_draft, publish, roll_back
from cameras.actions.standing import Standing, standing, standings, stood

__all__ = [
    "FIRST_RETRY_S",
    "LONGEST_RETRY_S",
    "Judged",
    "Standing",
    "attach_evidence",
    "camera_back",
    "camera_drifts",
    "camera_lost",
    "camera_on_time",
    "clear_camera",
    "commit_candidate",
    "condition_began",
    "condition_ended",
    "context_of",
    "facts_of",
    "in_force",
    "keep_draft",
    "keep_reference",
    "limit_of",
    "note_dismissal",
    "publish",
    "renew_reference",
    "roll_back",
    "standing",
    "standings",
    "stood",
    "suspect_camera",
    "take_back",
    "verdict_of",
]
