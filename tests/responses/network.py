"""A telephone network that answers Twilio's REST API over real sockets and goes wrong on command."""

from __future__ import annotations

import json
import socket
import threading
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from soc.core import clock

# What happens to a request that makes something: None is as it should be.
#   swallow: accepted, then no answer and the connection is cut        garble: accepted, the answer is no JSON
#   hang: accepted, and no answer while the network lives
#   error: accepted, then 500     drop: cut before it is accepted       busy: 429, not accepted
#   refuse: 400, not accepted     lost_error: 500, not accepted


class Network:
    """`faults` are used up one a request, in order; `calls` and `texts` are what was accepted, ground truth for tests."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.texts: list[dict[str, Any]] = []
        self.faults: list[str | None] = []
        self.asked = 0
        self.mute = False  # refuses to say what happened
        self.forget = False  # says that there is nothing
        self._lock = threading.Lock()
        self._over = threading.Event()
        network = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                network.make(self)

            def do_GET(self) -> None:
                network.list(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Network:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def make(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        with self._lock:
            fault = self.faults.pop(0) if self.faults else None
            is_call = urlsplit(handler.path).path.endswith("/Calls.json")
            row = self._row(form, is_call=is_call)
            if fault in (None, "swallow", "garble", "error", "hang"):
                (self.calls if is_call else self.texts).append(row)
        if fault == "hang":
            self._over.wait(30)
            handler.close_connection = True
        elif fault in ("swallow", "drop"):
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
        elif fault == "garble":
            _send(handler, 201, b"<html>gateway</html>")
        elif fault in ("error", "lost_error"):
            _send(handler, 500, json.dumps({"code": 20500, "message": "oops", "status": 500}).encode())
        elif fault == "busy":
            _send(handler, 429, json.dumps({"code": 20429, "message": "slow down", "status": 429}).encode())
        elif fault == "refuse":
            words = {"code": 21211, "message": f"{form['To']} is not valid", "status": 400}
            _send(handler, 400, json.dumps(words).encode())
        else:
            _send(handler, 201, json.dumps(row).encode())

    def _row(self, form: dict[str, str], *, is_call: bool) -> dict[str, Any]:
        count = len(self.calls) + len(self.texts) + 1
        return {
            "sid": f"{'CA' if is_call else 'SM'}{count:032x}",
            "to": form["To"],
            "from": form["From"],
            "body": form.get("Body"),
            "date_created": format_datetime(clock.now()),
            "start_time": None,
            "status": "queued",
            "num_media": "0",
            "num_segments": "1",
            "url": form.get("Url"),  # for the tests' eyes; Twilio does not say it
        }

    def list(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            self.asked += 1
            is_call = parts.path.endswith("/Calls.json")
            rows = [] if self.forget else [r for r in (self.calls if is_call else self.texts) if r["to"] == query["To"]]
        if self.mute:
            _send(handler, 503, b"{}")
            return
        page = {"calls" if is_call else "messages": rows, "next_page_uri": None, "page": 0, "page_size": 50}
        _send(handler, 200, json.dumps({**page, "uri": handler.path, "first_page_uri": handler.path}).encode())


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
