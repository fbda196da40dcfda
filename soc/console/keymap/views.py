"""The page on which each person chooses their own keys, or switches single keys off."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from incidents.errors import Refused
from soc.console.door import specialist
from soc.console.keymap import commands


@specialist
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """GET: the keys as they are. POST: `key.R=X` …, `single`; or `shipped` for all as they were."""
    user = request.user
    given = {name[4:]: value for name, value in request.POST.items() if name.startswith("key.")}
    refused: Refused | None = None
    if request.method == "POST":
        try:
            fresh = "shipped" in request.POST
            commands.choose(user, keys={} if fresh else given, single=fresh or "single" in request.POST)  # type: ignore[arg-type]
            return redirect("console-keys")
        except Refused as error:
            refused = error
    own = commands.own_keys(user)  # type: ignore[arg-type]
    rows = [(one, given.get(one.key, own.get(one.key, one.key))) for one in commands.COMMANDS if one.own]
    facts = {"rows": rows, "single": commands.single_keys(user), "refused": refused}  # type: ignore[arg-type]
    return render(request, "console/keymap/keys.html", facts, status=409 if refused else 200)
