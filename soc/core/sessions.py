"""Whose session a socket's is, asked again while the socket is open: logging out leaves sockets alive."""

from typing import Any

from django.contrib.auth import get_user

from soc.core.models import User


class _Request:
    """What django.contrib.auth.get_user needs of a request."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.META: dict[str, str] = {}


def user_now(scope: Any) -> User | None:
    """The user of a socket's session as the database has both now. None once they logged out, were put out of use, or
    changed their password: the session's hash is of the password it was begun with.
    """
    given = scope["session"]
    if not given.session_key:
        return None
    session = given.__class__(given.session_key)
    if not session.exists(session.session_key):
        return None
    user = get_user(_Request(session))  # type: ignore[arg-type]
    return user if isinstance(user, User) and user.is_active else None
