"""A watch process without cameras, a database or a network: `python -m bench.detect_feed SPACE WORKERS PID…`.

Its threads feed pictures that were decoded before (or are decoded as they go) to the product's own Sight and HandOff, one
thread for each camera, and count. Each line of its input is a question {"do": …}, each line of its output the answer. The
processor time of the PIDs and their children (broker, workers) is counted with its own.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import django
import psutil

ROOT: Final = Path(__file__).parents[1]
FOOTAGE: Final = ROOT / "soc" / "demo" / "footage"
STREET: Final = FOOTAGE / "street.mp4"
KEPT: Final = 80  # decoded pictures of the street
SETTLE_S: Final = 1.0
STILL, FPS = 8, 10  # pictures of an empty scene before somebody appears, at so many a second
GIVE_UP_S: Final = 3.0
_generations = count(1)


def pictures(path: Path, first: int, most: int) -> list[Any]:
    from cameras.vision.pipeline import frames_of

    frames = frames_of(path, started=datetime.now(UTC))
    return [frame.picture for frame in islice(frames, first, first + most)]


def decoded() -> Iterator[Any]:
    """The street's pictures for ever, decoded when they are asked for."""
    from cameras.vision.pipeline import frames_of

    while True:
        for frame in frames_of(STREET, started=datetime.now(UTC)):
            yield frame.picture


class OpenGate:
    """Says that everything moves, at no cost: so much that nothing is worth a closer look."""

    def update(self, luma: Any, monotonic: float) -> Any:
        from cameras.vision.types import Box, Motion

        return Motion(0.5, (Box(0.0, 0.0, 1.0, 1.0),), False, True)


class Beside:
    """In a slot's place: answers every second frame in the same process, at no cost. sparing: the others are not put, as they
    are not where workers cannot keep up.
    """

    name, generation = "beside", 1

    def __init__(self, *, sparing: bool) -> None:
        from cameras.vision.slots import SlotCounts

        self.counts = SlotCounts(0, 0, 0, 0)
        self._sparing = sparing
        self._newest: Any = None
        self._put = self._offered = 0

    def put(self, picture: Any, stamp: Any, **hints: Any) -> None:
        self._put += 1
        self._newest = stamp if self._sparing or self._put % 2 else None

    def take_result(self) -> Any:
        from cameras.vision.slots import SlotResult

        stamp, self._newest = self._newest, None
        return None if stamp is None else SlotResult(stamp, (), 0.0, "", 0)

    def busy(self, monotonic: float) -> bool:
        return False

    def spares(self, captured: float, monotonic: float, *, weight: int, every_s: float) -> bool:
        self._offered += captured == monotonic  # else it is asked about again
        return self._sparing and self._offered % 2 == 0

    def outstanding_s(self, monotonic: float) -> float | None:
        return None

    def request(self, monotonic: float) -> None:
        return None

    def drop_waiting(self) -> int:
        return 0

    def close(self) -> None:
        return


class Loop:
    """In a Sight's place: gate every frame, run the session for every second, and no more. `runs`: for each of them."""

    slot: Any = None

    def __init__(self, runs: float) -> None:
        from cameras.vision.detector import OnnxDetector
        from cameras.vision.motion import MotionGate

        self.counts: Counter[str] = Counter()
        self.gate, self._runs, self._owed = MotionGate(), runs, 0.0
        if not Loop._session:
            detector = OnnxDetector()
            fed = cycle([{detector._input: detector._family.feed(one)[0]} for one in pictures(STREET, 0, 24)])
            Loop._session.append(lambda: detector._session.run(detector._family.outputs, next(fed)))

    _session: list[Any] = []

    def see(self, frame: Any) -> None:
        self.counts["captured"] += 1
        self.gate.update(frame.picture.y, frame.stamp.monotonic)
        if self.counts["captured"] % 2:
            return
        self._owed += self._runs
        while self._owed >= 1:
            Loop._session[0]()
            self._owed -= 1
        self.counts["inferred"] += 1

    def close(self) -> None:
        return


@dataclass
class Run:
    """What all cameras of one question share."""

    hand_off: Any
    stop: threading.Event = field(default_factory=threading.Event)
    ages: list[tuple[float, float]] = field(default_factory=list)  # when answered, how old
    sights: list[Any] = field(default_factory=list)


def make_sight(
    run: Run, gate: Any = None, *, listen: Callable[[Any], None] | None = None, beside: Beside | None = None
) -> Any:
    """A camera of one zone, armed, whose answers are taken as in the product."""
    from cameras.actions import Standing
    from cameras.context.policy import read
    from cameras.vision.address import Credentials
    from cameras.vision.slots import SlotResult, SlotWriter
    from cameras.vision.types import ZoneShape
    from cameras.watching.plan import Plan
    from cameras.watching.sight import Seen, Sight

    class Noted(Sight):
        def _answered(self, result: SlotResult) -> list[Seen]:
            now = time.monotonic()
            if not result.stale:
                run.ages.append((now, now - result.stamp.monotonic))
            return super()._answered(result)

    always = [{"day": day, "from": "00:00", "to": "00:00"} for day in range(7)]
    armed = Standing(read({"schedule": {"week": always}}, time_zone="UTC", version="bench"))
    zone = ZoneShape.whole_picture(dwell_s=0.0)
    plan = Plan(uuid4(), uuid4(), "fed", "rtsp://127.0.0.1/fed", Credentials("", ""), (zone,), armed)
    if beside is not None:
        return Noted(plan, beside, ask=run.hand_off.ask, blind_after_s=3.0, gate=gate)  # type: ignore[arg-type]
    slot = SlotWriter(
        plan.camera_id.hex, generation=next(_generations), space=sys.argv[1], max_width=1280, max_height=720
    )
    sight = Noted(plan, slot, ask=run.hand_off.ask, blind_after_s=3.0, gate=gate)

    def take() -> None:
        for seen in sight.answers(time.monotonic()):
            if listen is not None:
                listen(seen)

    run.hand_off.listen(slot.name, take)
    return sight


def end(run: Run, sight: Any) -> None:
    if sight.slot is not None:
        run.hand_off.listen(sight.slot.name, None)
    sight.close()


def frame_of(number: int, picture: Any) -> Any:
    from cameras.vision.ingest import Frame
    from cameras.vision.types import FrameStamp

    at = datetime.now(UTC)
    return Frame(FrameStamp(number, at, at, time.monotonic()), picture, False)


def one_camera(sight: Any, source: Iterator[Any], stop: threading.Event, *, first: float, fps: float) -> None:
    """Feeds a camera's pictures on time; what it could not deal with in time it drops, as a camera would."""
    due = first
    for number in count():
        late = time.monotonic() - due
        if late > 1 / fps:
            due += int(late * fps) / fps
        time.sleep(max(due - time.monotonic(), 0.0))  # to wait for `stop` instead costs more than to hand a frame over
        if stop.is_set():
            return
        due += 1 / fps
        picture = next(source)
        sight.see(frame_of(number, picture))


def feed(
    run: Run, street: list[Any], processes: list[psutil.Process], question: dict[str, Any], *, alone: bool = False
) -> dict[str, Any]:
    """Many cameras for some seconds; the first moments are not counted."""
    cameras, fps, seconds = int(question["cameras"]), float(question["fps"]), float(question["seconds"])
    real = question.get("source") == "decode"
    began = time.monotonic() + 0.1
    if runs := question.get("runs"):
        run.sights = [Loop(runs) for _ in range(cameras)]
    else:
        run.sights = [
            make_sight(run, None if real else OpenGate(), beside=Beside(sparing=cameras > 1) if alone else None)
            for _ in range(cameras)
        ]
    threads = [
        threading.Thread(
            target=one_camera,
            args=(sight, decoded() if real else cycle(street[n % 7 :] + street[: n % 7]), run.stop),
            kwargs={"first": began + n / cameras / fps, "fps": fps},
        )
        for n, sight in enumerate(run.sights)
    ]
    for thread in threads:
        thread.start()
    time.sleep(SETTLE_S)
    family = family_of(processes)
    before, at, spent, others = totals(run), time.monotonic(), time.process_time(), cpu_of(family)
    time.sleep(seconds)
    after, until = totals(run), time.monotonic()
    answer = {
        "feeder_s": time.process_time() - spent,
        "others_s": cpu_of(family) - others,
        "seconds": until - at,
        "counts": dict(after - before),
    }
    run.stop.set()
    for thread in threads:
        thread.join(5)
    for sight in run.sights:
        end(run, sight)
    ages = sorted(age for when, age in run.ages if at <= when <= until)
    shares = sorted(sight.counts["inferred"] for sight in run.sights)
    return answer | {
        "oldest_s": ages[-1] if ages else 0.0,
        "median_age_s": statistics.median(ages) if ages else 0.0,
        "least": shares[0] if shares else 0,
        "most": shares[-1] if shares else 0,
    }


def totals(run: Run) -> Counter[str]:
    total: Counter[str] = Counter()
    for sight in run.sights:
        total.update(Counter(sight.counts))
    return total


def family_of(processes: list[psutil.Process]) -> list[psutil.Process]:
    """These and all their children: looked for before anything is counted, since on a large machine that takes a while."""
    return [one for process in processes for one in (process, *process.children(recursive=True))]


def cpu_of(processes: list[psutil.Process]) -> float:
    """Processor seconds of these."""
    return float(sum(sum(one.cpu_times()[:2]) for one in processes))


def appear(run: Run, empty: list[Any], person: list[Any], seconds: float) -> dict[str, Any]:
    """Somebody is in the picture from one frame to the next, again and again before one camera: how long until there is a
    candidate, in ms from when the first such frame was captured.
    """
    took: list[float] = []
    missed = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done = threading.Event()
        moments: list[float] = []

        def note(_: Any, moments: list[float] = moments, done: threading.Event = done) -> None:
            moments.append(time.monotonic())
            done.set()

        sight = make_sight(run, listen=note)
        began = time.monotonic()
        appeared = 0.0
        for number, picture in enumerate([*empty[:STILL], *cycle_of(person)]):
            done.wait(max(began + number / FPS - time.monotonic(), 0.0))
            if done.is_set() or time.monotonic() - began > STILL / FPS + GIVE_UP_S:
                break
            frame = frame_of(number, picture)
            if number == STILL:
                appeared = frame.stamp.monotonic
            if sight.see(frame)[0]:
                note(None)
        end(run, sight)
        if moments:
            took.append(1000 * (moments[0] - appeared))
        else:
            missed += 1
    return {"took": took, "missed": missed}


def cycle_of(person: list[Any]) -> list[Any]:
    return list(islice(cycle(person), int(FPS * (GIVE_UP_S + 2))))


def runs_per_frame(seconds: float) -> float:
    """How often the product's detector runs its session for an inferred frame of the street, closer looks included: in just
    those seconds of it that `feed` counts, since what moves, and what the gate knows of the scene, changes with time.
    """
    from cameras.vision.detector import OnnxDetector
    from cameras.vision.motion import MotionGate
    from cameras.vision.pipeline import frames_of

    class Counted:
        runs = 0

        def __init__(self, session: Any) -> None:
            self.session = session

        def run(self, *arguments: Any) -> Any:
            self.runs += 1
            return self.session.run(*arguments)

    detector, gate = OnnxDetector(), MotionGate()
    detector._session = counted = Counted(detector._session)
    looked = 0
    first, last = int(SETTLE_S * FPS), int((SETTLE_S + seconds) * FPS)
    for number, frame in enumerate(islice(frames_of(STREET, started=datetime.now(UTC)), last)):
        motion = gate.update(frame.picture.y, number / FPS)
        if number >= first and motion.active:
            detector.detect(frame.picture, motion=motion.boxes)
            looked += 1
    return counted.runs / max(looked, 1)


def main() -> None:
    django.setup()
    from cameras.watching.canary import workers_answer
    from cameras.watching.hand_off import HandOff, send
    from cameras.watching.loaded import keep_what_is_loaded

    space, workers = sys.argv[1], int(sys.argv[2])
    processes = [psutil.Process(int(pid)) for pid in sys.argv[3:]]
    sent: Counter[str] = Counter()

    def counted(refs: Any, ticket: int) -> None:
        sent["messages"] += 1
        send(refs, ticket)

    hand_off = HandOff(space, workers=workers, send=counted)
    hand_off.start()
    awake = workers_answer(hand_off.ask, space, within_s=60.0, stop=threading.Event())
    street = pictures(STREET, 0, KEPT)
    empty = pictures(FOOTAGE / "empty.mp4", 0, STILL)
    keep_what_is_loaded()
    print(json.dumps({"awake": awake}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        run, told = Run(hand_off), sent["messages"]
        match question["do"]:
            case "feed":
                answer = feed(run, street, processes, question)
            case "alone":
                answer = feed(run, street, processes, question, alone=True)
            case "appear":
                first = int(question["first"])
                person = pictures(FOOTAGE / "intrusion_a.mp4", first, 40)
                answer = gathered(partial(appear, run, empty, person, float(question["seconds"])), question["cameras"])
            case "runs":
                answer = {"runs": runs_per_frame(float(question["seconds"]))}
            case other:
                raise ValueError(f"no such question: {other}")
        print(json.dumps(answer | {"messages": sent["messages"] - told}), flush=True)
    hand_off.stop()


def gathered(work: Callable[[], dict[str, Any]], times: int) -> dict[str, Any]:
    """The same on several threads at once, their answers together."""
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(work())) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = [value for answer in answers for value in answer["took"]]
    return {"took": took, "missed": sum(answer["missed"] for answer in answers)}


if __name__ == "__main__":
    main()
