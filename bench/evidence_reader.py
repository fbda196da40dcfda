"""The process that keeps cameras' packets and cuts clips, and is measured: `python -m bench.evidence_reader PORT`.

Each line of its input is a question {"do": …}, each line of its output the answer. There is no database: what is cut goes
into a file and nowhere else.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import av
import django

from bench.ingest_reader import LOOPBACK, Meter, _until

KEPT_S: Final = 8.0  # of packets, before anything happens
APART_S: Final = 0.2  # from one camera's event to the next's


def _stream(port: int, camera: str) -> Any:
    from cameras.vision.address import pin
    from cameras.vision.ingest import Stream

    return Stream(pin(f"rtsp://127.0.0.1:{port}/{camera}", networks=LOOPBACK))


def bare(port: int, camera: str, seconds: float) -> dict[str, float]:
    """PyAV alone: packets are read and let go of."""
    from cameras.vision.opening import OpenOptions, ffmpeg_options

    meter = Meter(seconds)
    url, options = f"rtsp://127.0.0.1:{port}/{camera}", ffmpeg_options(OpenOptions())
    with av.open(url, options=options, timeout=(5.0, 3.0)) as container:
        for packet in container.demux(container.streams.video[0]):
            meter.saw(bool(packet.is_keyframe))
            if meter.done:
                break
    return meter.answer()


def keep(port: int, camera: str, seconds: float) -> dict[str, float]:
    """A stream whose packets are kept and not looked at."""
    meter = Meter(seconds)
    _stream(port, camera).read(
        lambda frame: None,
        on_packet=lambda packet: meter.saw(packet.keyframe),
        should_stop=lambda: meter.done,
        looking=lambda: False,
    )
    return meter.answer()


def cut(port: int, camera: str, seconds: float, times: int) -> dict[str, Any]:
    """Processor ms of a clip of so many seconds, and of decoding the same packets, so many times each."""
    from cameras.vision import clip

    stream, stop = _stream(port, camera), threading.Event()
    reader = threading.Thread(
        target=stream.read,
        args=(lambda frame: None,),
        kwargs={"should_stop": stop.is_set, "looking": lambda: False},
    )
    reader.start()
    try:
        _until(lambda: (span := stream.ring.span()) is not None and span.last - span.first > seconds + 1.5)
    finally:
        stop.set()
        reader.join(10)
    assert stream.info is not None
    packets = stream.ring.snapshot()
    order = clip.ClipOrder(packets[-1].monotonic - seconds, before_s=0.0, after_s=seconds)
    cuts, decodes = [], []
    for _ in range(times):
        began = time.thread_time()
        made = clip.cut(packets, stream.info, order)
        cuts.append(1000 * (time.thread_time() - began))
        decodes.append(_decoded_ms(made.data))
    return {"cut": cuts, "decode": decodes, "s": made.duration_s, "kib": made.size / 1024}


def _decoded_ms(clip: bytes) -> float:
    with av.open(io.BytesIO(clip), "r") as container:
        container.streams.video[0].thread_type = "NONE"
        began = time.thread_time()
        for _ in container.decode(video=0):
            pass
        return 1000 * (time.thread_time() - began)


def events(port: int, count: int) -> dict[str, list[float]]:
    """Something happens before each of so many cameras, one soon after the other: seconds until its first and its whole clip
    are files.
    """
    from cameras.watching import film, keepsakes
    from cameras.watching.evidence import EvidenceDesk

    happened: dict[str, float] = {}
    first: dict[str, float] = {}
    whole: dict[str, float] = {}

    with tempfile.TemporaryDirectory(prefix="nightdesk-bench-") as folder:

        def keep_clip(ready: Any, clip: Any, overlay: Any) -> Path:
            path = Path(folder) / f"{uuid4()}.mp4"
            with path.open("wb") as file:
                file.write(clip.data)
                file.flush()
                os.fsync(file.fileno())
            return path

        def give(ready: Any, stored: Any, *, reach: float, last: bool) -> None:
            now = time.monotonic()
            for scene, _ in ready:
                first.setdefault(scene.dedup, now - happened[scene.dedup])
                if reach >= scene.trigger + film.AFTER_S - 0.01:
                    whole.setdefault(scene.dedup, now - happened[scene.dedup])

        # In place of the rows: everything that knows a database is in there.
        keepsakes.row_of = lambda scene: scene  # type: ignore[assignment,return-value]
        keepsakes.keep_clip, keepsakes.give = keep_clip, give  # type: ignore[assignment]
        streams, stop = [_stream(port, f"idle-{number}") for number in range(count)], threading.Event()
        readers = [
            threading.Thread(target=one.read, args=(lambda frame: None,), kwargs={"should_stop": stop.is_set})
            for one in streams
        ]
        for reader in readers:
            reader.start()
        desk = EvidenceDesk()
        desk.start()
        try:
            _until(
                lambda: all((span := s.ring.span()) is not None and span.last - span.first > KEPT_S for s in streams)
            )
            for number, stream in enumerate(streams):
                happened[str(number)] = stream.ring.span().last
                desk.film(_proof(film, str(number), stream, happened[str(number)]))
                threading.Event().wait(APART_S)
            _until(lambda: len(whole) == count)
        finally:
            stop.set()
            for reader in readers:
                reader.join(10)
            desk.stop()
    return {"first": list(first.values()), "whole": list(whole.values())}


def _proof(film: Any, name: str, stream: Any, trigger: float) -> Any:
    from cameras.vision.ingest import utc_now

    return film.Proof(
        camera_id=uuid4(), dedup=name, trigger=trigger, trigger_at=utc_now(), ring=stream.ring, info=stream.info,
        held=stream.ring.snapshot(), picture=None, path=tuple, label="person", score=0.9, zone=(),
    )  # fmt: skip


def main(port: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
    django.setup()
    print(json.dumps({"ready": True}), flush=True)
    questions: dict[str, Callable[..., dict[str, Any]]] = {"bare": bare, "keep": keep, "cut": cut, "events": events}
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(questions[asked.pop("do")](port, **asked)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
