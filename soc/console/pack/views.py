"""The doors of the contingency pack."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from incidents.actions.contingency import pack_taken, set_contingency_key
from soc.console.centres import centres, whole
from soc.console.door import specialist
from soc.console.pack import reads, sealing
from soc.console.pack.words import words
from soc.core import clock
from soc.core.rights import Act

WHOLE: Final = gettext_lazy("The phrase opens the packs of the whole centre: it is for whoever supervises all of it.")
LONGEST: Final = 40_000  # bytes of a key that is handed in


@specialist
@require_safe
def pack(request: HttpRequest) -> HttpResponse:
    """The sealed pack as of now, with what opens it but for the phrase. 204 while the centre has no key."""
    user: Any = request.user
    organisation = next(iter(centres(user, Act.PACK)), None)
    if organisation is None:
        raise Http404
    key = reads.key_of(organisation)
    if key is None:
        return HttpResponse(status=204)
    at = clock.now()
    sealed = sealing.seal(reads.contents(user, organisation, at=at), key.public)
    pack_taken(organisation, key, by=user, at=at)
    outside = {"v": 1, "made_at": at.isoformat(), "centre": organisation.name, "locked": key.locked}
    return JsonResponse(outside | sealed, headers={"Cache-Control": "no-store"})


@specialist
@require_safe
def opener(request: HttpRequest) -> HttpResponse:
    """The page that opens a pack. It is the same for everyone and holds nothing: the desk keeps it for when nobody answers."""
    user: Any = request.user
    if not user.may_anywhere(Act.PACK):
        raise Http404
    return render(request, "console/pack/open.html", {"words": words()})


@specialist
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker that answers for the opener while the server is away."""
    script = render_to_string("console/pack/worker.js", {"files": FILES})
    return HttpResponse(script, content_type="text/javascript", headers={"Cache-Control": "no-cache"})


# What the opener is made of: kept on the desk with it.
FILES: Final = (
    "nightdesk.css", "pack.css", "icon.svg", "fonts/inter-latin-wght-normal.woff2", "js/theme.js", "js/pack-open.js",
    "js/pack-sealing.js", "js/pack-kept.js", "js/dom.js", "js/words.js",
)  # fmt: skip


@specialist
@require_http_methods(["GET", "HEAD", "POST"])
def key(request: HttpRequest) -> HttpResponse:
    """Where a supervisor sets the phrase. The browser makes the keys; the phrase itself never comes here."""
    user: Any = request.user
    organisation = next(iter(centres(user, Act.CONTINGENCY)), None)
    if organisation is None:
        raise Http404
    # Every pack of the centre opens by it, also those with sites that this supervisor does not see.
    refused = "" if whole(user, organisation, Act.CONTINGENCY) else str(WHOLE)
    if request.method == "POST":
        refused = refused or _take(request, organisation)
        if not refused:
            return redirect("console-pack-key")
    current = reads.key_of(organisation)
    facts = {"organisation": organisation, "current": current, "refused": refused, "words": words()}
    return render(request, "console/pack/key.html", facts, status=409 if refused and request.method == "POST" else 200)


def _take(request: HttpRequest, organisation: Any) -> str:
    """The words of a refusal, or "" when the key was taken."""
    user: Any = request.user
    public, locked = request.POST.get("public", ""), request.POST.get("locked", "")
    if len(public) + len(locked) > LONGEST:
        return _("The page sent something that cannot be read. Reload it and try again.")
    try:
        parts = json.loads(locked)
        sealing.public_key(public)
        sealing.check_locked(parts)
    except (ValueError, RecursionError):
        return _("The page sent a key that no pack can be sealed with. Reload it and try again.")
    set_contingency_key(organisation, public=public, locked=parts, by=user, at=clock.now())
    return ""
