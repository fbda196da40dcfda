from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cameras.vision import probe as probing
from cameras.vision.probe import probe
from soc.demo.cameras.auth import Login

from .hostile import Hostile
from .world import World


def test_a_camera_is_described():
    with World(login=Login("admin", "hunter22")) as world:
        report = probe(world.address("yard", user="admin", password="hunter22"))
    assert report.usable, report
    assert (report.video_codec, report.width, report.height) == ("h264", 768, 576)
    assert report.fps == pytest.approx(10, abs=0.5)
    assert report.audio_codec == "pcm_mulaw"
    assert report.backchannel is True
    assert report.codec is not None
    assert report.codec.startswith("avc1.")
    assert report.clock_offset_s == pytest.approx(0.1, abs=0.5)


def test_what_cannot_be_used_says_why_in_words(world: World):
    report = probe(world.address("nowhere"))
    assert (report.fault, report.usable) == ("not_found", False)
    assert "path" in report.message


def test_a_camera_that_never_answers_ends_with_the_process():
    with Hostile(lambda request: b"") as server:
        started = time.monotonic()
        report = probe(server.address(), wall_s=1.5)
    assert report.fault == "timed_out"
    assert time.monotonic() - started < 10, "half of the time that it has unless told otherwise"


def test_a_camera_that_brings_the_process_down_is_a_report(monkeypatch: pytest.MonkeyPatch, world: World):
    monkeypatch.setattr(probing, "_asked", lambda address: {"scheme": "rtsp"})
    assert probe(world.address("yard")).fault == "crashed"


@pytest.mark.parametrize("said", [b"", b"[]", b'{"fault": 1}', b"\xff\x00", b'{"fault": null, "message": 3}'])
def test_whatever_the_process_says_becomes_a_report(said: bytes):
    assert probing._understood(said).fault == "crashed"


def test_no_secret_is_on_the_command_line_nor_in_the_environment(monkeypatch: pytest.MonkeyPatch, world: World):
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    started: list[tuple[list[str], dict[str, str]]] = []
    real = subprocess.Popen

    def spy(command: list[str], **kwargs: object) -> subprocess.Popen:
        started.append((command, kwargs["env"]))  # type: ignore[arg-type]
        return real(command, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", spy)
    probe(world.address("nowhere", user="admin", password="hunter22"))
    ((command, environment),) = started
    assert "hunter22" not in " ".join(command)
    assert "DATABASE_URL" not in environment
    assert not any("hunter22" in value for value in environment.values())


CONFINED = """
import os, resource, socket
from cameras.vision import confine
print(confine.drop_root(), os.geteuid())
confine.limit(memory_bytes=600 * 1024 * 1024, cpu_s=5)
try:
    bytearray(800 * 1024 * 1024)
except MemoryError:
    print("bounded")
"""


def test_the_process_is_bounded_and_no_longer_root():
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", CONFINED],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    first, second = done.stdout.strip().split("\n")
    dropped, user = first.split()
    assert (dropped == "True") == (os.geteuid() == 0)
    assert user != "0"
    assert second == "bounded"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has powers to take away")
def test_a_root_without_powers_can_look_too(world: World):
    """Where the machine's ordinary users cannot read the programs, they run as a root that may do nothing."""
    look = "; ".join(
        (
            "from tests.vision.world import LOOPBACK, pin",
            "from cameras.vision.probe import probe",
            f"print(probe(pin('rtsp://127.0.0.1:{world.port}/nowhere', networks=LOOPBACK)).fault)",
        )
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "soc.ops.drop", "--as", "powerless", "--", sys.executable, "-c", look],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "not_found"
