"""What a person sees and when, in a real browser: an alert on the screen, a key's effect, the first picture of what is opened."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from playwright.sync_api import Page

from bench import baselines
from bench.console_flow import ask
from bench.desk import Desk, chrome, log_in, new_page
from bench.figures import Row, p95, spread
from bench.line import alarms_seen, cookies
from bench.stage import Stage

ARRIVALS, RUNS = 8, 3
PAINTED_MS, KEY_MS, EVIDENCE_MS = 500.0, 100.0, 1000.0
# Of a key and what is there when it has been obeyed; the first goes to the centre and back.
KEYS: Final = (
    ("Enter", "#incident[data-mine=yes]"),
    ("f", "#panel-false:not([hidden])"),
    ("p", "#panel-park:not([hidden])"),
)  # fmt: skip

# From a key's own time until two frames after what it asks for is there; and when the first picture of each incident was.
WATCH: Final = """() => {
  performance.clearResourceTimings();  // a full account takes in nothing more
  performance.setResourceTimingBufferSize(100000);
  window.keyed = (key, selector) => {
    window.took = new Promise((done) => {
      const pressed = (event) => {
        if (event.key !== key) return;
        removeEventListener("keydown", pressed, true);
        const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - event.timeStamp)));
        const seen = new MutationObserver(() => { if (document.querySelector(selector)) { seen.disconnect(); drawn(); } });
        seen.observe(document.body, { subtree: true, childList: true, attributes: true });
      };
      addEventListener("keydown", pressed, true);
    });
  };
  window.pictures = {};
  document.getElementById("desk").addEventListener("shown", ({ target }) => {
    if (target.matches?.("evidence-loop")) window.pictures[document.querySelector("#incident").dataset.id] ??= performance.now();
  }, true);
}"""
# From the first question for the incident's pane, not the reports of its row, to its first picture, ms; null before there is one.
OPENED: Final = """(id) => {
  const asked = performance.getEntriesByType("resource").find((entry) => entry.name.endsWith(`/console/incidents/${id}/`));
  return window.pictures[id] && asked ? window.pictures[id] - asked.startTime : null;
}"""
PARK: Final = """async (id) => {
  const form = new FormData();
  const token = document.querySelector('#incident input[name="token"]').value;
  for (const [name, value] of Object.entries({ token, reason: "Measured", minutes: "25" })) form.set(name, value);
  form.set("csrfmiddlewaretoken", document.body.dataset.csrf);
  const headers = { "X-Requested-With": "fetch" };
  return (await fetch(`/console/incidents/${id}/park/`, { method: "POST", body: form, headers })).status;
}"""


def measure(running: Stage, say: Callable[[str], None]) -> list[Row]:
    """Three rows, each the worst run's 95th percentile."""
    ask(running, "clear")
    with chrome() as browser:
        page = new_page(browser)
        log_in(page, running.url, "ines", running.password)
        desk = Desk(page, running.url)
        desk.sit_down()
        desk.wait_quiet()
        painted = alarms_seen(running, desk, say)
        page.evaluate(WATCH)
        keys: list[list[float]] = []
        pictures: list[list[float]] = []
        for number in range(RUNS):
            worked = _work(running, desk)
            keys.append(worked[0])
            pictures.append(worked[1])
            say(f"browser, run {number + 1}: keys {spread(keys[-1])}; pictures {spread(pictures[-1])} ms")
        bare = baselines.websocket_round_trips(running.url, cookies(page))
        picture = page.get_attribute("evidence-loop", "data-url") if page.locator("evidence-loop").count() else ""
        fetched = baselines.fetches(running.url, cookies(page), picture or "/static/nightdesk.css")
    return [
        _row(
            "alert committed → painted in a browser, p95",
            painted,
            bare,
            "ping and pong on the same socket, p95",
            PAINTED_MS,
        ),
        _row("key → paint, p95", keys, bare, "ping and pong on the same socket, p95", KEY_MS),
        _row("open → first evidence frame, p95", pictures, fetched, "a file of the same server, p95", EVIDENCE_MS),
    ]


def _row(figure: str, runs: list[list[float]], bare: list[float], against: str, goal: float) -> Row:
    each = ", ".join(f"{p95(run):.0f}" for run in runs)
    note = f"worst of {len(runs)} runs ({each}); {spread([value for run in runs for value in run])}"
    return Row(figure, max(map(p95, runs)), "ms", p95(bare), against, goal, note)


def _work(running: Stage, desk: Desk) -> tuple[list[float], list[float]]:
    """What comes is opened by itself, claimed, and parked again: keys' and pictures' times, ms."""
    keys: list[float] = []
    pictures: list[float] = []
    page = desk.page
    for _ in ask(running, "arrivals", ARRIVALS):
        incident = desk.wait_offer()
        pictures.append(desk.until(partial(page.evaluate, OPENED, incident), bool, "the first picture", 30))
        for key, there in KEYS:
            keys.append(_press(page, key, there))
        page.keyboard.press("Escape")
        status = page.evaluate(PARK, incident)
        if status != 200:
            raise RuntimeError(f"parking was answered {status}")
        page.wait_for_selector(f'#incident[data-id="{incident}"][data-mine=yes]', state="detached")
    return keys, pictures


def _press(page: Page, key: str, there: str) -> float:
    page.evaluate("([key, there]) => window.keyed(key, there)", [key, there])
    page.keyboard.press(key)
    return float(page.evaluate("() => window.took"))
