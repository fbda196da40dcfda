"""The web sites of the simulated world, and what holds for every door of them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from aiohttp import web

from soc.demo.cameras.intrusions import TooMany
from soc.demo.control import NoSuchCamera
from soc.demo.phone.network import NoSuchCall

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LARGEST_REQUEST = 256 * 1024


def build_site(routes: Iterable[web.AbstractRouteDef]) -> web.Application:
    """A site with these doors."""
    site = web.Application(middlewares=[_careful], client_max_size=LARGEST_REQUEST)
    site.add_routes(routes)
    return site


@web.middleware
async def _careful(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Control from this machine only, no buttons pressed by other web pages, errors as JSON."""
    if request.path.startswith("/control") and not _is_local(request.remote):
        return _error(403, "control is for this machine only")
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.host:
        return _error(403, "another web page may not do this")
    try:
        return await handler(request)
    except NoSuchCamera as error:
        return _error(404, str(error))
    except (NoSuchCall, TooMany) as error:
        return _error(409, str(error))
    except json.JSONDecodeError:
        return _error(400, "the body is no JSON")
    except ValueError as error:
        return _error(400, str(error))


def _is_local(address: str | None) -> bool:
    try:
        return bool(address) and ipaddress.ip_address(str(address)).is_loopback
    except ValueError:
        return False


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
