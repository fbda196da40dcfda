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
from cameras.actions.candidates import attach_evidence, commit_candidate, context_of, limit_of, verdict_of
from cameras.actions.conditions import condition_began, condition_ended, keep_reference, renew_reference

__all__ = [
    "FIRST_RETRY_S",
    "LONGEST_RETRY_S",
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
    "keep_reference",
    "limit_of",
    "renew_reference",
    "suspect_camera",
    "verdict_of",
]
