"""The line's own figures: how soon an alarm is on a screen, how soon it can be seen, how soon it can be answered aloud."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import datetime

import psutil
from playwright.sync_api import Page

from bench import baselines
from bench.desk import Desk, chrome, log_in, new_page
from bench.figures import Row, p95, spread
from bench.signals import Clerk, Panel, make_panels
from bench.stage import Stage, stage

RUNS, GROUPS, TOGETHER = 3, 6, 4  # as many alarms at a time as the strip shows at once
APART_S = 0.05
INTRUSIONS = 6
ON_SCREEN_MS, EVIDENCE_MS, AUDIO_MS = 500.0, 1000.0, 3000.0

# When each row of the strip was first on the screen: seen by the page itself, two frames after it came.
WATCH = """() => {
  const list = document.getElementById("queue");
  window.onScreen = {};
  const look = () => {
    for (const row of list.querySelectorAll("[data-incident]")) {
      const id = row.dataset.incident;
      if (id in window.onScreen || row.hidden) continue;
      window.onScreen[id] = 0;
      requestAnimationFrame(() => requestAnimationFrame(() => { window.onScreen[id] = Date.now(); }));
    }
  };
  new MutationObserver(look).observe(list, { childList: true, subtree: true, attributes: true });
}"""


def measure(say: Callable[[str], None]) -> list[Row]:
    """All rows of the line, from one product that runs for them alone."""
    with stage(cameras="yard", say=say) as running, chrome() as browser:
        page = new_page(browser)
        log_in(page, running.url, "ines", running.password)
        desk = Desk(page, running.url)
        desk.sit_down()
        desk.wait_quiet()
        rows = [on_a_screen(running, desk, say), *seen_and_answered(running, desk, say)]
        return rows + memory(running)


def cookies(page: Page) -> str:
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies())


# --- accepted → on a screen


def on_a_screen(running: Stage, desk: Desk, say: Callable[[str], None]) -> Row:
    """Each run's 95th percentile, of these the median."""
    runs = alarms_seen(running, desk, say)
    round_trips = baselines.websocket_round_trips(running.url, cookies(desk.page))
    every = [value for run in runs for value in run]
    return Row(
        figure="accepted → on a screen, p95",
        value=statistics.median(map(p95, runs)),
        unit="ms",
        baseline=p95(round_trips),
        against="ping and pong on the same socket, p95",
        goal=ON_SCREEN_MS,
        note=f"from received_at; median of {RUNS} runs' p95 ({', '.join(f'{p95(run):.0f}' for run in runs)}); {spread(every)}",
    )


def alarms_seen(running: Stage, desk: Desk, say: Callable[[str], None]) -> list[list[float]]:
    """Alarms of several panels within a moment, again and again: for each run how long each took to the screen, in ms."""
    panels = make_panels(running, TOGETHER * 2)
    clerk = Clerk(running)
    desk.page.evaluate(WATCH)
    together(panels[:TOGETHER], desk, clerk)  # the first ones load code and templates
    runs: list[list[float]] = []
    for number in range(RUNS):
        took: list[float] = []
        for group in range(GROUPS):
            half = group % 2 * TOGETHER
            took += together(panels[half : half + TOGETHER], desk, clerk)
        say(f"alarms, run {number + 1}: {spread(took)} ms")
        runs.append(took)
    return runs


def together(panels: list[Panel], desk: Desk, clerk: Clerk) -> list[float]:
    """One alarm of each panel, and how long each took from the instant it was received to the screen, in ms."""
    before = set(screen(desk.page))
    for panel in panels:
        panel.raise_alarm()
        time.sleep(APART_S)

    def shown() -> dict[str, float]:
        return {pk: at for pk, at in screen(desk.page).items() if pk not in before and at}

    new = desk.until(shown, lambda found: len(found) == len(panels), "the alarms on the screen", 30)
    took = []
    for pk, at in new.items():
        received = datetime.fromisoformat(clerk.facts(pk)["clock"]["received"])
        took.append(at - received.timestamp() * 1000)
        clerk.park(pk)
    desk.until(lambda: desk.page.locator("#queue .q").count(), lambda rows: rows == 0, "an empty strip", 30)
    return took


def screen(page: Page) -> dict[str, float]:
    return dict(page.evaluate("() => window.onScreen"))


# --- screen → first evidence frame, verdict → first audio


def seen_and_answered(running: Stage, desk: Desk, say: Callable[[str], None]) -> list[Row]:
    """Real people before a real camera, worked by keys without a pause for thought."""
    evidence: list[float] = []
    audio: list[float] = []
    for number in range(INTRUSIONS):
        running.outside.intrude("yard")
        incident = desk.wait_offer()
        desk.wait_stamp(incident, "painted", "evidence_shown")
        desk.claim()
        desk.decide_real()
        desk.talk(1)
        clock = desk.wait_stamp(incident, "audio_sent")["clock"]
        evidence.append(_ms(clock, "painted", "evidence_shown"))
        audio.append(_ms(clock, "verdict", "audio_sent"))
        say(f"intrusion {number + 1}: evidence after {evidence[-1]:.0f} ms, audio after {audio[-1]:.0f} ms")
        # As long as the person is there, what else is seen of them belongs to this incident.
        desk.until(running.outside.empty, bool, "an empty yard", 60)
        picture = desk.page.get_attribute("evidence-loop", "data-poster") or ""
        desk.close("Measured.")
        desk.wait_quiet()
    fetched = baselines.fetches(running.url, cookies(desk.page), picture)
    assert running.world.ports is not None
    handshakes = baselines.backchannel_handshakes(f"rtsp://127.0.0.1:{running.world.ports.rtsp}/yard")
    return [
        Row(
            figure="screen → first evidence frame, p95",
            value=p95(evidence),
            unit="ms",
            baseline=p95(fetched),
            against="the picture fetched from the same server, p95",
            goal=EVIDENCE_MS,
            note=f"{spread(evidence)}; the browser's own stamps",
        ),
        Row(
            figure="verdict → first audio, p95",
            value=p95(audio),
            unit="ms",
            baseline=p95(handshakes),
            against="RTSP handshake of the backchannel, p95",
            goal=AUDIO_MS,
            note=f"{spread(audio)}; keys pressed by a script, 200 ms of sound in the camera's hands",
        ),
    ]


def _ms(clock: dict[str, str], first: str, then: str) -> float:
    return (datetime.fromisoformat(clock[then]) - datetime.fromisoformat(clock[first])).total_seconds() * 1000


# --- memory


def memory(running: Stage) -> list[Row]:
    """Each program with its children, after the work above."""
    empty = baselines.empty_process()
    rows = []
    for name in sorted(running.world.states()):
        family = [
            pid
            for parent in running.world.pids(name)
            for pid in (parent, *(child.pid for child in psutil.Process(parent).children(recursive=True)))
        ]
        note = "one process" if len(family) == 1 else f"{len(family)} processes"
        rows.append(
            Row(f"memory of {name}", baselines.pss(family), "MiB", empty, "a Python that has loaded nothing", note=note)
        )
    return rows
