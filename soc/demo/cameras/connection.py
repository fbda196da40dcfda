"""One client's RTSP connection to a camera."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from soc.demo.cameras import faults, jpeg
from soc.demo.cameras.auth import Login
from soc.demo.cameras.camera import Camera
from soc.demo.cameras.encode import AccessUnit
from soc.demo.cameras.jpeg import JPEG
from soc.demo.cameras.messages import Interleaved, Malformed, Request, Response, receive
from soc.demo.cameras.played import Unplayable
from soc.demo.cameras.rtp import (
    AUDIO_HZ,
    H264,
    PCMU,
    VIDEO_HZ,
    bye,
    packet,
    payload_of,
    sender_report,
    split_h264,
)
from soc.demo.cameras.sdp import SOUND, SPEAKER, VIDEO, describe
from soc.demo.cameras.transports import Channels, Transport, channels_wanted, open_datagrams, ports_wanted
from soc.demo.clock import now

BACKCHANNEL = "www.onvif.org/ver20/backchannel"
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
REPORT_S = 1.0
BACKLOG = 4_000_000  # bytes: a client this far behind is dropped, as a camera's small memory would
GARBAGE_BYTES = 2_000


@dataclass
class Track:
    """One track that was set up, as it goes to this client."""

    transport: Transport
    hertz: int
    ssrc: int
    sequence: int
    packets: int = 0
    octets: int = 0
    reported_s: float | None = None


class Connection:
    """Answers one client's requests and is its viewer at the camera (see camera.Viewer)."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        find: Callable[[str], Camera | None],
        login: Login | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._find = find
        self._login = login
        self._camera: Camera | None = None
        self._tracks: dict[str, Track] = {}
        self._session = ""
        self._speaker_wanted = False
        self._waits_for_key = True
        self._first_s: float | None = None  # when the first picture was sent
        self._cut_off = False  # in the middle of a picture: nothing can follow on this connection
        self._chance = random.Random(1)
        self._endless: asyncio.Task[None] | None = None
        self._drip: asyncio.Task[None] | None = None
        self._dripping = bytearray()

    # -- the conversation ----------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Answer until either side ends it."""
        try:
            while True:
                message = await receive(self._reader)
                if isinstance(message, Interleaved):
                    self._listen(message.channel, message.data)
                elif not await self._answer(message):
                    return
        except Malformed:
            self._write(Response(400).encode("0"))
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client left
        finally:
            self._leave()

    async def _answer(self, request: Request) -> bool:
        """Answer one request; False when the connection shall end."""
        name, _, track = request.path.partition("/")
        camera = self._camera or self._find(name)
        if camera:
            camera.connections.add(self)
            self._camera = camera
            fault = camera.faults.current
            if fault == faults.OFFLINE:
                self.drop()
                return False
            if fault == faults.HANG:
                return True
            if fault == faults.GARBAGE:
                self._write(os.urandom(GARBAGE_BYTES))
                return True
        response = await self._respond(request, camera, track)
        self._write(response.encode(request.header("cseq")))
        if request.method == "PLAY" and response.status == 200 and camera:
            self._play(camera)
        return request.method != "TEARDOWN"

    async def _respond(self, request: Request, camera: Camera | None, track: str) -> Response:
        if request.method == "OPTIONS":
            return Response(headers={"Public": METHODS})
        if camera is None:
            return Response(404)
        if self._login and not self._login.admits(request):
            return Response(401, {"WWW-Authenticate": self._login.challenges()})
        if request.method == "DESCRIBE":
            return await self._describe(request, camera)
        if request.method == "SETUP":
            return await self._set_up(request, camera, track)
        if request.method not in METHODS:
            return Response(405, {"Allow": METHODS})
        if request.header("session").split(";")[0] != self._session or not self._session:
            return Response(454)
        if request.method == "PAUSE":
            camera.viewers.discard(self)
        return Response(headers={"Session": self._session})

    async def _describe(self, request: Request, camera: Camera) -> Response:
        wants_speaker = BACKCHANNEL in request.header("require")
        if wants_speaker and not camera.backchannel:
            return Response(551, {"Unsupported": BACKCHANNEL})
        pictures = not camera.ended and camera.faults.current != faults.NO_VIDEO
        if camera.ended and not wants_speaker:
            return Response(404)
        try:
            await camera.reel.ready()
        except Unplayable:
            return Response(404)
        self._speaker_wanted = wants_speaker
        address = self._writer.get_extra_info("sockname")[0]
        body = describe(
            address,
            camera.reel.parameter_sets if pictures else None,
            sound=not camera.ended,
            speaker=wants_speaker,
            motion_jpeg=camera.faults.current == faults.CODEC,
        )
        headers = {"Content-Type": "application/sdp", "Content-Base": request.url.rstrip("/") + "/"}
        return Response(headers=headers, body=body)

    async def _set_up(self, request: Request, camera: Camera, name: str) -> Response:
        if name not in (VIDEO, SOUND, SPEAKER) or (name == SPEAKER and not self._speaker_wanted):
            return Response(404)
        if name != SPEAKER and camera.ended:
            return Response(404)
        transport = await self._transport(request.header("transport"), name)
        if transport is None:
            return Response(461)
        if name in self._tracks:
            self._tracks[name].transport.close()
        hertz = VIDEO_HZ if name == VIDEO else AUDIO_HZ
        self._tracks[name] = Track(transport, hertz, secrets.randbits(32), secrets.randbits(16))
        self._session = self._session or secrets.token_hex(8)
        ssrc = f";ssrc={self._tracks[name].ssrc:08X}"
        return Response(headers={"Transport": transport.header + ssrc, "Session": f"{self._session};timeout=60"})

    async def _transport(self, header: str, name: str) -> Transport | None:
        channel = channels_wanted(header, 2 * len(self._tracks))
        if channel is not None:
            return Channels(channel, self._write)
        ports = ports_wanted(header)
        if ports is None:
            return None
        local, peer = self._writer.get_extra_info("sockname")[0], self._writer.get_extra_info("peername")[0]
        return await open_datagrams(local, peer, ports, lambda data: self._listen_to(name, data))

    def _play(self, camera: Camera) -> None:
        if VIDEO in self._tracks or SOUND in self._tracks:
            self._waits_for_key = True
            camera.viewers.add(self)
            camera.start()

    # -- what the camera sends -----------------------------------------------------------------------------------

    def show(self, unit: AccessUnit, at_s: float) -> None:
        """Send one picture; the first is a key frame."""
        track = self._tracks.get(VIDEO)
        if track is None or (self._waits_for_key and not unit.key):
            return
        self._waits_for_key = False
        fault = self._camera.faults.current if self._camera else None
        self._first_s = at_s if self._first_s is None else self._first_s
        if fault == faults.RESET and at_s - self._first_s >= faults.RESET_AFTER_S:
            self.reset()
            return
        timestamp = self._report(track, at_s)
        if fault == faults.ENDLESS or self._endless:
            self._endless = self._endless or asyncio.create_task(self._never_end(track, timestamp))
            return
        kind, payloads = (JPEG, jpeg.split(unit.nals[0])) if unit.jpeg else (H264, split_h264(unit.nals))
        for payload, marker in payloads:
            if fault == faults.HALF:
                self._break_off(track, kind, payload, timestamp)
                return
            if fault == faults.CORRUPT:
                payload = faults.damage(payload, self._chance)
            self._send(track, kind, payload, timestamp, marker=marker)

    def play_sound(self, payload: bytes, at_s: float) -> None:
        """Send 100 ms of sound."""
        if track := self._tracks.get(SOUND):
            self._send(track, PCMU, payload, self._report(track, at_s), marker=False)

    def _send(self, track: Track, kind: int, payload: bytes, timestamp: int, *, marker: bool) -> None:
        if self._camera and self._camera.faults.current == faults.GARBAGE:
            self._write(os.urandom(len(payload)))
            return
        track.transport.rtp(packet(kind, track.sequence, timestamp, track.ssrc, payload, marker=marker))
        track.sequence += 1
        track.packets += 1
        track.octets += len(payload)

    def _break_off(self, track: Track, kind: int, payload: bytes, timestamp: int) -> None:
        """Begin a packet and leave it at that."""
        whole = packet(kind, track.sequence, timestamp, track.ssrc, payload, marker=False)
        if isinstance(track.transport, Channels):
            head = b"$" + bytes([track.transport.number]) + len(whole).to_bytes(2, "big")
            self._write(head + whole[: len(whole) // 2])
        self._cut_off = True

    async def _never_end(self, track: Track, timestamp: int) -> None:
        """Middle parts of one picture for as long as the client takes them."""
        payload = faults.endless_part()
        while self._camera and self._camera.faults.current == faults.ENDLESS and not self._writer.is_closing():
            for _ in range(faults.ENDLESS_BYTES // len(payload)):
                self._send(track, H264, payload, timestamp, marker=False)
            try:
                await self._writer.drain()
            except ConnectionError:
                return  # the client had enough
            await asyncio.sleep(faults.ENDLESS_S)

    def _report(self, track: Track, at_s: float) -> int:
        """The RTP timestamp of a moment; the wall clock is told before the first packet, then every second."""
        assert self._camera
        timestamp = self._camera.timestamp(at_s, track.hertz)
        if track.reported_s is None or at_s - track.reported_s >= REPORT_S:
            track.reported_s = at_s
            wall = self._camera.told_wall(at_s)
            track.transport.rtcp(sender_report(track.ssrc, wall, timestamp, track.packets, track.octets))
        return timestamp

    def finish(self) -> None:
        """BYE on every track; a client that speaks as well may go on speaking."""
        if self._camera:
            self._camera.viewers.discard(self)
        for name in (VIDEO, SOUND):
            if track := self._tracks.get(name):
                track.transport.rtcp(bye(track.ssrc))
        if SPEAKER not in self._tracks:
            self._writer.close()

    def drop(self) -> None:
        """Break the connection without a word."""
        self._writer.transport.abort()

    def reset(self) -> None:
        """Break the connection with an error for the other end."""
        connection = self._writer.get_extra_info("socket")
        if connection is not None and not self._writer.transport.is_closing():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    # -- what the camera hears -----------------------------------------------------------------------------------

    def _listen(self, channel: int, data: bytes) -> None:
        track = self._tracks.get(SPEAKER)
        if track and isinstance(track.transport, Channels) and track.transport.number == channel:
            self._listen_to(SPEAKER, data)

    def _listen_to(self, name: str, data: bytes) -> None:
        camera, received = self._camera, payload_of(data)
        if name != SPEAKER or camera is None or received is None or received[0] != PCMU:
            return
        if camera.faults.current not in (faults.OFFLINE, faults.HANG, faults.FREEZE):
            camera.heard.add(received[2], now().timestamp())

    # -- bytes ---------------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        transport = self._writer.transport
        if transport.is_closing() or self._cut_off:
            return
        if (self._camera and self._camera.faults.current == faults.DRIP) or self._dripping:
            self._dripping += data
            self._drip = self._drip or asyncio.create_task(self._drip_on())
        else:
            self._writer.write(data)
        if transport.get_write_buffer_size() + len(self._dripping) > BACKLOG:
            self.drop()

    async def _drip_on(self) -> None:
        step = faults.DRIP_BYTES_S // 10
        while self._dripping and not self._writer.transport.is_closing():
            slow = self._camera and self._camera.faults.current == faults.DRIP
            size = step if slow else len(self._dripping)
            self._writer.write(bytes(self._dripping[:size]))
            del self._dripping[:size]
            await asyncio.sleep(0.1)
        self._drip = None

    def _leave(self) -> None:
        if self._camera:
            self._camera.viewers.discard(self)
            self._camera.connections.discard(self)
        for task in (self._drip, self._endless):
            if task:
                task.cancel()
        for track in self._tracks.values():
            track.transport.close()
        self._writer.close()
