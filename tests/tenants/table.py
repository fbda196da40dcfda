"""Every URL has its place in this table, by route. A line gives who gets what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, get_resolver

from soc.core.rights import Act


@dataclass(frozen=True)
class Line:
    """`act` opens it (at the place whose row the address names, if it names one); without it: `closed`, and 302 to the
    log-in for nobody."""

    act: Act | None = None
    of: str = ""  # the row that the address names
    method: str = "get"
    opened: frozenset[int] = frozenset({200})
    closed: int = 404
    nobody: int = 302
    data: tuple[tuple[str, str], ...] = ()
    also: Act | None = None  # another act that opens it as well
    face: Act | None = None  # besides: whose pages it belongs to
    query: str = ""  # what follows the address, with {pk} for that row


DONE = frozenset({200, 204, 302, 409})  # done, or refused as it stands now: never "not there"

TABLE: dict[str, list[Line]] = {
    "healthz": [Line(closed=200, nobody=200)],
    "": [Line(closed=-1)],
    "login/": [Line(closed=302, nobody=200)],
    "logout/": [Line(closed=405, nobody=405)],
    "media/<uuid:pk>": [Line(Act.VIDEO, "media", also=Act.VIDEO_IN_INCIDENT)],
    "console/": [Line(Act.CONSOLE)],
    "console/quiet/": [Line(Act.CONSOLE)],
    "console/shift/start/": [
        Line(Act.CONSOLE, method="post", opened=DONE),
        Line(Act.CONSOLE, opened=frozenset({405})),
    ],
    "console/shift/end/": [Line(Act.CONSOLE, opened=DONE), Line(Act.CONSOLE, method="post", opened=DONE)],
    "console/shift/": [Line(Act.CONSOLE, opened=DONE)],
    "console/shift/now/": [Line(Act.CONSOLE, opened=DONE)],
    "console/shift/break/": [Line(Act.CONSOLE, method="post", opened=DONE)],
    "console/shift/back/": [Line(Act.CONSOLE, method="post", opened=DONE)],
    "console/incidents/<uuid:pk>/": [Line(Act.CONSOLE, "incident")],
    "console/incidents/<uuid:pk>/painted/": [Line(Act.CONSOLE, "incident", "post", DONE)],
    "console/incidents/<uuid:pk>/evidence-shown/": [Line(Act.CONSOLE, "incident", "post", DONE)],
    "console/incidents/<uuid:pk>/<slug:verb>/": [
        Line(Act.HANDLE, "incident", "post", DONE, data=(("verb", verb),))
        for verb in (
            "claim",
            "decide",
            "note",
            "close",
            "release",
            "reopen",
            "undo",
            "describe",
            "note-call",
            "switch",
            "lift-quiet",
        )
    ]
    + [Line(Act.HOLD, "incident", "post", DONE, data=(("verb", verb),)) for verb in ("hold", "lift-hold")],
    "console/incidents/<uuid:pk>/export/": [Line(Act.EXPORT, "incident", face=Act.CONSOLE)],
    "console/approvals/": [Line(Act.APPROVALS)],
    "console/approvals/<uuid:pk>/<slug:verb>/": [
        Line(Act.ADDRESS, "approval", "post", DONE, data=(("verb", "refuse"),), face=Act.APPROVALS)
    ],
    "console/calls/": [Line(Act.CONSOLE)],
    "console/calls/add/": [Line(Act.HANDLE, method="post", opened=DONE, face=Act.CONSOLE)],
    "console/calls/<uuid:pk>/<slug:verb>/": [
        Line(Act.HANDLE, "callnote", "post", DONE, data=(("verb", "done"),), face=Act.CONSOLE)
    ],
    "console/cameras/": [Line(Act.READINESS)],
    "console/cameras/<uuid:pk>/": [Line(Act.READINESS, "camera")],
    "console/cameras/<uuid:pk>/view/": [Line(Act.TEND, "camera", "post", DONE)],
    "console/cameras/<uuid:pk>/serviced/": [Line(Act.TEND, "camera", "post", DONE)],
    "console/cameras/<uuid:pk>/speaker/": [Line(Act.TEND, "camera", "post", DONE)],
    "console/cover/": [Line(Act.COVER)],
    "console/cover/storm/": [Line(Act.STORM, method="post", opened=DONE)],
    "console/cover/sites/<uuid:pk>/": [Line(Act.COVER, "site")],
    "console/cover/sites/<uuid:pk>/<slug:verb>/": [
        Line(act, "site", "post", DONE, data=(("verb", verb),), also=also, face=Act.COVER)
        for verb, act, also in (
            ("snooze", Act.MUTE, None),
            ("test", Act.TEST, Act.TEST_VOUCHED),
            ("instruct", Act.INSTRUCT, None),
            ("expect", Act.PRESENCE, None),
            ("disarm", Act.ARM_VOUCHED, None),
        )
    ],
    "console/cover/<slug:kind>/<uuid:pk>/<slug:verb>/": [
        Line(act, of, "post", DONE, data=(("kind", kind), ("verb", "end")), face=Act.COVER)
        for kind, of, act in (
            ("muting", "muting", Act.MUTE),
            ("instruction", "temporaryinstruction", Act.INSTRUCT),
            ("window", "accesswindow", Act.PRESENCE),
            ("storm", "storm", Act.STORM),
        )
    ],
    "console/filter/": [Line(Act.FUNNEL, face=Act.AUDIT)],
    "console/filter/incidents/": [Line(Act.FUNNEL, face=Act.AUDIT)],
    "console/keys/": [Line(Act.CONSOLE), Line(Act.CONSOLE, method="post", opened=DONE)],
    "console/pack/": [Line(Act.PACK, opened=frozenset({200, 204}))],
    "console/pack/open/": [Line(Act.PACK)],
    "console/pack/worker.js": [Line(Act.PACK)],
    "console/pack/key/": [Line(Act.CONTINGENCY, face=Act.CONSOLE)],
    "console/audit/": [Line(Act.AUDIT_RESULTS)],
    "console/audit/mark/<uuid:pk>/": [Line(Act.AUDIT_MARK, "incident", "post", DONE)],
    "console/audit/known/<uuid:pk>/": [Line(Act.AUDIT_MARK, "knownintrusion", "post", DONE)],
    "console/ask/": [Line(Act.WHY), Line(Act.WHY, "site", query="?site={pk}")],
    "console/ask/candidates/": [Line(Act.WHY), Line(Act.WHY, "site", query="?site={pk}")],
    "console/ask/candidates/<uuid:pk>/": [Line(Act.WHY, "candidate")],
    # Beside the site's page in the administration, with a door of its own.
    "admin/core/site/<uuid:pk>/policy/": [Line(Act.PROPOSE, "site")],
    **{
        f"admin/core/site/<uuid:pk>/policy/{verb}/": [Line(act, "site", "post", DONE)]
        for act, verbs in ((Act.PROPOSE, ("keep", "replay", "ask", "drop")), (Act.POLICY, ("publish", "roll-back")))
        for verb in verbs
    },
    "console/wall/": [Line(Act.WALL)],
    "console/quality/": [Line(Act.REVIEW, also=Act.CONSOLE)],
    "console/quality/own/": [Line(Act.CONSOLE)],
    "console/quality/choose/<uuid:pk>/": [Line(Act.REVIEW, "incident", "post", DONE)],
    "console/quality/<uuid:pk>/": [Line(Act.REVIEW, "review")],
    "console/quality/<uuid:pk>/score/": [Line(Act.REVIEW, "review", "post", DONE)],
    "console/retelling/<uuid:pk>/": [Line(Act.REVIEW, "incident")],
    "console/record/": [Line(Act.AUDIT, also=Act.CONSOLE)],
    "console/roster/": [Line(Act.CONSOLE)],
    "console/roster/add/": [Line(Act.ASSIGN, method="post", opened=DONE, face=Act.CONSOLE)],
    # An entry has no site and is no customer's: whoever may strike one off has a test of its own.
    "console/roster/<uuid:pk>/strike/": [Line(method="post", of="site")],
    "console/report/": [Line(Act.WALL)],
    "console/wall/do/<slug:verb>/": [
        Line(act, method="post", opened=DONE, data=(("verb", verb),), face=Act.WALL)
        for verb, act in (("storm", Act.STORM), ("stop", Act.STOP), ("drill", Act.DRILL), ("drill-end", Act.DRILL))
    ],
    "console/wall/incidents/<uuid:pk>/": [Line(Act.WALL, "incident")],
    "console/wall/incidents/<uuid:pk>/assign/": [Line(Act.ASSIGN, "incident", "post", DONE, face=Act.WALL)],
    "console/filter/causes/<uuid:pk>/": [Line(Act.FUNNEL, "site", face=Act.AUDIT)],
    "console/filter/causes/<uuid:pk>/draft/": [Line(Act.PROPOSE, "site", "post", DONE, face=Act.FUNNEL)],
    "portal/": [Line(Act.PORTAL)],
    "portal/timeline/": [Line(Act.PORTAL)],
    "portal/figures/": [Line(Act.PORTAL)],
    "portal/sites/<uuid:pk>/arming": [Line(Act.ARM, "site"), Line(Act.ARM, "site", "post", DONE)],
    "portal/arming/<uuid:pk>/undo": [Line(of="armchange", method="post")],  # only by whoever did it
    "portal/expected/": [Line(Act.PORTAL)],
    "portal/expected/<uuid:pk>/call-off": [Line(Act.PRESENCE, "accesswindow", "post", DONE, face=Act.PORTAL)],
    "portal/sites/<uuid:pk>/expect": [
        Line(Act.PRESENCE, "site", face=Act.PORTAL),
        Line(Act.PRESENCE, "site", "post", DONE, face=Act.PORTAL),
    ],
    "portal/incidents/<uuid:pk>": [Line(Act.PORTAL, "incident")],
    "portal/incidents/<uuid:pk>/export": [Line(Act.EXPORT, "incident", face=Act.PORTAL)],
    "api/signals": [Line(closed=401, nobody=401, method="post"), Line(closed=401, nobody=401)],
    "api/incidents": [Line(closed=200, nobody=401)],
    "api/incidents/<uuid:pk>": [Line(Act.SEE, "incident", nobody=401)],
    "api/explain": [
        Line(closed=400, nobody=401),
        Line(Act.EXPLAIN, "site", nobody=401, query="?site={pk}&category=person&at=2026-11-22T02:10"),
    ],
    "api/schema": [Line(closed=200, nobody=-1)],
    "api/docs": [Line(closed=200, nobody=-1)],
    "twilio/voice/<uuid:attempt_id>": [Line(of="attempt", method="post", closed=403, nobody=403)],
    "twilio/gather/<uuid:attempt_id>": [Line(of="attempt", method="post", closed=403, nobody=403)],
    "twilio/status/<uuid:attempt_id>": [Line(of="attempt", method="post", closed=403, nobody=403)],
    # The responder's link: nobody's rights open it, and a wrong one is not there. The right one has a test of its own.
    "r/<str:token>": [Line(nobody=404)],
    "r/<str:token>/picture/<uuid:pk>": [Line(of="media", nobody=404)],
    "r/<str:token>/<slug:answer>": [Line(method="post", nobody=404, data=(("answer", "accept"),))],
    "twilio/sms": [Line(method="post", closed=403, nobody=403)],
}

# Administration: a list, and pages of one row. Who administers a row is told by `administers`.
ADMIN_PLAIN = {
    "", "login/", "logout/", "password_change/", "password_change/done/", "autocomplete/", "jsi18n/",
    "r/<path:content_type_id>/<path:object_id>/", "(?P<url>.*)$",
}  # fmt: skip
ADMIN_LIST = {"", "add/"}
ADMIN_ROW = {
    "<path:object_id>/", "<path:object_id>/change/", "<path:object_id>/delete/", "<path:object_id>/history/",
    "<id>/password/", "<path:object_id>/probe/", "<path:object_id>/new-key/",
    "<path:object_id>/picture/", "<path:object_id>/picture/shown/",
}  # fmt: skip
# What a whole organisation shares is not one customer's administrator's.
OF_ORGANISATION = {"organisation", "responder", "playbook", "message", "shift", "handlingtarget"}
# The log of failed log-ins belongs to no tenant: superusers only.
ADMIN_NOBODYS = {"axes"}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern.url_patterns, route)


def admin_page(route: str) -> tuple[str, str, str] | None:
    """(app, model, rest) of an admin route about a model; None for the others."""
    match = re.fullmatch(r"admin/(\w+)/(\w+)/(.*)", route)
    return (match[1], match[2], match[3]) if match and match[1] != "password_change" else None


def has_a_place(route: str) -> bool:
    if route in TABLE:
        return True
    if not route.startswith("admin/"):
        return False
    rest = route.removeprefix("admin/")
    if rest in ADMIN_PLAIN or re.fullmatch(r"\(\?P<app_label>[\w|]+\)/\$", rest):
        return True
    page = admin_page(route)
    return page is not None and page[2] in ADMIN_LIST | ADMIN_ROW
