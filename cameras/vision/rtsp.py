"""As much of an RTSP client as the backchannel needs: requests, Basic and Digest log-in, interleaved packets.

Every wait is bounded. Nothing in here follows a redirection: a camera's address was checked, another one was not.
"""

from __future__ import annotations

import array
import base64
import fcntl
import hashlib
import re
import secrets
import select
import socket
import ssl
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

from .address import PinnedAddress
from .faults import CameraError, Fault

LONGEST_HEAD: Final = 16 * 1024
LONGEST_BODY: Final = 256 * 1024
_PARAMETER: Final = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]*))')


class RtspError(CameraError):
    """A camera that cannot be talked to over RTSP. `status` is its answer where it gave one."""

    def __init__(self, fault: Fault, detail: str = "", *, status: int | None = None) -> None:
        super().__init__(fault, detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Header names are in lower case; of a repeated one all values are kept in order."""

    status: int
    reason: str
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, (default,))[0]


class RtspClient:
    """One connection to one camera. A context manager; it connects on entry.

    Raises RtspError. timeout_s: the longest wait for the connection and for each answer.
    """

    def __init__(self, address: PinnedAddress, *, timeout_s: float = 5.0) -> None:
        self.address, self.timeout_s = address, timeout_s
        self.session = ""
        self.base = address.url
        self.session_timeout_s = 60.0
        self._cseq = 0
        self._login: _Login | None = None
        self._received = bytearray()
        self._socket: socket.socket | None = None

    def __enter__(self) -> RtspClient:
        # A socket by hand: create_connection() would ask the resolver again, even for a number.
        family = socket.AF_INET6 if ":" in self.address.ip else socket.AF_INET
        plain = socket.socket(family, socket.SOCK_STREAM)
        plain.settimeout(self.timeout_s)
        self._socket = plain
        try:
            plain.connect((self.address.ip, self.address.port))
        except TimeoutError:
            plain.close()
            raise RtspError("timed_out") from None
        except ConnectionRefusedError:
            plain.close()
            raise RtspError("refused") from None
        except OSError as error:
            plain.close()
            raise RtspError("unreachable", error.strerror or "") from None
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.address.secure:
            self._socket = _secured(plain, self.address)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            self._socket.close()

    def request(self, method: str, url: str | None = None, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request and wait for its answer; logs in where the camera asks for it.

        Raises RtspError for any answer but 200.
        """
        target = url or self.base
        deadline = time.monotonic() + self.timeout_s
        reply = self._ask(method, target, headers or {}, deadline)
        if reply.status == 401 and self._take_challenge(reply):
            reply = self._ask(method, target, headers or {}, deadline)
        if reply.status != 200:
            raise _refusal(method, reply)
        if session := reply.header("session"):
            self.session, _, rest = session.partition(";")
            if match := re.search(r"timeout\s*=\s*(\d+)", rest):
                self.session_timeout_s = float(min(max(int(match[1]), 5), 600))
        return reply

    def start_request(self, method: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Send a request without waiting: its answer is met by `drain`."""
        self.send(self._written(method, self.base, headers or {}))

    def send(self, data: bytes) -> None:
        """Send bytes as they are. Raises RtspError where the camera takes none for `timeout_s`."""
        assert self._socket is not None
        try:
            self._socket.settimeout(self.timeout_s)
            self._socket.sendall(data)
        except TimeoutError:
            raise RtspError("timed_out", "it takes no more data") from None
        except OSError:
            raise RtspError("ended") from None

    def unsent(self) -> int:
        """Bytes the camera has not acknowledged yet."""
        assert self._socket is not None
        waiting = array.array("i", [0])
        fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, waiting)
        return waiting[0]

    def drain(self) -> list[Reply]:
        """Answers that are there already; packets and the camera's own requests are passed over.

        Raises RtspError where the camera closed the connection.
        """
        assert self._socket is not None
        while self._readable(0.0):
            self._receive(time.monotonic() + 0.5)
        replies = []
        while (message := self._next_message()) is not None:
            if isinstance(message, Reply):
                replies.append(message)
        return replies

    def _ask(self, method: str, url: str, headers: Mapping[str, str], deadline: float) -> Reply:
        self.send(self._written(method, url, headers))
        while True:
            message = self._next_message()
            if message is None:
                self._receive(deadline)
            elif isinstance(message, Reply) and message.header("cseq", str(self._cseq)) == str(self._cseq):
                return message

    def _written(self, method: str, url: str, headers: Mapping[str, str]) -> bytes:
        self._cseq += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._cseq}", "User-Agent: Nightdesk"]
        if self.session:
            lines.append(f"Session: {self.session}")
        if self._login is not None:
            lines.append(f"Authorization: {self._login.answer(method, url)}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _take_challenge(self, reply: Reply) -> bool:
        """Prepare a log-in for the strongest challenge; False where there is none, or it was tried and refused."""
        credentials = self.address.credentials
        if not credentials:
            return False
        fresh = _login_for(reply.headers.get("www-authenticate", ()), credentials.username, credentials.password)
        known, self._login = self._login, fresh
        return fresh is not None and (known is None or (fresh.stale and known.nonce != fresh.nonce))

    def _readable(self, wait_s: float) -> bool:
        assert self._socket is not None
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        poll = select.poll()  # select() knows no descriptor above 1023
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(max(wait_s, 0.0) * 1000))

    def _receive(self, deadline: float) -> None:
        assert self._socket is not None
        if not self._readable(deadline - time.monotonic()):
            raise RtspError("timed_out")
        try:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.1))
            data = self._socket.recv(65536)
        except TimeoutError:
            raise RtspError("timed_out") from None
        except OSError:
            data = b""
        if not data:
            raise RtspError("ended")
        self._received += data

    def _next_message(self) -> Reply | bytes | None:
        """The next whole message: an answer, or the bytes of anything else; None where none is complete."""
        data = self._received
        if data[:1] == b"$":
            size = 4 + int.from_bytes(data[2:4], "big") if len(data) >= 4 else 4
            return self._taken(size) if len(data) >= size and len(data) >= 4 else None
        end = data.find(b"\r\n\r\n")
        if end < 0:
            if len(data) > LONGEST_HEAD:
                raise RtspError("garbage", "no RTSP")
            return None
        reply, body_size = _parsed_head(bytes(data[:end]))
        if len(data) < end + 4 + body_size:
            return None
        whole = self._taken(end + 4 + body_size)
        if reply is None:
            return whole
        return Reply(reply.status, reply.reason, reply.headers, whole[end + 4 :])

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken


@dataclass(slots=True)
class _Login:
    """Answers a camera's challenge (RFC 2617 and 7616; qop "auth" where offered)."""

    scheme: str
    username: str
    password: str
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "MD5"
    qop: bool = False
    stale: bool = False
    count: int = 0

    def answer(self, method: str, url: str) -> str:
        if self.scheme == "basic":
            return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        self.count += 1
        nonce_count, cnonce = f"{self.count:08x}", secrets.token_hex(8)
        secret = self._hash(f"{self.username}:{self.realm}:{self.password}")
        request = self._hash(f"{method}:{url}")
        middle = f"{self.nonce}:{nonce_count}:{cnonce}:auth" if self.qop else self.nonce
        parts = [
            f'username="{self.username}"',
            f'realm="{self.realm}"',
            f'nonce="{self.nonce}"',
            f'uri="{url}"',
            f'response="{self._hash(f"{secret}:{middle}:{request}")}"',
        ]
        if self.algorithm != "MD5":
            parts.append(f"algorithm={self.algorithm}")
        if self.opaque:
            parts.append(f'opaque="{self.opaque}"')
        if self.qop:
            parts += ["qop=auth", f"nc={nonce_count}", f'cnonce="{cnonce}"']
        return "Digest " + ", ".join(parts)

    def _hash(self, text: str) -> str:
        data = text.encode()
        if self.algorithm == "SHA-256":
            return hashlib.sha256(data).hexdigest()
        return hashlib.md5(data, usedforsecurity=False).hexdigest()  # what cameras ask for


def _login_for(challenges: tuple[str, ...], username: str, password: str) -> _Login | None:
    logins = []
    for challenge in challenges:
        scheme, _, rest = challenge.partition(" ")
        values = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(rest)}
        algorithm = values.get("algorithm", "MD5").upper()
        if scheme.lower() == "basic" or (scheme.lower() == "digest" and algorithm in ("MD5", "SHA-256")):
            logins.append(
                _Login(
                    scheme.lower(),
                    username,
                    password,
                    values.get("realm", ""),
                    values.get("nonce", ""),
                    values.get("opaque", ""),
                    algorithm,
                    "auth" in re.split(r"[\s,]+", values.get("qop", "")),
                    values.get("stale", "").lower() == "true",
                )
            )
    return max(logins, key=lambda login: (login.scheme == "digest", login.algorithm == "SHA-256"), default=None)


def _parsed_head(head: bytes) -> tuple[Reply | None, int]:
    """(the answer without its body or None for a request, the body's length). Raises RtspError for neither."""
    lines = head.decode("utf-8", "replace").split("\r\n")
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = (*headers.get(name.strip().lower(), ()), value.strip())
    length = headers.get("content-length", ("0",))[0]
    if not length.isdigit() or int(length) > LONGEST_BODY:
        raise RtspError("garbage", "no RTSP")
    match = re.match(r"RTSP/\d\.\d (\d{3}) ?(.*)", lines[0])
    if match:
        return Reply(int(match[1]), match[2], headers), int(length)
    if re.match(r"[A-Z_]+ \S+ RTSP/\d\.\d", lines[0]):
        return None, int(length)
    raise RtspError("garbage", "no RTSP")


def _refusal(method: str, reply: Reply) -> RtspError:
    faults: dict[int, Fault] = {401: "unauthorised", 403: "unauthorised", 404: "not_found", 453: "busy", 503: "busy"}
    if 300 <= reply.status < 400:
        return RtspError("redirected", status=reply.status)
    fault = faults.get(reply.status, "garbage")
    return RtspError(fault, f"{method}: {reply.status}" if fault == "garbage" else "", status=reply.status)


def _secured(plain: socket.socket, address: PinnedAddress) -> ssl.SSLSocket:
    """TLS without a check of the name: cameras sign their own certificates. It keeps listeners out, not impostors."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return context.wrap_socket(plain, server_hostname=address.host)
    except OSError:
        plain.close()
        raise RtspError("no_tls") from None
