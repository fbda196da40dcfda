"""What was typed into a form or an address, before any page reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse


class NoZeroBytes:
    """Refuses text with a zero byte, which no keyboard types and PostgreSQL does not take: 400, and nothing was done.

    Doors that are open to machines (the REST door, webhooks) and the administration say so at the field themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if getattr(view, "csrf_exempt", False) or request.path.startswith("/admin/"):
            return
        given = [request.GET, request.POST] if request.method == "POST" else [request.GET]
        if any("\0" in text for form in given for name, texts in form.lists() for text in (name, *texts)):
            raise BadRequest("a zero byte in what was typed")
