"""Everything that web and spine import and read, so that a process forked after this starts in a moment. No connection, no
thread."""

from __future__ import annotations

import gc
import os
from importlib import import_module
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
django.setup()

# `soc.asgi` itself stays out: it starts a thread, which a fork would lose.
for name in (
    "a2wsgi",
    "channels.auth",
    "kombu.transport.redis",
    "soc.celery",
    "soc.core.management.commands.spine",
    "soc.routing",
    "soc.urls",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
):
    import_module(name)

from django.conf import settings  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.template.loader import get_template  # noqa: E402

from tests.statics import look_once  # noqa: E402

look_once()
get_wsgi_application()
for folder in map(Path, settings.TEMPLATES[0]["DIRS"]):
    for page in folder.rglob("*.html"):
        get_template(str(page.relative_to(folder)))
gc.freeze()  # what every fork has is no garbage of theirs
