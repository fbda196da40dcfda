"""The live picture's socket: who may see it, how a slow browser is treated, what is said when there is none."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import struct
import time
from datetime import timedelta

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client

from cameras import viewing
from cameras.models.condition import Condition
from incidents import actions
from soc.console import live
from soc.console.waiting import Waiting
from soc.core.models import Event
from soc.routing import websocket_urlpatterns
from tests import factories as make
from tests.console.airing import on_air
from tests.console.watching import watching
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def incident(camera):
    """What lets an operator look."""
    return make.make_incident(camera=camera)


class Browser(ApplicationCommunicator):
    """A browser's end of the socket."""

    async def connect(self):
        await self.send_input({"type": "websocket.connect"})
        assert (await self.receive_output(10))["type"] == "websocket.accept"

    async def answer(self):
        await self.send_input({"type": "websocket.receive", "text": "1"})

    async def disconnect(self):
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(10)


def socket_of(user, camera, query=b""):
    client = Client()
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    scope = {
        "type": "websocket",
        "path": f"/ws/live/{camera.pk}",
        "query_string": query,
        "headers": [],
        "subprotocols": [],
        "user": user or AnonymousUser(),
        "session": client.session,
    }
    return Browser(URLRouter(websocket_urlpatterns), scope)


def run(work):
    """Run a coroutine in a loop of its own: the rows were committed by this thread."""
    return asyncio.run(asyncio.wait_for(work, 30))


async def closed(communicator):
    """The code with which the server closes."""
    await communicator.connect()
    while True:
        said = await communicator.receive_output(10)
        if said["type"] == "websocket.close":
            return said["code"]


async def pictures(communicator, count, *, answer=True):
    found = []
    while len(found) < count:
        said = await communicator.receive_output(10)
        if said.get("bytes"):
            found.append(said["bytes"])
            if answer:
                await communicator.answer()
    return found


def test_an_operator_gets_pictures_with_their_capture_time(alice, camera, incident):
    with watching() as watch:
        type(camera).objects.filter(pk=camera.pk).update(media_address=watch.address)

        async def look():
            await communicator.connect()
            frames = await pictures(communicator, 3)
            await communicator.disconnect()
            return frames

        communicator = socket_of(alice, camera)
        frames = run(look())
    for frame in frames:
        assert abs(struct.unpack(">d", frame[:8])[0] - time.time()) < 20
        assert frame[8:10] == b"\xff\xd8"
    hello = watch.hellos[0]
    assert hello["camera"] == str(camera.pk)
    proof = hmac.new(settings.SECRET_KEY.encode(), str(camera.pk).encode(), hashlib.sha256).hexdigest()
    assert hello["key"] == proof


def test_a_browser_that_does_not_answer_gets_two_pictures_and_no_more(alice, camera, incident):
    with watching(fps=50) as watch:
        type(camera).objects.filter(pk=camera.pk).update(media_address=watch.address)
        communicator = socket_of(alice, camera)

        async def look():
            await communicator.connect()
            first = await pictures(communicator, 2, answer=False)
            assert await communicator.receive_nothing(timeout=1.0)
            await communicator.answer()
            newest = await pictures(communicator, 1, answer=False)
            await communicator.disconnect()
            return first, newest

        first, newest = run(look())
    # The third is the newest there was, not the third that was read.
    gap = struct.unpack(">d", newest[0][:8])[0] - struct.unpack(">d", first[1][:8])[0]
    assert gap > 0.5


def test_nobody_else_sees_the_camera(oscar, bob, camera, incident):
    for stranger in (oscar, bob):
        assert run(closed(socket_of(stranger, camera))) == 4403
    assert run(closed(socket_of(None, camera))) == 4401


def test_an_operator_sees_no_camera_of_a_site_without_an_incident(alice, camera, other_camera):
    make.make_incident(camera=other_camera)
    assert run(closed(socket_of(alice, camera))) == 4403


@pytest.mark.parametrize("who", ["carol", "sam"])
def test_the_owner_of_the_site_and_a_supervisor_see_it_without_an_incident(request, who, camera):
    with watching() as watch:
        type(camera).objects.filter(pk=camera.pk).update(media_address=watch.address)
        communicator = socket_of(request.getfixturevalue(who), camera)

        async def look():
            await communicator.connect()
            frames = await pictures(communicator, 1)
            await communicator.disconnect()
            return frames

        assert run(look())


def close(incident, by):
    token = actions.claim(incident.pk, by=by, at=NIGHT).token
    actions.decide(incident.pk, verdict="real", token=token, by=by, at=NIGHT)
    actions.close(
        incident.pk, outcome="genuine.attempt_only", site_state="secure", summary="", token=token, by=by, at=NIGHT
    )


async def told(communicator, kind):
    """The next text of that kind."""
    while True:
        said = await communicator.receive_output(10)
        if (text := json.loads(said.get("text") or "{}")).get("type") == kind:
            return text


def test_the_large_picture_is_the_cameras_own_video(alice, camera, incident):
    with on_air() as air:
        type(camera).objects.filter(pk=camera.pk).update(media_address=air.address)
        communicator = socket_of(alice, camera, b"way=h264")

        async def look():
            await communicator.connect()
            said = await told(communicator, "stream")
            frames = await pictures(communicator, 4)
            await communicator.disconnect()
            return said, frames

        said, frames = run(look())
    assert (said["way"], said["width"], said["codec"][:5]) == ("h264", 640, "avc1.")
    assert [frame[8] for frame in frames] == [1, 2, 2, 2]
    assert abs(struct.unpack_from(">d", frames[-1])[0] - time.time()) < 20


def test_where_there_is_no_such_video_the_browser_is_told_that_pictures_come(alice, camera, incident):
    with on_air(codec="hevc") as air:
        type(camera).objects.filter(pk=camera.pk).update(media_address=air.address)
        communicator = socket_of(alice, camera, b"way=h264")

        async def look():
            await communicator.connect()
            said = await told(communicator, "stream")
            frames = await pictures(communicator, 1)
            await communicator.disconnect()
            return said, frames

        said, frames = run(look())
    assert said == {"type": "stream", "way": "jpeg"}
    assert frames[0][8:10] == b"\xff\xd8"


def test_who_looks_is_recorded_once_a_viewing(alice, sam, camera, other_camera, incident, monkeypatch):
    def views(by):
        return Event.objects.filter(kind="camera.viewed", subject_id=camera.pk, by=by).count()

    async def look(*communicators):
        for communicator in communicators:
            await communicator.connect()
        await asyncio.gather(*(pictures(communicator, 1) for communicator in communicators))
        for communicator in communicators:
            await communicator.disconnect()

    with watching() as watch:
        type(camera).objects.update(media_address=watch.address)
        run(look(socket_of(alice, camera), socket_of(alice, camera, b"fps=1"), socket_of(sam, other_camera)))
        assert (views(alice), views(sam)) == (1, 0)
        run(look(socket_of(alice, camera), socket_of(sam, camera)))
        assert (views(alice), views(sam)) == (1, 1)
        monkeypatch.setattr(viewing, "ONE_VIEWING", timedelta(0))
        run(look(socket_of(alice, camera)))
        assert views(alice) == 2


def test_nobody_looks_unrecorded(alice, camera, incident, monkeypatch):
    def away(*_args, **_kwargs):
        raise OperationalError("away")

    monkeypatch.setattr(live, "record_viewing", away)
    with watching() as watch:
        type(camera).objects.filter(pk=camera.pk).update(media_address=watch.address)
        communicator = socket_of(alice, camera)

        async def look():
            await communicator.connect()
            while (said := await communicator.receive_output(10))["type"] != "websocket.close":
                assert not said.get("bytes")
            return said["code"]

        assert run(look()) == 1013


def test_a_camera_that_sends_the_same_picture_again_and_again_is_said_to_be_frozen(
    alice, camera, incident, monkeypatch
):
    monkeypatch.setattr(live, "RECHECK_S", 0.2)
    with watching() as watch:
        type(camera).objects.filter(pk=camera.pk).update(media_address=watch.address)
        communicator = socket_of(alice, camera)

        def end():
            Condition.objects.update(ended_at=NIGHT)

        async def look():
            await communicator.connect()
            said = [await told(communicator, "frozen")]
            await database_sync_to_async(end)()
            said.append(await told(communicator, "frozen"))
            await communicator.disconnect()
            return [one["since"] for one in said]

        Condition.objects.create(site=camera.site, camera=camera, kind="frozen", began_at=NIGHT)
        assert run(look()) == [NIGHT.isoformat(), None]


@pytest.mark.parametrize("end", ["password changed", "logged out", "out of use"])
def test_the_picture_ends_with_the_session(alice, camera, incident, monkeypatch, end):
    monkeypatch.setattr(live, "RECHECK_S", 0.2)

    def finish():
        if end == "password changed":
            alice.set_password("another one 42")
            alice.save()
        elif end == "logged out":
            Session.objects.all().delete()
        else:
            type(alice).objects.filter(pk=alice.pk).update(is_active=False)

    with watching() as watch:
        type(camera).objects.filter(pk=camera.pk).update(media_address=watch.address)
        communicator = socket_of(alice, camera)

        async def look():
            await communicator.connect()
            await pictures(communicator, 1)
            await database_sync_to_async(finish)()
            while (said := await communicator.receive_output(10))["type"] != "websocket.close":
                await communicator.answer()
            return said["code"]

        assert run(look()) == 4401


@pytest.mark.parametrize("end", ["right taken away", "incident closed"])
def test_what_gave_the_right_ends_and_the_picture_with_it(alice, camera, incident, monkeypatch, end):
    monkeypatch.setattr(live, "RECHECK_S", 0.2)
    with watching() as watch:
        type(camera).objects.filter(pk=camera.pk).update(media_address=watch.address)
        communicator = socket_of(alice, camera)

        async def look():
            await communicator.connect()
            await pictures(communicator, 1)
            if end == "incident closed":
                await database_sync_to_async(close)(incident, alice)
            else:
                await database_sync_to_async(alice.memberships.all().delete)()
            while True:
                said = await communicator.receive_output(10)
                if said["type"] == "websocket.close":
                    return said["code"]
                if said.get("bytes"):
                    await communicator.answer()

        assert run(look()) == 4403


@pytest.mark.parametrize("address", ["", "nonsense", "127.0.0.1:1"])
def test_a_camera_that_nobody_watches_says_so_and_goes_on_trying(alice, camera, incident, address):
    type(camera).objects.filter(pk=camera.pk).update(media_address=address)
    communicator = socket_of(alice, camera)

    async def look():
        await communicator.connect()
        said = json.loads((await communicator.receive_output(10))["text"])
        await communicator.disconnect()
        return said

    assert run(look()) == {"type": "trouble", "code": "none"}


async def frame_of(data):
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await live.read_frame(reader)


@pytest.mark.parametrize(
    "data", [b"", b"\x00", struct.pack(">I", 5) + b"12345", struct.pack(">I", 2**31), struct.pack(">I", 100) + b"x"]
)
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(live.Broken):
        run(frame_of(data))


def test_a_small_picture_beside_the_others_comes_once_a_second():
    assert live.rate_of(b"fps=1") == 1
    assert live.rate_of(b"") == live.rate_of(b"fps=0") == live.rate_of(b"fps=x") == live.rate_of(b"fps=1000") == 0
    assert live.way_of(b"way=h264&fps=1") == "h264"
    assert live.way_of(b"") == live.way_of(b"way=fmp4") == live.way_of(b"way=\xff") == "jpeg"


@pytest.mark.parametrize("said", [b"[]", b"{", b"", b"null", b'{"way": "fmp4"}', b'{"way": []}', b"[" * 5000])
def test_what_is_no_head_is_refused(said):
    consumer = live.LiveConsumer()
    consumer.waiting = Waiting("h264")
    for kind in (0, 1):
        with pytest.raises(live.Broken):
            run(consumer._begin(struct.pack(">dB", 0.0, kind) + said))
