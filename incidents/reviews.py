"""The drawing of quality reviews, every few minutes."""

from datetime import datetime

from incidents.actions import reviewing
from soc.core.sweeps import chore


@chore("incidents.reviews")
def reviews(at: datetime) -> int:
    return reviewing.draw_reviews(at)
