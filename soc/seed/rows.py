"""Making rows that may be there already, each checked as a form would check it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, time
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.db.models import Model

from cameras.actions import publish
from cameras.models import Camera, Zone
from responses.models import Relay
from soc.core.models import Site

Row = TypeVar("Row", bound=Model)
Polygon = list[list[float]]
DEVICE = "/onvif/device_service"

WHOLE_PICTURE: Polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]


def ensure(model: type[Row], *, defaults: dict[str, Any] | None = None, **known_by: Any) -> tuple[Row, bool]:
    """The row `known_by` these fields, and whether it was made now. Raises CommandError in words where it cannot be."""
    found = model._default_manager.filter(**known_by).first()
    if found is not None:
        return found, False
    row = model(**known_by, **(defaults or {}))
    check(row)
    row.save()
    return row, True


def check(row: Model) -> None:
    """Validate like a form: fields that save() fills in are left out. Raises CommandError."""
    try:
        row.full_clean(exclude=[field.name for field in row._meta.fields if not field.editable])
    except ValidationError as error:
        words = "; ".join(error.messages)
        raise CommandError(f"{row._meta.verbose_name} “{row}” cannot be stored: {words}") from error


def arm(site: Site, starts: time, ends: time, days: Iterable[int] = range(7), *, at: datetime) -> None:
    """Give a new site its weekly schedule, as the first version of its policy. One that has a policy keeps it."""
    if site.policies.exists():
        return
    week = [{"day": day, "from": f"{starts:%H:%M}", "to": f"{ends:%H:%M}"} for day in days]
    publish(site, {"owner": "schedule", "schedule": {"week": week}}, by=None, at=at)


def put_camera(site: Site, name: str, *, path: str, speaker: bool, zones: Iterable[tuple[str, str, Polygon]]) -> Camera:
    """A camera of the simulated world with its zones (name, kind, outline).

    One that is there keeps what people changed; only its port follows the simulated world's, and only while its
    address is still one of the simulated world's.
    """
    address = camera_address(path)
    wanted = os.environ.get("DEMO_CAMERAS", "")  # paths, by commas; a small machine may watch fewer
    enabled = not wanted or path in wanted.split(",")
    given = {"address": address, "speaker": speaker, "enabled": enabled, **_login()}
    camera, made = ensure(Camera, site=site, name=name, defaults=given)
    if made:
        for zone, kind, polygon in zones:
            ensure(Zone, camera=camera, name=zone, defaults={"site": site, "kind": kind, "polygon": polygon})
    elif camera.address != address and _is_simulated(camera.address, path):
        camera.address = address
        check(camera)
        camera.save(update_fields=["address"])
    return camera


def put_relay(site: Site, name: str, *, kind: str, output: str) -> Relay:
    """An output of the simulated world's device. One that is there keeps what people changed, but for its port."""
    address = f"http://127.0.0.1:{_port('DEMO_PHONE_PORT', '8025')}{DEVICE}"
    given = {"kind": kind, "address": address, "output": output, "goes_back": kind != Relay.Kind.LIGHT, **_login()}
    relay, _made = ensure(Relay, site=site, name=name, defaults=given)
    if relay.address != address and relay.address.startswith("http://127.0.0.1:") and relay.address.endswith(DEVICE):
        relay.address = address
        check(relay)
        relay.save(update_fields=["address"])
    return relay


def camera_address(path: str) -> str:
    return f"rtsp://127.0.0.1:{_port('DEMO_RTSP_PORT', '8554')}/{path}"


def _port(name: str, usual: str) -> str:
    port = os.environ.get(name) or usual
    if not port.isdigit():
        raise CommandError(f"{name} is a port number, not “{port}”.")
    return port


def _login() -> dict[str, str]:
    """For the simulated world's devices; empty where they ask for none."""
    password = os.environ.get("DEMO_CAMERA_PASSWORD", "")
    return {"username": "admin", "password": password} if password else {}


def _is_simulated(address: str, path: str) -> bool:
    return address.startswith("rtsp://127.0.0.1:") and address.endswith(f"/{path}")


def keep_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, whole or not at all. Raises CommandError where somebody else's is."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        part.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written ({error.strerror}): remove it or start as its owner.") from error


def read_private(path: Path) -> str:
    """What `keep_private` wrote; empty where there is nothing yet."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}): start as its owner.") from error
