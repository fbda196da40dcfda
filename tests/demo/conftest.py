"""The simulated world on free ports, in the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest_asyncio

from soc.demo.settings import WorldSettings
from soc.demo.world import World

ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "token-of-the-test"


async def until(look: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait for a condition, which may be a coroutine function; what it gave."""
    limit = asyncio.get_running_loop().time() + seconds
    while True:
        found = look()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert asyncio.get_running_loop().time() < limit, "waited in vain"
        await asyncio.sleep(0.02)


class Outside:
    """The world's JSON doors."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self.world = world
        self.session = session
        self.base = f"http://127.0.0.1:{world.phone_port}"

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.session.get(self.base + path) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def post(self, path: str, body: object = None, status: int = 200, **more: Any) -> Any:
        async with self.session.post(self.base + path, json=body or {}, **more) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def bytes(self, path: str) -> bytes:
        async with self.session.get(self.base + path) as answer:
            assert answer.status == 200
            return await answer.read()


def settings(**changes: Any) -> WorldSettings:
    """Free ports, no waiting where none is tested."""
    quick: dict[str, Any] = {"calls_per_second": 0.0, "speech_s": 0.0, "first_s": 3600.0, "every_s": 3600.0}
    return WorldSettings(account=ACCOUNT, token=TOKEN, rtsp_port=0, phone_port=0, **(quick | changes))


@pytest_asyncio.fixture
async def session():
    async with aiohttp.ClientSession() as made:
        yield made


@pytest_asyncio.fixture
async def world():
    async with World(settings()) as made:
        yield made


@pytest_asyncio.fixture
async def outside(world, session):
    return Outside(world, session)
