"""The static files of the checkout, looked for once in each process of the tests instead of once for each of its clients."""

from __future__ import annotations

from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware

_look = WhiteNoiseMiddleware.add_files_from_finders
_found: dict[str, Any] = {}


def _once(middleware: WhiteNoiseMiddleware) -> None:
    if not _found:
        _look(middleware)
        _found.update(middleware.files)
    middleware.files.update(_found)


def look_once() -> None:
    """From now on in this process. A file that is written later is not found."""
    WhiteNoiseMiddleware.add_files_from_finders = _once
