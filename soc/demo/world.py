"""Start and stop the whole simulated world."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from aiohttp import web

from soc.demo.cameras.auth import Login
from soc.demo.cameras.camera import Camera
from soc.demo.cameras.intrusions import Schedule
from soc.demo.cameras.server import RtspServer, build_cameras
from soc.demo.control import ControlDoors
from soc.demo.panel import Panel
from soc.demo.phone.couriers import Manners
from soc.demo.phone.doors import PhoneDoors
from soc.demo.phone.network import PhoneNetwork, Settings
from soc.demo.phone.rest import TwilioApi
from soc.demo.relays import RelayBox
from soc.demo.settings import WorldSettings
from soc.demo.web import build_site

log = logging.getLogger("soc.demo")


class World:
    """``async with World(settings) as world``: everything listens inside."""

    def __init__(self, settings: WorldSettings) -> None:
        self.settings = settings
        schedule = Schedule(every_s=settings.every_s, first_s=settings.first_s, enabled=settings.scheduled)
        self.cameras: dict[str, Camera] = build_cameras(
            schedule, settings.plays, settings.play_limit_s, speed=settings.speed
        )
        login = Login(settings.camera_user, settings.camera_password) if settings.camera_password else None
        self.rtsp = RtspServer(self.cameras, login)
        self.relays = RelayBox(login)
        self.network = PhoneNetwork(
            Settings(
                account=settings.account,
                token=settings.token,
                policy=settings.policy,
                calls_per_second=settings.calls_per_second,
                speech_s=settings.speech_s,
                duplicate_window_s=settings.duplicate_window_s,
                authority=settings.authority,
            )
        )
        self.network.courier.manners = Manners(settings.callbacks_twice, settings.callbacks_disordered)
        self.panel = Panel(settings.panel_url, settings.panel_key) if settings.panel_url else None
        self._runners: list[web.AppRunner] = []

    async def __aenter__(self) -> World:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen everywhere. Raises OSError where a port is taken, Unplayable for a file that is no video."""
        try:
            await self._open()
        except BaseException:
            await self.stop()
            raise

    async def _open(self) -> None:
        settings = self.settings
        for camera in self.cameras.values():
            if camera.once:
                # Encoding runs ahead of the first client, so that playing takes no time from what is watched.
                await camera.reel.ready()
        await self.rtsp.start(settings.host, settings.rtsp_port)
        control = ControlDoors(self.cameras, self.network, self.panel).routes() + self.relays.control_routes()
        phones: list[web.AbstractRouteDef] = [*PhoneDoors(self.network).routes(), *TwilioApi(self.network).routes()]
        phones += self.relays.routes()
        apart = settings.control_port == 0 or settings.control_port not in (None, settings.phone_port)
        self.phone_port = await self._listen(phones if apart else [*phones, *control], settings.phone_port)
        self.control_port = self.phone_port
        if apart:
            self.control_port = await self._listen(control, settings.control_port or 0)
        if self.panel:
            self.panel.start()

    async def stop(self) -> None:
        """Stop everything."""
        if self.panel:
            await self.panel.close()
        await self.network.close()
        self.relays.close()
        for runner in self._runners:
            await runner.cleanup()
        await self.rtsp.stop()

    def lines(self) -> list[str]:
        """One line per service, for the terminal."""
        host = self.settings.host
        web_url = self.settings.public_url or f"http://{host}:{self.phone_port}"
        lines = [
            f"cameras: rtsp://{host}:{self.rtsp.port}/ ({', '.join(self.cameras)})",
            f"phones: {web_url.rstrip('/')}/",
            f"control: http://{host}:{self.control_port}/control",
            f"relays: http://{host}:{self.phone_port}/onvif/device_service ({', '.join(self.relays.outputs)})",
        ]
        return [*lines, f"panel: signals to {self.settings.panel_url}"] if self.panel else lines

    async def _listen(self, routes: Sequence[web.AbstractRouteDef], port: int) -> int:
        # Long waits for changes end with the process, not the other way round.
        runner = web.AppRunner(build_site(routes), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, self.settings.host, port)
        await site.start()
        return int(runner.addresses[0][1])
