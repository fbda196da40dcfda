"""How much memory, how many files and threads each process of a running product has, over time; and whether that grows."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import psutil

MIB = 1024 * 1024
# Keeps the files of the tables that it has read open on purpose, up to its own limit (max_files_per_process).
KEEPS_FILES = frozenset({"postgres"})
FEWEST = 12  # samples of a process after its warm-up, before anything is said of it


@dataclass(frozen=True)
class Sample:
    """One look at a process: seconds since the beginning, MiB of its own (memory that it shares left out), descriptors,
    threads.
    """

    at_s: float
    memory: float
    files: int
    threads: int


@dataclass(frozen=True)
class Bounds:
    """What a process may gain after its warm-up: MiB, descriptors, threads."""

    warm_s: float = 60.0
    memory: float = 100.0
    files: int = 20
    threads: int = 10


@dataclass(frozen=True)
class Growth:
    """What one process gained between the first and the last quarter of its life after the warm-up."""

    name: str
    pid: int
    lived_s: float
    peak: float
    memory: float
    files: int
    threads: int

    def problems(self, bounds: Bounds) -> list[str]:
        """What of it is more than allowed, in words."""
        who = f"{self.name} ({self.pid}) in {self.lived_s:.0f} s"
        told = [
            (self.memory > bounds.memory, f"{who} gained {self.memory:.0f} MiB, at most {bounds.memory:.0f}"),
            (
                self.files > bounds.files and self.name not in KEEPS_FILES,
                f"{who} gained {self.files} open files, at most {bounds.files}",
            ),
            (self.threads > bounds.threads, f"{who} gained {self.threads} threads, at most {bounds.threads}"),
        ]
        return [words for broken, words in told if broken]


def growth(name: str, pid: int, samples: Sequence[Sample], bounds: Bounds) -> Growth | None:
    """None where the process did not live long enough to say.

    Memory by the medians of the two quarters. Files and threads come and go: of the last quarter the least counts, since
    what leaks never goes back, and of the first the most usual.
    """
    warm = [one for one in samples if one.at_s - samples[0].at_s >= bounds.warm_s]
    if len(warm) < FEWEST:
        return None
    part = max(len(warm) // 4, 3)
    first, last = warm[:part], warm[-part:]

    def usual(values: Iterable[float]) -> float:
        return statistics.median(values)

    return Growth(
        name=name,
        pid=pid,
        lived_s=samples[-1].at_s - samples[0].at_s,
        peak=max(one.memory for one in samples),
        memory=usual(s.memory for s in last) - usual(s.memory for s in first),
        files=min(s.files for s in last) - round(usual(s.files for s in first)),
        threads=min(s.threads for s in last) - round(usual(s.threads for s in first)),
    )


@dataclass
class Vitals:
    """Samples of every process by name and id. `look` is called again and again."""

    programs: Callable[[], dict[str, list[int]]]
    kept: dict[tuple[str, int], list[Sample]] = field(default_factory=dict)

    def look(self, at_s: float) -> None:
        """Sample every program and its children; who ends meanwhile is left out."""
        for name, parents in self.programs().items():
            for parent in parents:
                for process in _family(parent):
                    if (sample := _sample(process, at_s)) is not None:
                        self.kept.setdefault((name, process.pid), []).append(sample)

    def grown(self, bounds: Bounds) -> list[Growth]:
        """Of all that lived long enough, those that gained the most memory first."""
        found = [growth(name, pid, samples, bounds) for (name, pid), samples in self.kept.items()]
        return sorted((one for one in found if one is not None), key=lambda one: -one.memory)


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _sample(process: psutil.Process, at_s: float) -> Sample | None:
    try:
        with process.oneshot():
            memory = process.memory_info()
            return Sample(at_s, (memory.rss - memory.shared) / MIB, process.num_fds(), process.num_threads())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
