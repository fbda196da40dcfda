"""What it costs to have frames looked at elsewhere, how many are, how old they get, and how soon there is a candidate.

Real Celery workers and a throw-away broker; the cameras are threads that feed pictures into the product's own Sight. Each
figure is the median of five rounds, and its baseline was measured in turn with it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Final

from bench.detect_floor import FIELD_KEY, SPENDS_S, WORKERS, Asked, asked, floor
from bench.figures import Row

ROUNDS: Final = 5
SECONDS: Final = 2.0
FPS: Final = 5.0  # as often as a camera is looked at
LEAST_CAMERAS, TRIAL_CAMERAS = 16, 64
OVERLOAD: Final = 2.0
CONFIRM, CONFIRM_MS = 3, 200.0  # so many looks make a track certain, and a zone counts those before
APPEAR_CAMERAS, APPEAR_S, APPEAR_AT = 2, 5.0, 60
MOST_HAND_OFF_MS, MOST_OVER_BARE, LEAST_RATE, OLDEST_MS = 0.3, 1.10, 0.9, 1000.0
MOST_CANDIDATE_MS: Final = CONFIRM * CONFIRM_MS + 150.0

Say = Callable[[str], None]


def measure(say: Say) -> list[Row]:
    with floor("bench.detect_idle") as feeder:
        rows = hand_off(feeder, say)
    environment = {"DJANGO_SETTINGS_MODULE": "soc.settings", "SECRET_KEY": "measured", "FIELD_KEY": FIELD_KEY}
    with ExitStack() as stack:
        feeder = stack.enter_context(floor())
        bare = [stack.enter_context(asked("bench.detect_bare", environment=environment)) for _ in range(WORKERS)]
        rate, rows_of_overload = overload(feeder, bare, say)
        rows += rows_of_overload
        rows.append(pipeline(feeder, rate, say))
        rows.append(candidates(feeder, say))
    return rows


def hand_off(feeder: Asked, say: Say) -> list[Row]:
    """With a detector that spends a known time, what remains beside it and beside the camera's own work."""
    trial = feeder.ask(do="feed", cameras=TRIAL_CAMERAS, fps=FPS, seconds=SECONDS)
    cameras = cameras_for(inferred(trial) / trial["seconds"])
    many = [beside(feeder, cameras) for _ in range(ROUNDS)]
    one = [beside(feeder, 1) for _ in range(3)]
    say(f"hand-off with {cameras} cameras: {listed(many)}; with one: {listed(one)} ms")
    how = f"{WORKERS} workers, {cameras} cameras that want {OVERLOAD:.0f} × what can be done; {of(many)}"
    return [
        Row("hand-off CPU per inferred frame at saturation", median(many), "ms", goal=MOST_HAND_OFF_MS, note=how),
        Row(
            "hand-off CPU per inferred frame of one camera",
            median(one),
            "ms",
            note=f"about one message a second; {of(one)}",
        ),
    ]


def beside(feeder: Asked, cameras: int) -> float:
    """ms of all processes for each inferred frame, less the detector's and what the same Sight spends without workers."""
    alone = feeder.ask(do="alone", cameras=cameras, fps=FPS, seconds=SECONDS)
    own_s = alone["feeder_s"] / alone["counts"]["captured"]
    run = feeder.ask(do="feed", cameras=cameras, fps=FPS, seconds=SECONDS)
    spent = run["feeder_s"] + run["others_s"] - own_s * run["counts"]["captured"]
    return float(1000 * (spent / inferred(run) - SPENDS_S))


def overload(feeder: Asked, bare: Sequence[Asked], say: Say) -> tuple[float, list[Row]]:
    """Twice what saturates: how much gets done beside bare processes, and how old it is. Gives the bare rate as well."""
    rates, ratios, costs, oldest, shares = [], [], [], [], []
    for _ in range(ROUNDS):
        for one in bare:
            one.tell(seconds=SECONDS)
        answers = [one.answer() for one in bare]
        rates.append(sum(answer["frames"] / answer["seconds"] for answer in answers))
        run = feeder.ask(do="feed", cameras=cameras_for(rates[-1]), fps=FPS, seconds=SECONDS)
        ratios.append(inferred(run) / run["seconds"] / rates[-1])
        bare_ms = 1000 * sum(a["cpu_s"] for a in answers) / sum(a["frames"] for a in answers)
        costs.append(1000 * (run["feeder_s"] + run["others_s"]) / inferred(run) / bare_ms)
        oldest.append(1000 * run["oldest_s"])
        shares.append(run["least"] / max(run["most"], 1))
    rate = median(rates)
    say(f"bare {listed(rates)} frames/s; ours over bare {listed(ratios)}; oldest {listed(oldest)} ms")
    say(f"CPU per frame over bare {listed(costs)}; the least served camera over the most {listed(shares)}")
    return rate, [
        Row(
            "inferred frames/s at saturation over bare processes",
            median(ratios),
            "×",
            1.0,
            f"{WORKERS} bare processes, {rate:.0f} frames/s",
            LEAST_RATE,
            f"{of(ratios)}; CPU per frame over theirs {median(costs):.2f}",
            at_least=True,
        ),
        Row(
            "age of the oldest frame inferred at twice the load that saturates",
            median(oldest),
            "ms",
            goal=OLDEST_MS,
            note=f"until its answer is taken; {of(oldest)}; least over most served camera {median(shares):.2f}",
        ),
    ]


def pipeline(feeder: Asked, rate: float, say: Say) -> Row:
    """All that is spent for an inferred frame, decoding included, over threads that decode, gate and run the session as
    often: at half of what saturates, so that both do the same.
    """
    runs = feeder.ask(do="runs", seconds=SECONDS)["runs"]
    cameras = max(2, round(rate / runs / FPS / 2))
    ours_ms: list[float] = []
    bare_ms: list[float] = []
    for _ in range(ROUNDS):
        for took, more in ((bare_ms, {"runs": runs}), (ours_ms, {})):
            run = feeder.ask(do="feed", cameras=cameras, fps=2 * FPS, seconds=SECONDS, source="decode", **more)
            took.append(1000 * (run["feeder_s"] + run["others_s"]) / inferred(run))
    ratios = [ours / bare for ours, bare in zip(ours_ms, bare_ms, strict=True)]
    say(f"per inferred frame: ours {listed(ours_ms)}, bare {listed(bare_ms)} ms; {runs:.2f} runs each")
    return Row(
        "pipeline CPU per inferred frame over decode + gate + session.run",
        median(ratios),
        "×",
        1.0,
        f"a bare loop, {median(bare_ms):.1f} ms",
        MOST_OVER_BARE,
        f"{cameras} cameras of 768×576 at 10 fps, {runs:.2f} runs a frame, pre- and post-processing in ours; {of(ratios)}",
    )


def candidates(feeder: Asked, say: Say) -> Row:
    """Somebody is there from one frame to the next: until there is a candidate."""
    took: list[float] = []
    missed = 0
    for _ in range(ROUNDS):
        answer = feeder.ask(do="appear", cameras=APPEAR_CAMERAS, seconds=APPEAR_S, first=APPEAR_AT)
        took += answer["took"]
        missed += answer["missed"]
    ordered = sorted(took) or [math.inf]
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1]
    say(
        f"frame captured → candidate: median {statistics.median(ordered):.0f}, p99 {p99:.0f} ms of {len(took)}, {missed} missed"
    )
    return Row(
        "frame captured → candidate, p99",
        p99,
        "ms",
        goal=MOST_CANDIDATE_MS,
        note=f"from the first frame somebody is in, {CONFIRM} looks {CONFIRM_MS:.0f} ms apart; n {len(took)}, "
        f"median {statistics.median(ordered):.0f}, {missed} without",
    )


def cameras_for(rate: float) -> int:
    """So many that they want OVERLOAD times as much as can be done."""
    return max(LEAST_CAMERAS, round(OVERLOAD * rate / FPS))


def inferred(run: dict[str, Any]) -> int:
    count = int(run["counts"].get("inferred", 0))
    if not count:
        raise RuntimeError("the workers looked at nothing")
    return count


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def of(values: Sequence[float]) -> str:
    return f"n {len(values)}, {min(values):.2f} to {max(values):.2f}"
