"""What was sent, before any page reads it; and that whoever sent it is answered in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


class Legible:
    """1. All that is sent is read as UTF-8: a sender may name any charset, some of which are not even of text. 2. A cookie with a
    zero byte is nobody's of ours: 400. 3. A method that a page does not know is refused with a page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.encoding = "utf-8"
        if any("\0" in text for cookie in request.COOKIES.items() for text in cookie):
            raise BadRequest("a zero byte in a cookie")
        answer = self.get_response(request)
        if answer.status_code == 405 and not answer.streaming and not answer.content:
            answer.content = render_to_string("405.html")
        return answer


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
