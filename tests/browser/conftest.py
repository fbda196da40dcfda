"""The real thing under a real browser: the web process and the spine beside a database that is emptied after each test."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from incidents import actions
from soc.core import clock, events
from soc.core.models import Event, User
from soc.ops import browser as chromium
from soc.ops.paths import CHECKOUT
from soc.ops.test import NOWHERE
from tests import factories as make
from tests.browser import forks
from tests.browser.axe import violations

# Playwright's own loop runs in this thread; the rows are still made by ordinary synchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
expect.set_options(timeout=20_000)
READY_S = 40.0
DESK = {"width": 1366, "height": 768}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    """One browser for these tests, and gone after them: while it is there, no test of asyncio can run in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.launch_options())
        yield browser
        browser.close()


@dataclass(frozen=True)
class Place:
    """What all products of these tests share, one after the other."""

    port: int
    evidence: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def place(django_db_setup, tmp_path_factory) -> Place:
    """Where web and spine will be, told to the process that they are forked from."""
    made = Place(free_port(), tmp_path_factory.mktemp("evidence"))
    forks.prepare(
        {
            "DATABASE_URL": database_url_of_this_test(),
            "PUBLIC_URL": made.url,
            "EVIDENCE_OPTIONS": json.dumps({"location": str(made.evidence)}),
            "LOG_LEVEL": "WARNING",
            "UNDO_S": "30",  # a loaded machine may take longer than eight seconds to paint an answer
        }
    )
    return made


@pytest.fixture(autouse=True)
def evidence_in_a_folder_of_its_own(settings, place) -> Iterator[None]:
    """The folder that web and spine read as well, empty for each test."""
    kept = {**settings.STORAGES["evidence"], "OPTIONS": {"location": str(place.evidence)}}
    settings.STORAGES = {**settings.STORAGES, "evidence": kept}
    yield
    shutil.rmtree(place.evidence)
    place.evidence.mkdir()


@pytest.fixture
def on_shift(alice, organisation) -> None:
    """Alice has sat down."""
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())


@dataclass
class Live:
    """A running product. `log_in` gives a page of its own context, already logged in."""

    url: str
    folder: Path
    chrome: Browser
    contexts: list[BrowserContext]
    processes: dict[str, BaseProcess]
    start: Callable[[str], None]

    def log_in(self, user: User, path: str = "/", **options: Any) -> Page:
        """A page whose session is this user's; the log-in form has a test of its own."""
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        page = self.page(**options)
        value = client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": value, "url": self.url, "httpOnly": True}])
        page.goto(self.url + path)
        return page

    def page(self, **options: Any) -> Page:
        context = self.chrome.new_context(**{"viewport": DESK, "color_scheme": "dark", **options})
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.trouble.append(f"page error: {error.stack or error}"))
        page.on("console", lambda said: said.type == "error" and self.trouble.append(f"{said.text} {said.location}"))
        return page

    @property
    def trouble(self) -> list[str]:
        """Errors that pages met: a test that expects none asserts that this is empty."""
        return self.__dict__.setdefault("_trouble", [])

    def stop(self, name: str) -> None:
        end(self.processes.pop(name))


@pytest.fixture
def live(transactional_db, chrome, place, tmp_path) -> Iterator[Live]:
    """Web and spine of this test alone, beside a fresh database."""
    processes: dict[str, BaseProcess] = {}

    def start(name: str) -> None:
        log = tmp_path / f"{name}.log"
        processes[name] = forks.start(name, place.port, log)
        if name == "web":
            wait_for(place.url, processes["web"], log)

    try:
        start("spine")
        start("web")
        wait_for_spine(tmp_path / "spine.log")
        running = Live(place.url, tmp_path, chrome, [], processes, start)
        yield running
        for context in running.contexts:
            context.close()
    finally:
        for process in processes.values():
            end(process)


def end(process: BaseProcess) -> None:
    """By SIGKILL, as a power cut would."""
    process.kill()
    process.join(10)
    assert process.exitcode is not None


# Of a picture's name, what the same state is not asked again for: axe looks at both themes, and a wider desk shows no more.
LOOK = re.compile(r"-(dark|light|full|1920)(?=-|$)")


@pytest.fixture(scope="session")
def asked() -> set[str]:
    """The states whose accessibility was asked for."""
    return set()


@pytest.fixture
def screenshot(asked: set[str]) -> Callable[..., None]:
    """Keep a picture of the page in $SCREENSHOTS (var/screenshots; the whole suite keeps none, unless it is told where), with
    `light` another one in the other theme. A state that is worth a picture must leave nobody out: it is asked for once, by its
    name, or as `state` where pages differ only in what no rule asks for."""
    folder = Path(os.environ.get("SCREENSHOTS") or CHECKOUT / "var" / "screenshots")

    def take(page: Page, name: str, full: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=full)

    def keep(page: Page, name: str, *, full: bool = False, light: bool = False, state: str = "") -> None:
        if str(folder) != NOWHERE:
            take(page, name, full)
            if light:
                page.emulate_media(color_scheme="light")
                take(page, name.replace("-dark", "-light"), full)
                page.emulate_media(color_scheme="dark")
        state = state or LOOK.sub("", name)
        if state not in asked:
            asked.add(state)
            assert violations(page) == []

    return keep


# From now on every tone that is played is noted by its pitch, and when the last one was.
LISTEN = """() => {
  window.heard = [];
  const make = BaseAudioContext.prototype.createOscillator;
  BaseAudioContext.prototype.createOscillator = function () {
    const tone = make.call(this), start = tone.start.bind(tone);
    tone.start = (at) => { window.heard.push(tone.frequency.value); window.heardAt = performance.now(); start(at); };
    return tone;
  };
}"""
URGENT = [660, 880, 1175]  # three rising bursts every two seconds


def until(page: Page, condition: str | Callable[[], object], *, seconds: float = 20) -> None:
    """Wait until a JavaScript expression holds, or what is asked on this side of the page. (Playwright's own wait_for_function
    needs eval, which our pages forbid.)"""
    limit = time.monotonic() + seconds
    while not (page.evaluate(condition) if isinstance(condition, str) else condition()):
        assert time.monotonic() < limit, f"never came true: {condition}"
        page.wait_for_timeout(100)


def database_url_of_this_test() -> str:
    """The address of the database that this test writes to."""
    given = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(given._replace(path=f"/{django_settings.DATABASES['default']['NAME']}"))


def wait_for_spine(log: Path) -> None:
    """Nothing reaches a page before the spine seals it."""
    with transaction.atomic():
        event = events.record("bench.ready", make.make_organisation("Test bench"), by=None, at=clock.now())
    limit = time.monotonic() + READY_S
    while Event.objects.filter(pk=event.pk, seq=None).exists():
        if time.monotonic() > limit:
            raise RuntimeError(f"the spine did not come up:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def free_port() -> int:
    """A port below the ephemeral range that nobody listens on now."""
    for port in range(20_000 + os.getpid() % 8_000, 32_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("no free port")


def wait_for(url: str, process: BaseProcess, log: Path) -> None:
    limit = time.monotonic() + READY_S
    while time.monotonic() < limit:
        if not process.is_alive():
            break
        try:
            if httpx.get(f"{url}/healthz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the web process did not come up:\n{log.read_text()[-2000:]}")
