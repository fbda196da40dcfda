import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from django.views.defaults import server_error

from soc.core import pulse
from soc.core.away import LOST
from soc.core.rights import Act

LONGEST_NAME = 150  # of a user; what is longer is nobody's


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when this process answers and PostgreSQL does, with how far the spine is behind; else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        now = pulse.latest()
    except LOST:
        return JsonResponse({"ok": False}, status=503)
    return JsonResponse({"ok": True, "lag_s": now.lag_s, "stuck": now.stuck})


def broken(request: HttpRequest) -> HttpResponse:
    """What is answered to an error nobody caught: 503 while the database is away, for then waiting helps; else 500."""
    if not isinstance(sys.exc_info()[1], LOST):
        return server_error(request)
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "5"})


def tried_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """By what name somebody tried to log in, as much of it as is kept with a failed try. django-axes calls it."""
    said = (credentials or {}).get("username") or request.POST.get("username")
    return said if said is None else str(said)[:LONGEST_NAME]


def locked_out(request: HttpRequest, credentials: dict[str, Any] | None = None, *args: Any) -> HttpResponse:
    """Too many wrong passwords: says so calmly, and for how long. django-axes calls it."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    return render(request, "core/locked_out.html", {"minutes": minutes}, status=429)


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the face that the user's rights open."""
    user: Any = request.user
    if user.may_anywhere(Act.CONSOLE):
        return redirect("console")
    if user.may_anywhere(Act.PORTAL):
        return redirect("portal")
    if user.is_staff:
        return redirect("admin:index")
    return render(request, "core/nothing_to_see.html", status=403)
