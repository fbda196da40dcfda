"""Which pages may open a socket: ours, under the public address or the one that the page itself was fetched from."""

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings
from django.http.request import validate_host

ZERO = b"\\000"  # as a cookie writes the byte that is in none of ours, and that PostgreSQL does not take


class OwnOrigin(OriginValidator):
    """Lets a socket through whose Origin is a trusted one, or the very host that the request is for.

    The second is what Django's CSRF check does for forms, so that a page which loads can also listen: a desk may be opened
    by the machine's address instead of its name. The host must be an allowed one and the scheme ours.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        headers = dict(scope.get("headers", []))
        if ZERO in headers.get(b"cookie", b""):
            return await WebsocketDenier()(scope, receive, send)
        if same_host(headers.get(b"origin", b"").decode("latin-1"), headers.get(b"host", b"").decode("latin-1")):
            return await self.application(scope, receive, send)
        return await super().__call__(scope, receive, send)


def same_host(origin: str, host: str) -> bool:
    """Whether `origin` ("https://desk:8000") names the allowed `host` ("desk:8000") with our scheme."""
    try:
        parts = urlsplit(origin)
        name = parts.hostname
    except ValueError:
        return False
    ours = "https" if settings.SECURE else "http"
    if not name:
        return False
    return parts.scheme == ours and parts.netloc == host and validate_host(name, settings.ALLOWED_HOSTS)
