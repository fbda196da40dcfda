"""Whose session a socket's is, asked again while the socket is open: logging out leaves sockets alive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from soc.core import clock
from soc.core.models import User


def user_now(scope: Any) -> User | None:
    """The user of a socket's session as the database has both now. None once they logged out, were put out of use, or
    changed their password: the session's hash is of the password it was begun with.
    """
    key = scope["session"].session_key
    return users_now([key]).get(key) if key else None


def users_now(keys: Iterable[str]) -> dict[str, User]:
    """The same for many sessions, by their keys, with the users' memberships: three queries, however many they are."""
    rows = Session.objects.filter(session_key__in=set(keys), expire_date__gt=clock.now())
    begun = {row.session_key: row.get_decoded() for row in rows}
    begun = {
        key: said for key, said in begun.items() if said.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    }
    ids = {said[SESSION_KEY] for said in begun.values() if SESSION_KEY in said}
    users = {
        str(user.pk): user for user in User.objects.filter(pk__in=ids, is_active=True).prefetch_related("memberships")
    }
    found = {key: users.get(said.get(SESSION_KEY, "")) for key, said in begun.items()}
    return {key: user for key, user in found.items() if user is not None and _fits(user, begun[key])}


def _fits(user: User, said: dict[str, Any]) -> bool:
    """Whether the session was begun with the password that they have now; under this secret key or an earlier one."""
    given = said.get(HASH_SESSION_KEY, "")
    known = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return bool(given) and any(constant_time_compare(given, one) for one in known)
