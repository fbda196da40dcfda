"""What ends a drill by itself: something urgent waits, and nobody else is free."""

from datetime import datetime

from incidents.actions import drilling
from soc.core.sweeps import sweep


@sweep("incidents.drills")
def drills(at: datetime) -> int:
    return drilling.give_way(at)
