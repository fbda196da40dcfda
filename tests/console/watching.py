"""A stand-in for the watch process's media server: the same protocol, pictures as the test wants them."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests import factories as make


@dataclass
class Watch:
    """`hellos`: what clients asked; `picture(n)`: the JPEG of frame n; `frozen`: send nothing more while set."""

    address: str
    hellos: list[dict] = field(default_factory=list)
    frozen: threading.Event = field(default_factory=threading.Event)
    sent: int = 0


@contextmanager
def watching(picture: Callable[[int], bytes] | None = None, *, fps: float = 10) -> Iterator[Watch]:
    """Serve frames on a free port for as long as the block lasts."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.2)
    watch = Watch(f"127.0.0.1:{listener.getsockname()[1]}")
    over = threading.Event()

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(5)
            watch.hellos.append(json.loads(client.makefile("rb").readline()))
            if watch.hellos[-1]["kind"] == "h264":  # which it has not
                head = struct.pack(">dB", 0.0, 0) + b'{"way": "jpeg"}'
                client.sendall(struct.pack(">I", len(head)) + head)
            n = 0
            while not over.wait(1 / fps):
                if watch.frozen.is_set():
                    continue
                jpeg = picture(n) if picture else make.picture(64, 36, grey=40 + n % 160)
                body = struct.pack(">d", time.time()) + jpeg
                client.sendall(struct.pack(">I", len(body)) + body)
                n += 1
                watch.sent += 1

    def accept() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                client, _address = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join(5)
        listener.close()
