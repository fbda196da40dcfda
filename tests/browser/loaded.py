"""Everything that web and spine import, so that a process forked after this starts in a moment. No connection, no thread."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
django.setup()

# `soc.asgi` itself stays out: it starts a thread, which a fork would lose.
import a2wsgi  # noqa: E402, F401
import channels.auth  # noqa: E402, F401
import kombu.transport.redis  # noqa: E402, F401
import uvicorn.config  # noqa: E402, F401
import uvicorn.lifespan.on  # noqa: E402, F401
import uvicorn.loops.auto  # noqa: E402, F401
import uvicorn.protocols.http.auto  # noqa: E402, F401
import uvicorn.protocols.websockets.auto  # noqa: E402, F401

import soc.celery  # noqa: E402, F401
import soc.core.management.commands.spine  # noqa: E402, F401
import soc.routing  # noqa: E402, F401
import soc.urls  # noqa: E402, F401
