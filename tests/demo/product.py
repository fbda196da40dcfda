"""A small web server in the place of whoever places calls: gives instructions and takes callbacks."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.demo.conftest import ACCOUNT, TOKEN


class ToNetwork(TwilioHttpClient):
    """The real SDK's transport, led to the simulated network."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=10)
        self.base = base
        self.asked: list[dict] = []

    def request(self, method, url, *args, **kwargs):
        self.asked.append({"method": method, "url": url, "data": kwargs.get("data") or {}})
        return super().request(method, url.replace("https://api.twilio.com", self.base), *args, **kwargs)


def sdk(world, token: str = TOKEN) -> Client:
    return Client(ACCOUNT, token, http_client=ToNetwork(f"http://127.0.0.1:{world.phone_port}"))


@dataclass
class Product:
    """What arrived, and what is answered: ``twiml`` by path, ``statuses`` one after the other."""

    base: str = ""
    twiml: dict[str, str] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    received: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)

    def events(self) -> list[str]:
        """The CallStatus or MessageStatus of each callback, as they came."""
        return [p.get("CallStatus") or p["MessageStatus"] for path, p in self.received if path.startswith("/status")]

    def form(self, path: str) -> dict[str, str]:
        """The parameters of the last request to a path."""
        return [params for at, params in self.received if at == path][-1]

    async def take(self, request: web.Request) -> web.Response:
        params = {name: str(value) for name, value in (await request.post()).items()}
        signature = request.headers.get("X-Twilio-Signature", "")
        # Twilio's own code is the judge of the signature.
        if not RequestValidator(TOKEN).validate(self.base + request.raw_path, params, signature):
            self.unsigned.append(request.path)
        self.received.append((request.path, params))
        if request.path.startswith("/status"):
            return web.Response(status=self.statuses.pop(0) if self.statuses else 204)
        if request.path in self.twiml:
            return web.Response(text=self.twiml[request.path], content_type="text/xml")
        return web.Response(status=404)


async def serve(product: Product) -> web.AppRunner:
    """Start it on a free port."""
    site = web.Application()
    site.router.add_route("*", "/{rest:.*}", product.take)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    product.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return runner
