"""One server process: websockets through Channels, HTTP through Django's WSGI handler in threads that live on.

Threads that live on keep their database connections (a page costs a third of what it does under Django's own ASGI
handler with a new connection each time); the price is that there are no async HTTP views.
"""

import logging
import os
import sys
import threading
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.wsgi import get_wsgi_application

http = get_wsgi_application()  # loads the apps, which the routes need

from cameras.categories import CATEGORIES  # noqa: E402
from soc.celery import app as celery  # noqa: E402
from soc.core.bodies import WholeBodies  # noqa: E402
from soc.core.history import MACHINES  # noqa: E402
from soc.core.origins import OwnOrigin  # noqa: E402
from soc.core.pacing import Paced  # noqa: E402
from soc.core.threads import Threads  # noqa: E402
from soc.routing import websocket_urlpatterns  # noqa: E402


def warm() -> None:
    """Open the connection that hints to the workers go through: the first hint costs 0.4 s on an idle machine and seconds
    on a busy one, and an operator's first act would wait for it. Nothing hangs on it: a broker that is away is only told."""
    try:
        with celery.producer_or_acquire() as producer:
            producer.connection.ensure_connection(max_retries=1, timeout=2)
    except Exception:
        logging.getLogger(__name__).warning("the workers' broker was not reached at the start", exc_info=True)


# What waits for its turn beside pages that are being made (a push, a beat, the reader at every answer of the database) waits for
# each of them that much: five times less than Python's own value.
sys.setswitchinterval(0.001)

# A clip fits into the queue, so that a phone on a bad line takes its time and not a thread's.
threads: Any = Threads(http, workers=8, send_queue_size=64)  # type: ignore[arg-type]  # its types name the environ otherwise
# Alarms wait a moment in a storm, but for those that people press a button for.
paced: Any = Paced(
    threads, path=MACHINES, at_most_s=5.0, hurry=[code.encode() for code, one in CATEGORIES.items() if one.threat]
)
application = ProtocolTypeRouter(
    {
        "http": WholeBodies(paced, most=2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE, larger=settings.LARGER_BODIES),
        "websocket": OwnOrigin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)), settings.CSRF_TRUSTED_ORIGINS),
    }
)

threading.Thread(target=warm, name="warm", daemon=True).start()
