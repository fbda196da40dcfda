"""Everything that web and spine import, so that a process forked after this starts in a moment. No connection, no thread."""

from __future__ import annotations

import os
from importlib import import_module

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
