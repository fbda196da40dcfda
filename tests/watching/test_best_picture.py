"""The best picture of a track, as one camera's thread chooses it while it follows somebody."""

from __future__ import annotations

from cameras.vision.types import Box
from tests.watching.test_sight import eye, frame, plan

__all__ = ["eye"]


def test_somebody_who_comes_nearer_is_remembered_where_they_were_largest(eye):
    sight, worker = eye(plan())
    for number in range(20):
        worker.person = None
        sight.see(frame(number, person_at=None))
    seen = []
    for number in range(20, 70):
        grown = min(number - 20, 30) / 30  # nearer for three seconds, then away again
        grown = grown if number < 50 else 1 - (number - 50) / 20
        worker.person = Box(0.4 - 0.1 * grown, 0.5 - 0.3 * grown, 0.5 + 0.1 * grown, 0.6 + 0.3 * grown)
        found, _ = sight.see(frame(number, person_at=0.3 + 0.1 * (number % 3)))
        seen += found
    assert seen
    shot = sight.best_of(seen[0].sighting.track.id)
    assert shot is not None
    assert shot.box.height > seen[0].sighting.box.height * 1.2
    assert shot.box.height > 0.55
    assert shot.taken().jpeg
    assert shot.captured > seen[0].sighting.at
