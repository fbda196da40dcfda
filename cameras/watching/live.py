"""The newest picture of each camera, for the consoles of the web processes: a small TCP server of the watch process.

Client: one JSON line {"camera": uuid, "key": HMAC-SHA256 hex of the uuid under SECRET_KEY, "kind": "jpeg"}.
Server: frames, each a 4-byte big-endian length N and N bytes: float64 capture time (epoch seconds) + JPEG. The web
process decides who may look; the key keeps everybody else on the network out.
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
from uuid import UUID

from django.conf import settings

from cameras.vision import snapshot
from cameras.vision.ingest import Frame

log = logging.getLogger(__name__)

WIDTH = 960
QUALITY = 75
PACE_S = 0.1
PATIENCE_S = 5.0

Latest = Callable[[UUID], Frame | None]


def key_of(camera_id: UUID | str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), str(camera_id).encode(), hashlib.sha256).hexdigest()


class _Handler(socketserver.StreamRequestHandler):
    timeout = PATIENCE_S
    server: LiveServer

    def handle(self) -> None:
        try:
            asked = json.loads(self.rfile.readline(1000))
            camera_id = UUID(asked["camera"])
            if not hmac.compare_digest(str(asked["key"]), key_of(camera_id)):
                return
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
            return  # garbage or silence at the door: nothing is owed to it
        shown: int | None = None
        pause = threading.Event()
        while not self.server.stopping.is_set():
            frame = self.server.latest(camera_id)
            if frame is None:
                return
            if frame.stamp.number != shown:
                shown = frame.stamp.number
                picture = snapshot.take(frame.picture, max_width=WIDTH, max_height=WIDTH, quality=QUALITY)
                body = struct.pack(">d", frame.stamp.captured.timestamp()) + picture.jpeg
                try:
                    self.wfile.write(struct.pack(">I", len(body)) + body)
                except OSError:
                    return  # the console closed the tile
            pause.wait(PACE_S)


class LiveServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, host: str, latest: Latest) -> None:
        super().__init__((host, 0), _Handler)
        self.latest = latest
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
