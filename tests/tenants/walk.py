"""One person's way past every URL, and what each page shows them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction
from django.test import Client

from soc.core.models import User
from soc.core.rights import Act, allows
from tests.tenants.table import (
    ADMIN_LIST,
    ADMIN_NOBODYS,
    ADMIN_ROW,
    OF_ORGANISATION,
    TABLE,
    Line,
    admin_page,
    routes,
)  # fmt: skip
from tests.tenants.world import Place, World, may


def address(route: str, place: Place, line: Line) -> str:
    pk = place.rows[line.of].pk if line.of else ""
    path = re.sub(r"<uuid:\w+>", str(pk), route)
    path = path.replace("<str:token>", "A" * 64)
    path = re.sub(r"<slug:(\w+)>", lambda name: dict(line.data).get(name[1], ""), path)
    return "/" + path + line.query.format(pk=pk)


def body(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode("utf-8", "replace")


def marks(text: str) -> set[str]:
    return set(re.findall(r"QX[AB]\d+QX", text))


def may_read(person: User | None, world: World) -> set[str]:
    """The marks that this person may meet."""
    if person is None or not person.is_active:
        return set()
    seen = {place.mark for place in world.places.values() if may(person, Act.SEE, place)}
    return seen | {f"QX{mark[2]}0QX" for mark in seen}


class Walk:
    """One person's way through the product; `wrong` has every answer that was not expected."""

    def __init__(self, name: str, person: User | None, world: World) -> None:
        self.name, self.person, self.world = name, person, world
        self.wrong: list[str] = []
        self.asked = 0
        self.may_read = may_read(person, world)
        self.client = Client()
        if person is not None:
            self.client.force_login(person)
        self.logged_in = person is not None and person.is_active

    def ask(self, url: str, expected: set[int] | frozenset[int], method: str = "get") -> None:
        self.asked += 1
        with transaction.atomic():
            form = {"content_type": "application/x-www-form-urlencoded"} if method == "post" else {}
            answer = getattr(self.client, method)(url, **form)
            text = body(answer) if answer.status_code == 200 else ""
            transaction.set_rollback(True)
        if answer.status_code not in expected:
            self.wrong.append(f"{self.name}: {method} {url} gave {answer.status_code}, not {sorted(expected)}")
        if leaked := marks(text) - self.may_read:
            self.wrong.append(f"{self.name}: {method} {url} shows {sorted(leaked)}")

    def near_and_far(self) -> list[Place]:
        """A customer, the neighbour of the same organisation, and one of the other."""
        return [self.world.places[name] for name in ("A1", "A2", "B1")]

    def telling(self, right: Callable[[Place], bool]) -> list[Place]:
        """Those of them that tell something: where one has the right at the first two, the second tells nothing more; where
        one has it nowhere, each refuses for the same reason, and the one that this person is nearest to would slip first."""
        places = self.near_and_far()
        held = [right(place) for place in places]
        if not any(held):
            return [next((place for place in places if may(self.person, Act.SEE, place)), places[0])]
        return [places[0], places[2]] if held[0] and held[1] else places

    def everything(self) -> None:
        for route in routes():
            for line in TABLE.get(route, []):
                places = self.telling(partial(self._opens, line)) if line.of else [self.world.places["A1"]]
                for place in places:
                    self.ask(address(route, place, line), self._expected(line, place), line.method)

    def _expected(self, line: Line, place: Place) -> set[int] | frozenset[int]:
        if not self.logged_in:
            return {200, 302, 401, 403} if line.nobody == -1 else {line.nobody}
        if line.closed == -1:  # the start page sends everybody on, or says that there is nothing
            return {302} if any(may(self.person, act) for act in (Act.CONSOLE, Act.PORTAL)) or self._staff() else {403}
        if self._opens(line, place if line.of else None):
            return line.opened
        if line.act is Act.HANDLE and may(self.person, Act.CONSOLE, place):
            return {line.closed, 409}  # who sees it on the console may be refused in words
        return {line.closed}

    def _opens(self, line: Line, where: Place | None) -> bool:
        own_pages = line.face is None or may(self.person, line.face, where)
        return own_pages and any(act is not None and may(self.person, act, where) for act in (line.act, line.also))

    def _staff(self) -> bool:
        return self.person is not None and self.person.is_staff

    def _administers(self, model: str, place: Place) -> bool:
        if model not in OF_ORGANISATION:
            return may(self.person, Act.ADMINISTER, place)
        held = self.person.memberships.all() if self.person is not None else []
        return any(m.organisation_id == place.organisation.pk and allows(m.role, Act.ADMINISTER) for m in held)

    def administration(self) -> None:
        """As for the rest: what is not administered is not there (the admin then goes to its index)."""
        administrator = self.logged_in and self._staff() and may(self.person, Act.ADMINISTER)
        for route in routes():
            page = admin_page(route)
            if page is None or page[2] not in ADMIN_LIST | ADMIN_ROW:
                continue
            app, model, rest = page
            if rest in ADMIN_LIST:
                allowed = {200, 403} if administrator and app not in ADMIN_NOBODYS else {302, 403}
                self.ask(f"/{route}", allowed)
                continue
            own_at = partial(self._administers, model)
            places = self.telling(own_at) if administrator else [self.world.places["A1"]]
            for place in places:
                row = place.rows.get(model)
                pk = row.pk if row is not None else uuid.uuid4()
                own = administrator and row is not None and self._administers(model, place)
                url = "/" + re.sub(r"<(path:)?\w+>", str(pk), route)
                self.ask(url, {200, 302, 403, 405} if own else {302, 403, 404})
