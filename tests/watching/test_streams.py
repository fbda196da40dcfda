"""What a camera is opened with, where a device is to decode in place of the processor."""

from __future__ import annotations

import logging
import threading
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

import pytest

from cameras.vision.address import Credentials
from cameras.vision.faults import Fault
from cameras.vision.opening import StreamError
from cameras.watching import streams as module
from cameras.watching.plan import Plan
from cameras.watching.streams import Streams


class _Device:
    """A stream that a device decodes, and that fails."""

    fault: Fault = "garbage"
    skipped = 0

    def __init__(self, address: Any, *, options: Any, **how: Any) -> None:
        self.asked, self.on_hardware = options.hardware, bool(options.hardware)

    def read(self, *args: Any, **how: Any) -> None:
        raise StreamError(self.fault)


@pytest.fixture
def streams(settings, monkeypatch) -> Streams:
    settings.HARDWARE_DECODING, settings.CAMERA_NETWORKS = "cuda", ["127.0.0.0/8"]
    monkeypatch.setattr(module, "Stream", _Device)
    plan = Plan(uuid4(), uuid4(), "Yard", "rtsp://127.0.0.1/yard", Credentials("", ""), ())
    return Streams(plan, probes=threading.Semaphore(), inside=nullcontext, leave=lambda: None, stopping=lambda: False)


def asked(streams: Streams) -> list[str]:
    """With which device the camera was opened, twice."""
    devices = []
    for _ in range(2):
        with pytest.raises(StreamError):
            streams.read(lambda frame: None, on_open=lambda: None)
        devices.append(streams.looked.asked)
    return devices


def test_what_a_device_cannot_decode_the_processor_tries(streams: Streams, caplog):
    with caplog.at_level(logging.WARNING):
        assert asked(streams) == ["cuda", ""]
    assert "cannot be decoded with cuda, the processor tries" in caplog.text


def test_a_camera_that_goes_away_is_no_fault_of_the_device(streams: Streams, monkeypatch):
    monkeypatch.setattr(_Device, "fault", "ended")
    assert asked(streams) == ["cuda", "cuda"]
