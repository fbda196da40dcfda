"""Deadlines are columns; a sweep finds the ones that have passed. Registered here, run by the spine every 250 ms.

Chores are what may take long or wait for a disk: the spine runs them every few minutes, on a thread of their own.
"""

from collections.abc import Callable
from datetime import datetime

Sweep = Callable[[datetime], int]
_sweeps: dict[str, Sweep] = {}
_chores: dict[str, Sweep] = {}


def sweep(name: str) -> Callable[[Sweep], Sweep]:
    """Register `function(at) -> rows acted on`. Two spines may run it at once: lock rows, skip locked ones."""

    def register(function: Sweep) -> Sweep:
        _sweeps[name] = function
        return function

    return register


def all_sweeps() -> dict[str, Sweep]:
    return dict(_sweeps)


def chore(name: str) -> Callable[[Sweep], Sweep]:
    """Register `function(at) -> rows acted on`, which may be ended at any point and is begun anew in the next round."""

    def register(function: Sweep) -> Sweep:
        _chores[name] = function
        return function

    return register


def all_chores() -> dict[str, Sweep]:
    return dict(_chores)
