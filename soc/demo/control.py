"""The control door: what happens in the simulated world, and what really happened. Loopback only."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from soc.demo.cameras import faults
from soc.demo.cameras.camera import Camera
from soc.demo.cameras.intrusions import Schedule, YardReel
from soc.demo.clock import iso
from soc.demo.panel import NoAnswer, Panel
from soc.demo.phone.doors import number, object_in
from soc.demo.phone.network import PhoneNetwork


class NoSuchCamera(Exception):
    """There is no camera of that name, or not of that kind."""


class ControlDoors:
    """Everything under /control."""

    def __init__(self, cameras: Mapping[str, Camera], network: PhoneNetwork, panel: Panel | None) -> None:
        self.cameras = cameras
        self.network = network
        self.panel = panel

    def routes(self) -> list[web.RouteDef]:
        """The doors."""
        return [
            web.get("/control/cameras", self._list),
            web.post("/control/cameras/{name}/intrusion", self._intrude),
            web.post("/control/cameras/{name}/fault", self._fault),
            web.get("/control/cameras/{name}/heard.wav", self._wav),
            web.get("/control/cameras/{name}/heard", self._heard),
            web.get("/control/intrusions", self._intrusions),
            web.post("/control/schedule", self._schedule),
            web.post("/control/phone/callbacks", self._callbacks),
            web.post("/control/panel/{kind}", self._signal),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response([camera_json(camera) for camera in self.cameras.values()])

    async def _intrude(self, request: web.Request) -> web.Response:
        camera = self._camera(request)
        try:
            one = camera.stage()
        except TypeError as error:
            raise NoSuchCamera(str(error)) from error
        return web.json_response({"id": one.id, "starts_at": iso(camera.when(one.starts_at_s))}, status=201)

    async def _fault(self, request: web.Request) -> web.Response:
        """Begin a fault, or with kind ``none`` end it."""
        camera, data = self._camera(request), await object_in(request)
        kind = str(data.get("kind", ""))
        if kind == "none":
            camera.faults.end()
            return web.json_response(camera_json(camera))
        if kind not in faults.KINDS:
            raise ValueError(f"kind is none or one of {', '.join(faults.KINDS)}")
        spell = await camera.misbehave(kind, number(data.get("seconds", 10), "seconds"))
        return web.json_response(
            {
                "kind": kind,
                "from": iso(camera.watch.when(spell.from_s)),
                "to": iso(camera.watch.when(spell.to_s)),
            },
            status=201,
        )

    async def _wav(self, request: web.Request) -> web.Response:
        return web.Response(body=self._camera(request).heard.wav(), content_type="audio/wav")

    async def _heard(self, request: web.Request) -> web.Response:
        return web.json_response(self._camera(request).heard.summary())

    async def _intrusions(self, request: web.Request) -> web.Response:
        return web.json_response([one for camera in self.cameras.values() for one in camera.intrusions()])

    async def _schedule(self, request: web.Request) -> web.Response:
        data = await object_in(request)
        camera = self.cameras.get(str(data.get("camera", "yard")))
        if camera is None or not isinstance(camera.reel, YardReel):
            raise NoSuchCamera(f"there is no schedule for {data.get('camera')}")
        old = camera.reel.schedule
        enabled = data.get("enabled", old.enabled)
        if not isinstance(enabled, bool):
            raise ValueError("enabled is true or false")
        schedule = Schedule(
            every_s=max(1.0, number(data.get("every_s", old.every_s), "every_s")),
            first_s=number(data.get("first_s", old.first_s), "first_s"),
            enabled=enabled,
        )
        camera.reel.reschedule(schedule, camera.shown_s())
        return web.json_response(vars(schedule) | {"camera": camera.name})

    async def _callbacks(self, request: web.Request) -> web.Response:
        data, manners = await object_in(request), self.network.courier.manners
        manners.twice = data.get("twice", manners.twice) is True
        manners.disordered = data.get("disordered", manners.disordered) is True
        return web.json_response(vars(manners))

    async def _signal(self, request: web.Request) -> web.Response:
        if self.panel is None:
            raise NoSuchCamera("there is no panel: start with --panel-url and --panel-key")
        data = await object_in(request)
        words = {name: str(data[name]) for name in ("zone", "text", "dedup") if name in data}
        try:
            answer = await self.panel.send(request.match_info["kind"], **words)
        except NoAnswer as error:
            return web.json_response({"error": str(error)}, status=502)
        return web.json_response({"status": answer.status, "body": answer.body})

    def _camera(self, request: web.Request) -> Camera:
        name = request.match_info["name"]
        if name not in self.cameras:
            raise NoSuchCamera(f"there is no camera {name}")
        return self.cameras[name]


def camera_json(camera: Camera) -> dict[str, object]:
    """One camera as it is at this moment."""
    return {
        "name": camera.name,
        "state": camera.state,
        "clients": len(camera.viewers),
        "connections": len(camera.connections),
        "frames_sent": camera.frames_sent,
        "frames_shown": camera.frames_shown,
        "heard_s": round(camera.heard.seconds, 3),
        "backchannel": camera.backchannel,
        "once": camera.once,
    }
