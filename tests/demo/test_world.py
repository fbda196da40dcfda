"""The panel, the control door and the program itself."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest
import pytest_asyncio
from aiohttp import web

from soc.demo import panel
from soc.demo.settings import read_settings
from soc.demo.world import World
from tests.demo.conftest import ACCOUNT, TOKEN, Outside, settings, until


@pytest_asyncio.fixture
async def door():
    """The product's REST door: what came, and the statuses it answers."""
    came: list[tuple[str, dict]] = []
    statuses: list[int] = []

    async def take(request: web.Request) -> web.Response:
        came.append((request.headers["Authorization"], await request.json()))
        return web.json_response({"accepted": True}, status=statuses.pop(0) if statuses else 201)

    site = web.Application()
    site.router.add_post("/api/signals", take)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", came, statuses
    await runner.cleanup()


async def test_the_panel_beats_and_sends_what_it_is_told(door, session):
    url, came, _ = door
    async with World(settings(panel_url=url, panel_key="k1")) as world:
        await until(lambda: came)
        assert (came[0][0], came[0][1]["kind"]) == ("Key k1", "heartbeat")
        answer = await Outside(world, session).post("/control/panel/hold_up", {"zone": "3", "text": "till"})
        assert (answer["status"], answer["body"]) == (201, '{"accepted": true}')
        assert came[-1][1] | {"dedup": "", "at": ""} == {
            "kind": "hold_up", "zone": "3", "text": "till", "dedup": "", "at": "",
        }  # fmt: skip
        await Outside(world, session).post("/control/panel/shout", status=400)


async def test_a_refused_signal_is_sent_again_with_the_same_mark(door, monkeypatch):
    monkeypatch.setattr(panel, "RETRY_S", 0.01)
    url, came, statuses = door
    statuses += [503, 429, 201]
    sender = panel.Panel(url, "k1")
    assert (await sender.send("alarm")).status == 201
    await sender.close()
    assert len(came) == 3
    assert len({signal["dedup"] for _, signal in came}) == 1


async def test_without_a_panel_its_control_says_so(outside):
    assert "--panel-url" in (await outside.post("/control/panel/alarm", status=404))["error"]


async def test_control_can_have_a_port_of_its_own(session):
    async with World(settings(control_port=0)) as world:
        await Outside(world, session).get("/phones")
        async with session.get(f"http://127.0.0.1:{world.phone_port}/control/cameras") as answer:
            assert answer.status == 404
        async with session.get(f"http://127.0.0.1:{world.control_port}/control/cameras") as answer:
            assert [one["name"] for one in await answer.json()] == ["yard", "street", "quiet", "foliage"]


async def test_the_program_says_where_it_listens_and_stops_when_told():
    environment = os.environ | {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "soc.demo", "--rtsp-port", "0", "--phone-port", "0",
        env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout
    try:
        lines = [(await asyncio.wait_for(program.stdout.readline(), 20)).decode() for _ in range(3)]
    finally:
        program.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(program.wait(), 10)
    assert [line.split(":")[0] for line in lines] == ["cameras", "phones", "control"]
    assert code == 0


@pytest.mark.parametrize(
    "arguments", [["--play", "yard=/etc/hostname"], ["--play", "one=/nowhere.mp4"], ["--first", "soon"]]
)
def test_wrong_arguments_are_refused_with_a_reason(monkeypatch, capsys, arguments):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    with pytest.raises(SystemExit):
        read_settings(arguments)
    assert "error" in capsys.readouterr().err


def test_the_account_must_be_given(monkeypatch, capsys):
    monkeypatch.delenv("TWILIO_ACCOUNT_SID", raising=False)
    with pytest.raises(SystemExit):
        read_settings([])
    assert "TWILIO_ACCOUNT_SID" in capsys.readouterr().err
