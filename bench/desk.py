"""An operator's desk in a real browser, worked with the keyboard: for the test of the whole line, the bench and pictures.

Every method waits for what it says and raises Playwright's TimeoutError when it does not come.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page, WebSocket, sync_playwright

from soc.ops import browser as chromium

WAIT_MS = 30_000
SIZE = {"width": 1366, "height": 768}


@contextmanager
def chrome(*flags: str) -> Iterator[Browser]:
    """A headless browser for as long as the block lasts."""
    options = chromium.launch_options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**{**options, "args": [*options["args"], *flags]})
        try:
            yield browser
        finally:
            browser.close()


def new_page(browser: Browser, **options: Any) -> Page:
    """A page with a session of its own."""
    page = browser.new_context(**{"viewport": SIZE, "color_scheme": "dark", **options}).new_page()
    page.set_default_timeout(WAIT_MS)
    return page


def log_in(page: Page, url: str, username: str, password: str) -> None:
    """Through the form, as a person does."""
    page.goto(f"{url}/login/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda now: "/login" not in now)


class Trouble:
    """Errors that a page met. A request that the page itself broke off is none."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        page.on("pageerror", lambda error: self.said.append(f"page error: {error}"))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.said.append(f"{message.text} ({message.location.get('url', '')})")


class FeedAccount:
    """What the page's own socket was sent: for each audience where it began, and every position since, in order."""

    def __init__(self, page: Page) -> None:
        self.began: dict[str, int] = {}
        self.came: dict[str, list[int]] = {}
        self.gaps: list[str] = []
        self.sockets: list[str] = []
        self.beats = 0
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        if "/ws/feed" in socket.url:
            self.sockets.append(socket.url)
            socket.on("framereceived", self._heard)

    def _heard(self, frame: str | bytes) -> None:
        said = json.loads(frame)
        if said["type"] == "snapshot":
            for audience, head in said["heads"].items():
                self.began.setdefault(audience, head)
                # A later snapshot stands for everything up to its head.
                self._reach(audience, head)
        elif said["type"] == "event":
            self._event(said["audience"], said["prev"], said["seq"])
        elif said["type"] == "beat":
            self.beats += 1

    def _last(self, audience: str) -> int:
        came = self.came.get(audience)
        return came[-1] if came else self.began.get(audience, -1)

    def _reach(self, audience: str, head: int) -> None:
        if head > self._last(audience):
            self.came.setdefault(audience, []).append(head)

    def _event(self, audience: str, prev: int, seq: int) -> None:
        if audience not in self.began or seq <= self._last(audience):
            return
        if prev != self._last(audience):
            self.gaps.append(f"{audience}: {seq} says that {prev} came before it, and that was {self._last(audience)}")
        self.came.setdefault(audience, []).append(seq)

    def missed(self, positions: dict[str, list[int]]) -> list[int]:
        """Of the record's positions for each audience, those that never came."""
        return [
            seq
            for audience, began in self.began.items()
            for seq in positions.get(audience, [])
            if seq > began and seq not in self.came.get(audience, [])
        ]


def begin_shift(page: Page) -> None:
    """On the page that a shift starts from: hear the tones, say that there is no microphone, take on what is open. Where
    the page says why that was not enough (something came up meanwhile), as people do: again, twice at most."""
    page.wait_for_selector("[data-shift-page]")
    for key in "TYX":
        page.keyboard.press(key)
    left, said = page.locator(".take input:not(:checked)"), ""
    for _ in range(3):
        while left.count():
            page.keyboard.press("A")
        page.keyboard.press("Enter")
        found = page.wait_for_selector("body[data-shift=on], [data-shift-page] .begin-go .said:not(:empty)")
        if page.locator("body[data-shift=on]").count():
            return
        said = found.inner_text() if found else ""
    raise AssertionError(f"no shift began: {said}")


class Desk:
    """The console in `page`. Log in first."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.feed = FeedAccount(page)
        self.trouble = Trouble(page)

    # --- the shift

    def sit_down(self) -> None:
        """Open the console and begin a shift, by its keys."""
        self.page.goto(f"{self.url}/console/")
        self.until(lambda: self.feed.began, bool, "the feed's first snapshot")
        start = self.page.get_by_role("heading", name="Start shift to receive incidents")
        if start.is_visible():
            self.page.keyboard.press("Enter")
            begin_shift(self.page)
        else:
            self.page.keyboard.press("Escape")  # a browser begins to sound only after a key
        self.page.wait_for_selector("body[data-shift=on]")
        self.page.wait_for_selector("body[data-sound=on]")

    def wait_quiet(self) -> None:
        self.page.wait_for_selector("[data-quiet]")

    # --- one incident

    def wait_offer(self, timeout_s: float = 60) -> str:
        """Until the next incident lies on the desk by itself; gives its id."""
        pane = self.page.wait_for_selector("#incident[data-offer=yes]", timeout=timeout_s * 1000)
        assert pane is not None
        return str(pane.get_attribute("data-id"))

    def wait_evidence(self) -> str:
        """Until a picture or the clip is drawn; gives which."""
        drawn = """() => {
          const loop = document.querySelector("evidence-loop"), media = loop?.querySelector("img, video");
          return (media?.naturalWidth || media?.videoWidth) ? loop.dataset.kind : "";
        }"""
        return str(self.page.wait_for_function(drawn).json_value())

    def claim(self) -> None:
        self.press("Enter", until="#incident[data-mine=yes] [data-bright] [data-key=R]")

    def decide_real(self) -> None:
        self.press("R", until="#incident[data-state=working]")

    def answer(self, title: str, key: str) -> None:
        """Answer the step that is the bright one by the key that its choice shows."""
        self.bright(title).wait_for()
        self.page.keyboard.press(key)
        self.bright(title).wait_for(state="detached")

    def light(self, title: str) -> None:
        """Enter does the bright step that switches a single light; until it goes out."""
        self.bright(title).wait_for()
        self.page.keyboard.press("Enter")
        self.bright(title).wait_for(state="detached")

    def talk(self, number: int = 1) -> None:
        """T, then the message's number; until it is on its way."""
        voices = self.page.locator(".sent li", has_text="Voice at")
        before = voices.count()
        self.press("T", until="#panel-talk:not([hidden])")
        self.page.keyboard.press(str(number))
        voices.nth(before).wait_for()

    def dispatch(self) -> None:
        """D, held until it is done."""
        sent = self.page.locator(".sent li", has_text="Call to")
        before = sent.count()
        self.page.keyboard.down("D")
        try:
            self.page.wait_for_selector("#panel-send:not([hidden])")
            sent.nth(before).wait_for()
        finally:
            self.page.keyboard.up("D")

    def note(self, text: str) -> None:
        self.press("N", until="#note:focus")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Control+Enter")
        self.page.locator(".notes .kept", has_text=text).wait_for()
        self.page.keyboard.press("Escape")

    def close(self, summary: str, *, outcome: int = 1) -> None:
        """O, the outcome's number, the line for the customer, Enter; until it has left the desk."""
        pane = self.page.get_attribute("#incident", "data-id")
        self.press("O", until="#panel-close:not([hidden])")
        self.press(str(outcome), until="#panel-close input[name=outcome]:checked", state="attached")
        self.press("G", until="#summary:focus")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(summary)
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(f'#incident[data-id="{pane}"]', state="detached")

    # --- small things

    def bright(self, title: str) -> Locator:
        """The one bright block, when this is what it is about."""
        return self.page.locator("[data-bright]", has=self.page.get_by_role("heading", name=title))

    def press(self, key: str, *, until: str, state: Any = "visible") -> None:
        self.page.keyboard.press(key)
        self.page.wait_for_selector(until, state=state)

    def facts(self, incident: str) -> dict[str, Any]:
        """The incident as the API tells this operator."""
        answer = self.page.request.get(f"{self.url}/api/incidents/{incident}")
        assert answer.status == 200, f"the API answered {answer.status} for incident {incident}"
        return dict(answer.json())

    def wait_stamp(self, incident: str, *names: str, timeout_s: float = 45) -> dict[str, Any]:
        """Until the response clock has these stamps; gives the incident."""

        def stamped(facts: dict[str, Any]) -> bool:
            return all(facts["clock"][name] for name in names)

        return self.until(lambda: self.facts(incident), stamped, f"the stamps {', '.join(names)}", timeout_s)

    def until(self, look: Callable[[], Any], good: Callable[[Any], bool], what: str, timeout_s: float = 45) -> Any:
        """Look until it is good, with the page alive in between. Raises AssertionError."""
        limit = time.monotonic() + timeout_s
        while not good(found := look()):
            assert time.monotonic() < limit, f"{what} did not come within {timeout_s:.0f} s"
            self.page.wait_for_timeout(150)
        return found
