"""The pages of the centre and who finds them in the top bar. A new page adds its line here, in the order in which they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from soc.core.rights import Act, Role, allows

OUTSIDE: Final = frozenset({Role.OWNER, Role.VIEWER, Role.GUARD})  # what they may see they see at their own doors


@dataclass(frozen=True, slots=True)
class Page:
    """`view`: the name of its URL, which needs no arguments. `icon`: one of templates/icons.html."""

    view: str
    act: Act
    label: str | Promise
    icon: str


PAGES: Final = (
    Page("console", Act.CONSOLE, _("Console"), "moon"),
    Page("console-wall", Act.WALL, _("Wall"), "wall"),
    Page("console-calls", Act.CONSOLE, _("Calls and callers"), "phone"),
    Page("console-approvals", Act.APPROVALS, _("Approvals"), "check"),
    Page("console-cameras", Act.READINESS, _("Cameras"), "cam"),
    Page("console-cover", Act.COVER, _("Not as usual"), "mute"),
    Page("console-filter", Act.FUNNEL, _("Filter"), "bars"),
    Page("console-ask", Act.WHY, _("Ask it"), "note"),
    Page("console-audit", Act.AUDIT_RESULTS, _("Blind audit"), "check"),
    Page("console-quality", Act.REVIEW, _("Quality"), "eye"),
    Page("console-quality-own", Act.HANDLE, _("Your reviews"), "user"),
    Page("console-roster", Act.CONSOLE, _("Roster"), "cal"),
    Page("console-report", Act.WALL, _("Shift report"), "list"),
    Page("console-record", Act.AUDIT, _("Record"), "clock"),
)


@dataclass(frozen=True, slots=True)
class Link:
    page: Page
    href: str
    current: bool


def links(request: HttpRequest) -> list[Link]:
    """The pages that whoever asks may open; the one that is open, or that the open one lies under, is marked. One query."""
    user: Any = request.user
    roles = user.roles() - OUTSIDE if user.is_authenticated else set()
    pages = [page for page in PAGES if any(allows(role, page.act) for role in roles)]
    found = {page.view: reverse(page.view) for page in pages}
    under = [href for href in found.values() if request.path.startswith(href)]
    here = max(under, key=len, default="")
    return [Link(page, found[page.view], found[page.view] == here) for page in pages]
