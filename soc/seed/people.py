"""The demonstration's users and their one password: DEMO_PASSWORD, or one made on the first run and kept in VAR."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password

from soc.core.models import Customer, Membership, Organisation, Site, User
from soc.core.rights import Role
from soc.seed.rows import check, ensure, keep_private, read_private

Scope = Organisation | Customer | Site


@dataclass(frozen=True)
class Person:
    """Who logs in, as what, and over which scopes."""

    username: str
    role: Role | None
    scopes: tuple[Scope, ...] = ()
    call_sign: str = ""
    staff: bool = False
    superuser: bool = False


def logins_file() -> Path:
    return Path(settings.VAR) / "demo_logins.json"


def password() -> tuple[str, bool]:
    """The demonstration's password, and whether it is newly given. DEMO_PASSWORD wins and is never written down."""
    if given := os.environ.get("DEMO_PASSWORD"):
        logins_file().unlink(missing_ok=True)
        return given, True
    kept: dict[str, Any] = json.loads(read_private(logins_file()) or "{}")
    if kept.get("password"):
        return str(kept["password"]), False
    word = secrets.token_urlsafe(12)
    keep_private(logins_file(), json.dumps({"password": word}) + "\n")
    return word, True


def put_people(people: list[Person]) -> None:
    """Make who is missing. A password that is newly given becomes everybody's, unless the first of them has it already.

    One hash for all: they share the password, and ten hashes would be seconds of every first run.
    """
    word, given = password()
    encoded = ""
    known = User.objects.filter(username=people[0].username).first()
    reset = given and (known is None or not check_password(word, known.password))
    for person in people:
        user = User.objects.filter(username=person.username).first()
        if user is None or reset:
            encoded = encoded or make_password(word)
            user = user or User(
                username=person.username,
                call_sign=person.call_sign,
                is_staff=person.staff or person.superuser,
                is_superuser=person.superuser,
            )
            user.password = encoded
            check(user)
            user.save()
        for scope in person.scopes:
            assert person.role is not None
            over: dict[str, Any] = {type(scope).__name__.lower(): scope}
            ensure(Membership, user=user, role=person.role, **over)


def printed() -> str:
    """The log-ins, for the terminal. A password of the environment is named, not shown."""
    kept: dict[str, Any] = json.loads(read_private(logins_file()) or "{}")
    word = kept.get("password") or "that DEMO_PASSWORD gave them"
    lines = [f"Log-ins, all with the password {word}"]
    users = User.objects.filter(is_active=True).prefetch_related("memberships").order_by("username")
    for user in users:
        rights = [_right(membership) for membership in user.memberships.all()]
        if user.is_superuser:
            rights.append("administration of everything")
        lines.append(f"  {user.username:10} {'; '.join(rights) or 'no rights'}")
    return "\n".join(lines)


def _right(membership: Membership) -> str:
    return f"{membership.get_role_display()} of {membership.organisation or membership.customer or membership.site}"
