"""`make screenshots`: pictures of the running product, into docs/pictures. A person really enters the yard."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from bench.desk import Desk, chrome, log_in, new_page
from bench.palette import with_palette
from bench.stage import Stage, stage
from soc.ops.paths import CHECKOUT

PICTURES = CHECKOUT / "docs" / "pictures"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SMALL, LARGEST = 150_000, 400_000  # bytes of one picture
MANNERS = ("--auto-answer", "3", "--auto-press", "1", "--first", "86400")


class Album:
    """Where the pictures go."""

    def __init__(self, folder: Path, began: float) -> None:
        self.folder, self.began = folder, began
        self.kept: list[Path] = []

    def say(self, words: str) -> None:
        print(f"[{time.monotonic() - self.began:6.1f} s] {words}", flush=True)

    def keep(self, page: Page, name: str, **options: Any) -> None:
        """Picture the page as it is, once its fonts are there and nothing moves any more."""
        page.evaluate("() => document.fonts.ready.then(() => true)")
        page.wait_for_timeout(400)
        path = self.folder / f"{name}.png"
        picture = page.screenshot(animations="disabled", **options)
        path.write_bytes(picture if len(picture) <= SMALL else with_palette(picture))
        self.kept.append(path)
        self.say(f"{path.name}, {path.stat().st_size // 1000} kB")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--to", type=Path, default=PICTURES)
    folder = parser.parse_args(arguments).to
    folder.mkdir(parents=True, exist_ok=True)
    album = Album(folder, time.monotonic())
    with stage(manners=MANNERS, say=album.say) as running, chrome() as browser:
        incident = console(running, browser, album)
        portal(running, browser, album, incident)
        admin(running, browser, album)
    heavy = [path.name for path in album.kept if path.stat().st_size > LARGEST]
    if heavy:
        print(f"over {LARGEST // 1000} kB: {', '.join(heavy)}")
    return 1 if heavy else 0


def console(running: Stage, browser: Browser, album: Album) -> str:
    """The desk of a specialist through a night; gives the id of its incident."""
    page = new_page(browser)
    log_in(page, running.url, "ines", running.password)
    desk = Desk(page, running.url)
    desk.sit_down()
    desk.wait_quiet()
    album.keep(page, "console-quiet-dark")
    running.outside.intrude()
    incident = desk.wait_offer()
    page.wait_for_selector("evidence-loop[data-kind=clip] video")
    live(page)
    album.keep(page, "console-offer-dark")
    desk.claim()
    album.keep(page, "console-incident-dark")
    desk.decide_real()
    desk.press("T", until="#panel-talk:not([hidden])")
    album.keep(page, "console-talk-dark")
    page.keyboard.press("Escape")
    desk.talk(1)
    desk.wait_stamp(incident, "audio_sent")
    desk.dispatch()
    desk.wait_stamp(incident, "call_placed")
    phones(running, browser, album)
    desk.wait_stamp(incident, "responder_accepted")
    in_light(page, "console-incident-light", album)
    page.set_viewport_size({"width": 390, "height": 844})
    album.keep(page, "console-390-dark")
    page.set_viewport_size({"width": 1366, "height": 768})
    desk.note("Dark jacket, alone. Came over the fence and left by the gate.")
    desk.close("A person climbed the fence. We spoke to them and sent a guard; they left by the gate.")
    return incident


def live(page: Page) -> None:
    page.wait_for_function("() => Number(document.querySelector('camera-view.large')?.dataset.frames ?? 0) > 2")


def in_light(page: Page, name: str, album: Album) -> None:
    page.emulate_media(color_scheme="light")
    album.keep(page, name)
    page.emulate_media(color_scheme="dark")


def phones(running: Stage, browser: Browser, album: Album) -> None:
    """The simulated telephones, one of them called."""
    page = new_page(browser, viewport={"width": 900, "height": 560}, color_scheme="light")
    page.goto(f"{running.outside.url}/")
    page.get_by_text("0101").first.wait_for()
    album.keep(page, "phones")
    page.context.close()


def portal(running: Stage, browser: Browser, album: Album, incident: str) -> None:
    for scheme in ("light", "dark"):
        page = new_page(browser, **{**PHONE, "color_scheme": scheme})
        log_in(page, running.url, "dana", running.password)
        page.locator("[data-hero] img").wait_for()
        album.keep(page, f"portal-home-{scheme}")
        page.set_viewport_size({"width": 390, "height": 1240})  # all of it, with its bar at the bottom where it belongs
        page.goto(f"{running.url}/portal/incidents/{incident}")
        page.locator("#clip video").evaluate(
            "video => { video.muted = true; return video.play().then(() => video.pause()); }"
        )
        album.keep(page, f"portal-incident-{scheme}")
        page.context.close()


def admin(running: Stage, browser: Browser, album: Album) -> None:
    page = new_page(browser, color_scheme="light")
    log_in(page, running.url, "petra", running.password)
    page.goto(f"{running.url}/admin/")
    album.keep(page, "admin-light")
    page.goto(f"{running.url}/admin/cameras/camera/")
    page.locator("#result_list tbody th a").first.click()
    album.keep(page, "admin-camera-light")
    page.context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
