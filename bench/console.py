"""The console's figures: what fifty pages are told under steady work and in a storm, and what a person sees of it.

All of it is to end within fifteen minutes on two cores: the steady work goes on for its two minutes once, of everything else
the worst of three runs counts.
"""

from __future__ import annotations

from collections.abc import Callable

from bench import console_fan, console_flow, console_intake, console_paint, console_queue, console_storm
from bench.figures import Row
from bench.stage import stage

# The steady work and the storm need no cameras: what is measured is not to share two cores with them.
PROGRAMS = ("web", "spine", "respond")


def measure(say: Callable[[str], None]) -> list[Row]:
    """All rows: three measurements with servers of their own, and three on one product that runs for them alone."""
    rows = [*console_queue.measure(say), *console_intake.measure(say), *console_fan.measure(say)]
    with stage(only=PROGRAMS, say=say) as running:
        console_flow.ask(running, "still")
        rows += console_paint.measure(running, say)
        rows += console_storm.measure(running, say)
        rows += console_flow.measure(running, say)
    return rows
