"""The console's figures: what fifty pages are told under steady work and in a storm, and what a person sees of it.

All of it is to end within fifteen minutes on two cores: the steady work goes on for its two minutes once, of everything else
the worst of three runs counts.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from functools import partial

from bench import console_fan, console_flow, console_intake, console_paint, console_queue, console_storm
from bench.figures import Row
from bench.stage import stage

# The steady work and the storm need no cameras: what is measured is not to share two cores with them.
PROGRAMS = ("web", "spine", "respond")


def measure(say: Callable[[str], None]) -> list[Row]:
    """All rows: three measurements with servers of their own, and three on one product that runs for them alone. One that breaks
    off is a missed row that says so, and the others are measured all the same."""
    alone = console_queue, console_intake, console_fan
    rows = [row for part in alone for row in ended(part.__name__, partial(part.measure, say))]
    with stage(only=PROGRAMS, say=say) as running:
        console_flow.ask(running, "still")
        for part in (console_paint, console_storm, console_flow):
            rows += ended(part.__name__, partial(part.measure, running, say))
    return rows


def ended(name: str, measured: Callable[[], list[Row]]) -> list[Row]:
    before = dict(os.environ)  # a part with servers of its own makes secrets for them, whose folder goes with it
    try:
        return measured()
    except Exception as error:  # hours of measuring are not lost for one that broke off; it is said with the figures
        traceback.print_exc()
        return [Row(f"{name} broke off", 1, "", None, "", 0, f"{type(error).__name__}: {error}")]
    finally:
        os.environ.clear()
        os.environ.update(before)
