"""The simulated device's outputs, by the adapter that speaks ONVIF to real ones."""

from __future__ import annotations

import asyncio

import pytest

from responses.adapters import onvif
from responses.adapters.onvif import OnvifRelays
from responses.ports import DeliveryError, Output, Unclear
from soc.demo.world import World
from tests.demo.conftest import settings, until

PATH = "/onvif/device_service"


def output(world: World, token: str = "light", **login: str) -> Output:
    root = f"http://127.0.0.1:{world.phone_port}"
    return Output(root, PATH, f"127.0.0.1:{world.phone_port}", token, **login)


async def switch(world: World, token: str = "light", *, on: bool = True, **login: str) -> None:
    await asyncio.to_thread(OnvifRelays().switch, output(world, token, **login), on=on)


async def stands(world: World, token: str = "light", **login: str) -> bool:
    return await asyncio.to_thread(OnvifRelays().stands, output(world, token, **login))


async def test_an_output_is_switched_and_says_how_it_stands(world, outside):
    assert await stands(world) is False
    await switch(world)
    assert await stands(world) is True
    await switch(world, on=False)
    assert await stands(world) is False
    told = {one["output"]: [on for _at, on in one["switched"]] for one in await outside.get("/control/relays")}
    assert told["light"] == [True, False]


async def test_a_siren_ends_by_itself(world):
    world.relays.outputs["siren"].ends_s = 0.05
    await switch(world, "siren")
    assert await stands(world, "siren") is True
    await until(lambda: not world.relays.outputs["siren"].on)
    assert await stands(world, "siren") is False


@pytest.mark.parametrize(("fault", "done"), [("swallow", True), ("hang", True), ("drop", False)])
async def test_a_lost_answer_is_unclear_and_asking_tells(fault, done, world, outside, monkeypatch):
    monkeypatch.setattr(onvif, "READ_S", 0.3)
    await outside.post("/control/relays/fault", {"kind": fault})
    with pytest.raises(Unclear):
        await switch(world)
    assert await stands(world) is done


async def test_a_refusal_is_certain_and_in_words(world, outside):
    with pytest.raises(DeliveryError, match="no such relay output") as refused:
        await switch(world, "no <such> & output")
    assert refused.value.permanent
    assert not any(one["switched"] for one in await outside.get("/control/relays"))


async def test_a_device_that_keeps_silent_about_its_outputs_is_not_guessed_about(world, outside):
    await outside.post("/control/relays/fault", {"kind": "mute"})
    with pytest.raises(DeliveryError) as silent:
        await stands(world)
    assert not silent.value.permanent


async def test_nobody_there_is_certain():
    async with World(settings()) as gone:
        pass
    with pytest.raises(DeliveryError) as refused:
        await switch(gone)
    assert not refused.value.permanent


async def test_a_device_that_asks_for_a_log_in_gets_it_by_digest():
    login = {"username": "admin", "password": "opens-the-gate"}
    async with World(settings(camera_password="opens-the-gate")) as world:
        with pytest.raises(DeliveryError, match="log-in"):
            await switch(world)
        await switch(world, **login)
        assert await stands(world, **login) is True
        with pytest.raises(DeliveryError, match="log-in"):
            await switch(world, username="admin", password="wrong")


class Answer:
    """What any device might send."""

    def __init__(self, body: bytes) -> None:
        self.status_code, self.body = 200, body

    def iter_content(self, size: int) -> list[bytes]:
        return [self.body[start : start + size] for start in range(0, len(self.body), size)]


@pytest.mark.parametrize(
    "body",
    [b"", b"no xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a>" + b"x" * 200_000, b"<Envelope/>"],
)
def test_what_makes_no_sense_is_unclear(body, monkeypatch):
    monkeypatch.setattr(onvif.requests.Session, "post", lambda *_args, **_kwargs: Answer(body))
    with pytest.raises(Unclear):
        OnvifRelays().switch(Output("http://127.0.0.1:1", PATH, "127.0.0.1:1", "light"), on=True)
