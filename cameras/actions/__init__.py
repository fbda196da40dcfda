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
    "context_of",
    "limit_of",
    "suspect_camera",
    "verdict_of",
]
