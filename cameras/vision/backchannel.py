"""A voice at the site: sound through a camera's own loudspeaker, by the ONVIF Profile T backchannel."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import randbits
from typing import Final

import numpy as np
from numpy.typing import NDArray

from . import g711
from .address import PinnedAddress
from .faults import CameraError, Fault
from .rtsp import Reply, RtspClient, RtspError

REQUIRE: Final = {"Require": "www.onvif.org/ver20/backchannel"}
PACKET_S: Final = 0.02
PACKET_BYTES: Final = int(g711.RATE * PACKET_S)
PROVEN_S: Final = 0.2  # sound handed over before it counts as sent
LONGEST_S: Final = 300.0  # of one message: nobody talks longer, and a source that never ends must not hold a worker


class TalkError(CameraError):
    """Sound that could not be given to the camera. `packets`: how many of 20 ms it had taken before that."""

    def __init__(self, fault: Fault, detail: str = "", *, packets: int = 0) -> None:
        super().__init__(fault, detail)
        self.packets = packets


@dataclass(frozen=True, slots=True)
class TalkReceipt:
    """What was handed over. `handed_over_at`: when the camera had taken 200 ms of sound (all of a shorter one) and had
    not refused; None where it never had. `seconds` and `packets`: of sound sent. `refused`: the camera ended it.
    `stopped`: the caller ended it.
    """

    started_at: datetime
    handed_over_at: datetime | None
    seconds: float
    packets: int
    refused: bool = False
    stopped: bool = False
    law: str = "PCMU"


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """The track of a session description that takes sound: where to set it up, and how to fill it."""

    control: str
    law: str
    payload_type: int


def probe(address: PinnedAddress, *, timeout_s: float = 5.0) -> bool:
    """Whether the camera offers a backchannel that takes G.711. Its model's name guarantees nothing.

    Raises TalkError where it cannot be asked.
    """
    try:
        with RtspClient(address, timeout_s=timeout_s) as client:
            return _track(_describe(client), client.base) is not None
    except RtspError as error:
        if error.fault == "no_backchannel":
            return False
        raise TalkError(error.fault, error.detail) from error


def talk(
    address: PinnedAddress,
    sound: Iterable[bytes] | Iterable[NDArray[np.int16]],
    *,
    should_stop: Callable[[], bool] = lambda: False,
    on_handed_over: Callable[[datetime], None] | None = None,
    wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    timeout_s: float = 5.0,
    longest_s: float = LONGEST_S,
) -> TalkReceipt:
    """Play sound through the camera's loudspeaker, in real time; returns when it has been handed over.

    1. Ask for the description with the backchannel, set up the track that takes sound, play.
    2. Send packets of 20 ms, each when it is due; a source that is late (a live microphone) is waited for.
    3. After 200 ms in the camera's hands, tell `on_handed_over`.
    4. Tear the session down.

    sound: chunks of any length, 8 kHz, one channel: µ-law as bytes, or int16 samples. Raises TalkError before the
    first packet was sent; afterwards a camera that ends it gives a receipt with `refused`.
    """
    try:
        with RtspClient(address, timeout_s=timeout_s) as client:
            track = _set_up(client)
            started = wall()
            player = _Player(client, track, on_handed_over, wall)
            return player.play(_packets(sound, track.law), should_stop, longest_s, started)
    except RtspError as error:
        raise TalkError(error.fault, error.detail) from error


def _describe(client: RtspClient) -> Reply:
    try:
        reply = client.request("DESCRIBE", headers={**REQUIRE, "Accept": "application/sdp"})
    except RtspError as error:
        if error.status is not None and error.fault == "garbage":  # "option not supported" and its kin
            raise RtspError("no_backchannel", status=error.status) from None
        raise
    base = reply.header("content-base") or reply.header("content-location") or client.address.url
    # The camera names its base by whatever address it believes it has; requests only ever go to this connection.
    client.base = base if base.startswith(("rtsp://", "rtsps://")) and "\n" not in base else client.address.url
    return reply


def _set_up(client: RtspClient) -> SoundTrack:
    track = _track(_describe(client), client.base)
    if track is None:
        raise RtspError("no_backchannel")
    transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
    reply = client.request("SETUP", track.control, headers={**REQUIRE, **transport})
    if "interleaved" not in reply.header("transport").lower():
        raise RtspError("no_backchannel", "not over this connection")
    client.request("PLAY", headers=REQUIRE)
    return track


def _track(reply: Reply, base: str) -> SoundTrack | None:
    """The first track that takes G.711, µ-law before A-law."""
    text = reply.body.decode("utf-8", "replace").replace("\r\n", "\n")
    sections = re.split(r"(?m)^(?=m=)", text)
    found = [track for section in sections[1:] if (track := _sound_track(section, base)) is not None]
    return min(found, key=lambda track: track.law != "PCMU", default=None)


def _sound_track(section: str, base: str) -> SoundTrack | None:
    media = re.match(r"m=audio \d+ \S+ ([\d ]+)", section)
    control = re.search(r"(?m)^a=control:(\S+)", section)
    if not media or not control or not re.search(r"(?m)^a=sendonly\s*$", section):
        return None
    names = {0: "PCMU", 8: "PCMA"}
    for number, name, rate in re.findall(r"(?m)^a=rtpmap:(\d+) (\w+)/(\d+)", section):
        names[int(number)] = name.upper() if int(rate) == g711.RATE else ""
    for payload_type in map(int, media[1].split()):
        if (law := names.get(payload_type, "")) in ("PCMU", "PCMA"):
            return SoundTrack(_joined(base, control[1]), law, payload_type)
    return None


def _joined(base: str, control: str) -> str:
    if control.startswith(("rtsp://", "rtsps://")):
        return control
    host = re.match(r"rtsps?://[^/]+", base)
    if control.startswith("/") and host:
        return host[0] + control
    return f"{base.rstrip('/')}/{control}"


def _packets(sound: Iterable[bytes] | Iterable[NDArray[np.int16]], law: str) -> Iterator[bytes]:
    """Payloads of 20 ms in the camera's law; the last is filled up with silence."""
    rest = b""
    for chunk in sound:
        if isinstance(chunk, bytes | bytearray | memoryview):
            data = bytes(chunk) if law == "PCMU" else g711.encode(g711.decode(bytes(chunk)), law)
        else:
            data = g711.encode(chunk, law)
        rest += data
        while len(rest) >= PACKET_BYTES:
            yield rest[:PACKET_BYTES]
            rest = rest[PACKET_BYTES:]
    if rest:
        yield rest.ljust(PACKET_BYTES, bytes([g711.SILENCE[law]]))


class _Player:
    """Sends payloads when they are due and watches what the camera says meanwhile."""

    def __init__(
        self,
        client: RtspClient,
        track: SoundTrack,
        on_handed_over: Callable[[datetime], None] | None,
        wall: Callable[[], datetime],
    ) -> None:
        self._client, self._track = client, track
        self._on_handed_over, self._wall = on_handed_over, wall
        self._source = randbits(32)
        self._sequence, self._timestamp = randbits(16), randbits(32)
        self.sent = 0
        self.handed_over_at: datetime | None = None
        self._sent_bytes = 0
        self._enough_bytes: int | None = None  # how many bytes hold the first 200 ms

    def play(
        self, payloads: Iterator[bytes], should_stop: Callable[[], bool], longest_s: float, started: datetime
    ) -> TalkReceipt:
        refused = stopped = False
        due = asked = time.monotonic()
        try:
            for payload in payloads:
                if stopped := should_stop() or self.sent * PACKET_S >= longest_s:
                    break
                due = max(due, time.monotonic() - 0.1)  # a late source goes on from now, it does not hurry after
                time.sleep(max(due - time.monotonic(), 0.0))
                self._send(payload)
                due += PACKET_S
                asked = self._keep_alive(asked)
                self._look()
            time.sleep(min(max(due - time.monotonic(), 0.0), PACKET_S))
            self._finish()
        except RtspError as error:
            if not self.sent:
                raise
            refused = True
            if error.fault != "silenced" and self.handed_over_at is None:
                raise TalkError(error.fault, error.detail, packets=self.sent) from error
        return TalkReceipt(
            started,
            self.handed_over_at,
            round(self.sent * PACKET_S, 3),
            self.sent,
            refused,
            stopped,
            self._track.law,
        )

    def _send(self, payload: bytes) -> None:
        marker = 0x80 if self.sent == 0 else 0
        header = struct.pack(
            "!BBHII",
            0x80,
            marker | self._track.payload_type,
            (self._sequence + self.sent) & 0xFFFF,
            (self._timestamp + self.sent * PACKET_BYTES) & 0xFFFFFFFF,
            self._source,
        )
        packet = header + payload
        framed = b"$\x00" + struct.pack("!H", len(packet)) + packet
        self._client.send(framed)
        self.sent += 1
        self._sent_bytes += len(framed)
        if self._enough_bytes is None and self.sent * PACKET_S >= PROVEN_S:
            self._enough_bytes = self._sent_bytes

    def _look(self) -> None:
        """Meet the camera's answers; a refusal ends it. Note when enough has arrived there."""
        for reply in self._client.drain():
            if reply.status >= 300 and reply.status not in (454, 501, 551):
                raise RtspError("silenced", str(reply.status))
        if self.handed_over_at is not None or self._enough_bytes is None:
            return
        if self._sent_bytes - self._client.unsent() >= self._enough_bytes:
            self._note()

    def _note(self) -> None:
        self.handed_over_at = self._wall()
        if self._on_handed_over is not None:
            self._on_handed_over(self.handed_over_at)

    def _keep_alive(self, asked: float) -> float:
        if time.monotonic() - asked < self._client.session_timeout_s / 2:
            return asked
        self._client.start_request("GET_PARAMETER")
        return time.monotonic()

    def _finish(self) -> None:
        """Wait until the last sound has left, then end the session; a camera that says nothing is left alone."""
        until = time.monotonic() + 1.0
        while self._client.unsent() and time.monotonic() < until:
            time.sleep(0.01)
        self._look()
        if self.handed_over_at is None and self.sent and not self._client.unsent():
            self._note()
        self._client.start_request("TEARDOWN")
