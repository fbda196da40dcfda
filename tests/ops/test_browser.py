"""The browser of the tests shows pages and can all that the console asks of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from soc.ops import browser
from soc.ops.paths import CHECKOUT

ABILITIES = """async () => ({
  secure: isSecureContext,
  mse: MediaSource.isTypeSupported('video/mp4; codecs="avc1.64001f,mp4a.40.2"'),
  play: document.createElement('video').canPlayType('video/mp4; codecs="avc1.42E01E,mp4a.40.2"'),
  decode: (await VideoDecoder.isConfigSupported({codec: 'avc1.42E01E'})).supported,
  worklet: 'AudioWorklet' in window,
  microphone: (await navigator.mediaDevices.getUserMedia({audio: true})).getAudioTracks().length,
  sound: await new Promise((done) => { const c = new AudioContext(); c.resume().then(() => done(c.state)) }),
})"""
PAGE = '<html lang="en"><title>Night</title><body style="background:#123456"><p style="font-size:64px">Night</p>'


@pytest.mark.browser
@pytest.mark.parametrize("system", [browser.SYSTEM, Path("/nowhere")], ids=["preferred", "packaged"])
def test_it_shows_a_page_and_has_video_sound_and_a_microphone(system, tmp_path):
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(**browser.launch_options(system=system))
        try:
            page = opened.new_page(viewport={"width": 320, "height": 160})
            page.route("**/*", lambda route: route.fulfill(content_type="text/html", body=PAGE))
            page.goto("http://127.0.0.1/")
            assert page.evaluate(ABILITIES) == {
                "secure": True,
                "mse": True,
                "play": "probably",
                "decode": True,
                "worklet": True,
                "microphone": 1,
                "sound": "running",
            }
            box = page.get_by_text("Night").bounding_box()
            assert box is not None
            assert box["width"] > 200
            picture = page.screenshot(path=tmp_path / "page.png")
            assert colours(picture) > 20  # text has been painted: its edges are blends of two colours
        finally:
            opened.close()


def colours(png: bytes) -> int:
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return len(np.unique(pixels[:, : pixels.shape[1]].reshape(-1, 3), axis=0))


def test_it_is_fetched_from_a_lock_file_that_names_no_address():
    text = (CHECKOUT / "package-lock.json").read_text()
    assert "http" not in text
    assert "resolved" not in text
    assert "omit-lockfile-registry-resolved=true" in (CHECKOUT / ".npmrc").read_text()
