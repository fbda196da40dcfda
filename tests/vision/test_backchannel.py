from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from cameras.vision import g711
from cameras.vision.address import Credentials
from cameras.vision.backchannel import TalkError, _track, probe, talk
from cameras.vision.rtsp import Reply
from soc.demo.cameras import faults
from soc.demo.cameras.auth import Login

from .hostile import Hostile, reply
from .world import World

SDP = (
    "v=0\r\no=- 0 0 IN IP4 10.0.0.9\r\ns=x\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:video\r\n"
    "m=audio 0 RTP/AVP 0\r\na=control:mic\r\na=recvonly\r\n"
    "m=audio 0 RTP/AVP {payloads}\r\n{maps}a=control:{control}\r\na=sendonly\r\n"
)
ULAW = SDP.format(payloads="0", maps="", control="speaker")


def tone(seconds: float, hertz: float = 700.0) -> np.ndarray:
    at = np.arange(int(seconds * g711.RATE)) / g711.RATE
    return (9000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def wait_for(what: Callable[[], bool], seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.02)
    return what()


def test_what_is_said_is_what_the_camera_hears(world: World):
    heard = world.cameras["yard"].heard
    before, said, started = heard.seconds, tone(0.9), time.monotonic()
    by_then: list[float] = []
    receipt = talk(world.address("yard"), [said], on_handed_over=lambda at: by_then.append(heard.seconds - before))
    assert time.monotonic() - started > 0.8, "in real time"
    assert (receipt.seconds, receipt.packets, receipt.refused) == (pytest.approx(0.9), 45, False)
    assert receipt.handed_over_at is not None
    assert (receipt.handed_over_at - receipt.started_at).total_seconds() > 0.15
    assert by_then[0] < 0.8, "handed over is told while it goes on"
    assert wait_for(lambda: heard.seconds >= before + 0.9)
    assert bytes(heard.segments[-1].data)[-len(said) :] == g711.encode(said)


def test_mu_law_bytes_in_any_chunks_arrive_as_they_are(world: World):
    heard = world.cameras["quiet"].heard
    said = g711.encode(tone(0.5))
    before = heard.seconds
    receipt = talk(world.address("quiet"), [said[:100], said[100:1001], said[1001:]])
    assert receipt.packets == 25
    assert wait_for(lambda: heard.seconds >= before + 0.5)
    assert bytes(heard.segments[-1].data)[-len(said) :] == said


def test_a_live_source_is_waited_for_and_can_be_stopped(world: World):
    def microphone() -> Iterator[bytes]:
        while True:
            time.sleep(0.02)
            yield bytes(160)

    told: list[datetime] = []
    until = time.monotonic() + 0.6
    receipt = talk(
        world.address("yard"),
        microphone(),
        should_stop=lambda: time.monotonic() > until,
        on_handed_over=told.append,
    )
    assert receipt.stopped
    assert 0.3 < receipt.seconds < 0.9
    assert told == [receipt.handed_over_at]


def test_a_message_has_an_end(world: World):
    receipt = talk(world.address("yard"), [tone(60.0)], longest_s=0.3)
    assert receipt.stopped
    assert receipt.seconds == pytest.approx(0.3)


def test_a_camera_without_a_loudspeaker_says_so(world: World):
    assert probe(world.address("yard")) is True
    assert probe(world.address("street")) is False
    with pytest.raises(TalkError) as caught:
        talk(world.address("street"), [tone(0.1)])
    assert caught.value.fault == "no_backchannel"
    assert caught.value.permanent
    assert caught.value.packets == 0


@pytest.mark.parametrize("password", ["right:@/ü", "wrong"])
def test_the_log_in_is_checked(password: str):
    with World(login=Login("voice", "right:@/ü")) as world:
        address = world.address("yard", user="voice", password=password)
        if password != "wrong":
            assert talk(address, [tone(0.1)]).packets == 5
            return
        with pytest.raises(TalkError) as caught:
            talk(address, [tone(0.1)])
        assert (caught.value.fault, caught.value.permanent) == ("unauthorised", True)


def test_a_camera_that_hangs_up_at_once_took_nothing_and_may_be_tried_again():
    with World() as world:
        world.misbehave("yard", faults.OFFLINE)
        with pytest.raises(TalkError) as caught:
            talk(world.address("yard"), [tone(0.5)])
        assert not caught.value.permanent
        assert caught.value.packets == 0


def test_a_camera_that_hangs_up_later_gives_a_receipt_of_what_it_took():
    with World() as world:
        begun = []

        def sound() -> Iterator[np.ndarray]:
            for _ in range(100):
                if len(begun) == 1:
                    world.misbehave("yard", faults.OFFLINE)
                    begun.append(None)
                yield tone(0.1)

        receipt = talk(world.address("yard"), sound(), on_handed_over=lambda at: begun.append(at))
        assert receipt.refused
        assert receipt.handed_over_at is not None
        assert 0.2 <= receipt.seconds < 3.0


def camera(sdp: str, *, transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1", play: str = "200 OK"):
    def answer(request: bytes) -> bytes:
        if request.startswith(b"DESCRIBE"):
            base = "Content-Base: rtsp://10.9.9.9/elsewhere/"
            return reply(request, "200 OK", base, "Content-Type: application/sdp", body=sdp)
        if request.startswith(b"SETUP"):
            return reply(request, "200 OK", "Session: 77;timeout=60", f"Transport: {transport}")
        if request.startswith(b"PLAY"):
            return reply(request, play, "Session: 77")
        return b""

    return answer


def test_requests_name_the_session_the_track_and_the_feature():
    with Hostile(camera(ULAW)) as server:
        talk(server.address(), [tone(0.06)], wall=lambda: datetime.now(UTC))
        assert wait_for(lambda: any(b"TEARDOWN" in r for r in server.requests))
    text = b"".join(server.requests)
    assert text.count(b"Require: www.onvif.org/ver20/backchannel") == 3
    assert b"SETUP rtsp://10.9.9.9/elsewhere/speaker RTSP/1.0" in text
    assert b"Session: 77\r\n" in text
    assert text.count(b"$\x00\x00\xac\x80") == 3


def test_basic_log_in_is_answered():
    seen: list[bytes] = []

    def answer(request: bytes) -> bytes:
        seen.append(request)
        if b"Authorization: Basic dTpw" not in request and b"RTSP/1.0" in request:
            return reply(request, "401 Unauthorized", 'WWW-Authenticate: Basic realm="cam"')
        return camera(ULAW)(request)

    with Hostile(answer) as server:
        assert probe(server.address(Credentials("u", "p"))) is True


def test_digest_with_quality_of_protection_and_sha256_is_preferred():
    def answer(request: bytes) -> bytes:
        if b"algorithm=SHA-256" in request and b"qop=auth, nc=00000001" in request:
            return camera(ULAW)(request)
        return reply(
            request,
            "401 Unauthorized",
            'WWW-Authenticate: Basic realm="cam"',
            'WWW-Authenticate: Digest realm="cam", nonce="n", algorithm=MD5',
            'WWW-Authenticate: Digest realm="cam", nonce="n", algorithm=SHA-256, qop="auth,auth-int"',
        )

    with Hostile(answer) as server:
        assert probe(server.address(Credentials("u", "p"))) is True


def test_a_camera_that_refuses_to_play_is_an_error():
    with Hostile(camera(ULAW, play="453 Not Enough Bandwidth")) as server, pytest.raises(TalkError) as caught:
        talk(server.address(), [tone(0.1)])
    assert (caught.value.fault, caught.value.permanent) == ("busy", False)


def test_a_camera_that_insists_on_udp_is_not_spoken_to():
    udp = "RTP/AVP;unicast;client_port=5000-5001"
    with Hostile(camera(ULAW, transport=udp)) as server, pytest.raises(TalkError) as caught:
        talk(server.address(), [tone(0.1)])
    assert caught.value.fault == "no_backchannel"


def test_a_refused_feature_is_an_honest_no():
    with Hostile(lambda r: reply(r, "551 Option not supported")) as server:
        assert probe(server.address()) is False


@pytest.mark.parametrize(
    ("payloads", "maps", "law"),
    [
        ("0", "", "PCMU"),
        ("8", "", "PCMA"),
        ("97", "a=rtpmap:97 PCMU/8000\r\n", "PCMU"),
        ("97 8", "a=rtpmap:97 MPEG4-GENERIC/16000\r\n", "PCMA"),
        ("97", "a=rtpmap:97 PCMU/16000\r\n", None),
    ],
)
def test_the_track_is_read_from_the_description(payloads: str, maps: str, law: str | None):
    sdp = SDP.format(payloads=payloads, maps=maps, control="/abs/speaker")
    track = _track(Reply(200, "OK", {}, sdp.encode()), "rtsp://10.0.0.9:554/cam/")
    assert (track.law if track else None) == law
    if track:
        assert track.control == "rtsp://10.0.0.9:554/abs/speaker"
