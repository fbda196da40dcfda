"""The newest pictures of each camera, for the web processes: a small TCP server of the watch process.

Client: one JSON line {"camera": uuid, "key": HMAC-SHA256 hex of the uuid under SECRET_KEY, "kind": "jpeg" | "h264",
"fps": at most so many pictures a second, "width": and so wide}; the last two are for JPEG and may be left out.
Server: frames, each a 4-byte big-endian length N and N bytes, all numbers big-endian:

- jpeg: float64 capture time (epoch seconds) + JPEG.
- h264: first a head: float64 0, byte HEAD, JSON {"way": "h264", "codec": "avc1.…", "width": …, "height": …}. Then from
  the last keyframe on: float64 capture time, byte KEY or DELTA, float64 media time (seconds), one picture with start
  codes. A keyframe always comes with its parameter sets. Whoever reads too slowly goes on at a later keyframe.
  Where the camera sends no H.264, the head is {"way": "jpeg"} and frames as of jpeg follow.

The web process decides who may look; the key keeps everybody else on the network out. What is shown is what is recorded
and looked at: of a camera with privacy masks, nothing but masked pictures is at hand here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from cameras.vision import snapshot
from cameras.vision.h264 import avc_codec_string, avc_length_size, avc_parameter_sets, parameter_sets, to_annex_b
from cameras.vision.ingest import Frame, Stream
from cameras.vision.opening import VideoInfo
from cameras.vision.ring import MediaPacket
from soc.core import clock

log = logging.getLogger(__name__)

HEAD, KEY, DELTA = 0, 1, 2
WIDTH: Final = 960
QUALITY: Final = 75
PACE_S: Final = 0.08  # at least, between two JPEGs
LOOK_S: Final = 0.02  # how often it is looked whether there is a new one
PATIENCE_S: Final = 5.0
LATE_S: Final = 1.0  # a reader that takes longer for what is at hand goes on at a later keyframe
BUFFER: Final = 256 * 1024  # bytes on the way: the system's own choice may hold many seconds of old pictures

Latest = Callable[[UUID], Frame | None]
OnAir = Callable[[UUID], Stream | None]


def key_of(camera_id: UUID | str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), str(camera_id).encode(), hashlib.sha256).hexdigest()


class _Handler(socketserver.StreamRequestHandler):
    timeout = PATIENCE_S
    server: LiveServer

    def handle(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            asked = json.loads(self.rfile.readline(1000))
            camera_id = UUID(asked["camera"])
            if not hmac.compare_digest(str(asked["key"]), key_of(camera_id)):
                return
            kind = asked["kind"]
            pace_s = max(1 / min(max(float(asked.get("fps") or 25), 0.2), 25), PACE_S)
            width = min(max(int(asked.get("width") or WIDTH), 64), WIDTH)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, OSError):
            return  # garbage or silence at the door: nothing is owed to it
        try:
            if kind == "h264":
                self._show(camera_id, pace_s, width)
            elif kind == "jpeg":
                self._pictures(camera_id, pace_s, width)
        except OSError:
            return  # the console closed the tile, or takes nothing any more

    def _send(self, *parts: bytes) -> None:
        body = b"".join(parts)
        self.wfile.write(struct.pack(">I", len(body)) + body)

    # --- JPEG

    def _pictures(self, camera_id: UUID, pace_s: float, width: int) -> None:
        shown: int | None = None
        sent_at = -pace_s
        pause = threading.Event()
        while not self.server.stopping.is_set():
            frame = self.server.latest(camera_id)
            if frame is None:
                return
            now = clock.monotonic()
            if frame.stamp.number != shown and now - sent_at >= pace_s:
                shown, sent_at = frame.stamp.number, now
                picture = snapshot.take(frame.picture, max_width=width, max_height=width, quality=QUALITY)
                self._send(struct.pack(">d", frame.stamp.captured.timestamp()), picture.jpeg)
            pause.wait(LOOK_S)

    # --- the camera's own video

    def _show(self, camera_id: UUID, pace_s: float, width: int) -> None:
        """The recorded stream as it is; pictures where a browser could not play it. Until the camera has another one."""
        stream = self.server.on_air(camera_id)
        if stream is None or stream.info is None:
            return
        packets, count = stream.ring.group()
        head = _head(stream.info.video, packets)
        self._send(struct.pack(">dB", 0.0, HEAD), json.dumps(head).encode())
        if head["way"] != "h264":
            self._pictures(camera_id, pace_s, width)
            return
        self._follow(camera_id, stream, stream.info.video, packets, count)

    def _follow(
        self, camera_id: UUID, stream: Stream, video: VideoInfo, packets: tuple[MediaPacket, ...], count: int
    ) -> None:
        """Send these and all that follow. What could not be sent in time is left out up to a keyframe."""
        key_wanted, sent_until = True, 0.0
        while not self.server.stopping.is_set() and self.server.on_air(camera_id) is stream:
            began, late = clock.monotonic(), False
            for packet in packets:
                if packet.kind != "video" or (key_wanted and not packet.keyframe):
                    continue
                if late := clock.monotonic() - began > LATE_S:
                    break
                key_wanted, sent_until = False, packet.monotonic
                self._send(*_shown(packet, video))
            if not late:
                packets, count = stream.ring.after(count, timeout_s=0.5)
                continue
            key_wanted = True
            packets, count = stream.ring.group()
            if packets and packets[0].monotonic <= sent_until:  # that keyframe has gone out: wait for the next
                packets = ()


def _head(video: VideoInfo, packets: tuple[MediaPacket, ...]) -> dict[str, Any]:
    """What a browser must know before the first picture. Without a keyframe or a codec's name there is no video."""
    if video.codec != "h264" or not packets:
        return {"way": "jpeg"}
    codec = avc_codec_string(parameter_sets(_bytes(packets[0], video)) or video.extradata)
    if codec is None:
        return {"way": "jpeg"}
    return {"way": "h264", "codec": codec, "width": video.width, "height": video.height}


def _bytes(packet: MediaPacket, video: VideoInfo) -> bytes:
    return to_annex_b(packet.data, avc_length_size(video.extradata))


def _shown(packet: MediaPacket, video: VideoInfo) -> tuple[bytes, ...]:
    """A packet as it goes out. Cameras may tell the parameter sets once, in their description: decoders want them here."""
    data = _bytes(packet, video)
    sets = avc_parameter_sets(video.extradata) if packet.keyframe and not parameter_sets(data) else b""
    captured = (packet.captured or packet.received).timestamp()
    media_s = packet.monotonic if packet.pts is None else float(packet.pts * packet.time_base)
    return struct.pack(">dBd", captured, KEY if packet.keyframe else DELTA, media_s), sets, data


class LiveServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, host: str, latest: Latest, on_air: OnAir = lambda camera_id: None) -> None:
        super().__init__((host, 0), _Handler)
        self.latest, self.on_air = latest, on_air
        self.stopping = threading.Event()

    @property
    def address(self) -> str:
        host, port = self.socket.getsockname()[:2]
        return f"{host}:{port}"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="live", daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        log.warning("live view to %s ended with an error", client_address, exc_info=True)
