"""A TCP server that answers as it is told: what a camera should never do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from cameras.vision.address import Credentials, PinnedAddress, pin

Answer = Callable[[bytes], bytes | None]


class Hostile:
    """For each request calls `answer(request)` and sends what it gives; None closes the connection.

    `greeting` is sent at once, unasked.
    """

    def __init__(self, answer: Answer, *, greeting: bytes = b"") -> None:
        self._answer, self._greeting = answer, greeting
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def address(self, credentials: Credentials | None = None) -> PinnedAddress:
        return pin(f"rtsp://127.0.0.1:{self.port}/cam", networks=["127.0.0.0/8"], credentials=credentials)

    def __enter__(self) -> Hostile:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.sendall(self._greeting)
            while data := connection.recv(65536):
                self.requests.append(data)
                answer = self._answer(data)
                if answer is None:
                    connection.close()
                    return
                connection.sendall(answer)
        except OSError:
            return


def reply(request: bytes, status: str, *headers: str, body: str = "") -> bytes:
    """An RTSP answer to a request, with its CSeq."""
    cseq = next((line for line in request.decode().split("\r\n") if line.lower().startswith("cseq")), "CSeq: 0")
    lines = [f"RTSP/1.0 {status}", cseq, *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
