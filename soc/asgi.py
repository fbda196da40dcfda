"""One server process: websockets through Channels, HTTP through Django's WSGI handler in threads that live on.

Threads that live on keep their database connections (a page costs a third of what it does under Django's own ASGI
handler with a new connection each time); the price is that there are no async HTTP views.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")

from a2wsgi import WSGIMiddleware  # noqa: E402
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

http = get_wsgi_application()  # loads the apps, which the routes need

from soc.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": WSGIMiddleware(http, workers=8),
        "websocket": OriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)), settings.CSRF_TRUSTED_ORIGINS),
    }
)
