"""Logging out, unless something is to be done first. Whoever owns that registers a guard."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import views as auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

# Each returns the address of a page that comes before logging out, or "" where nothing keeps this user.
guards: list[Callable[[HttpRequest], str]] = []


class LogOut(auth.LogoutView):
    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        first = next((address for guard in guards if (address := guard(request))), "")
        return redirect(first) if first else super().post(request, *args, **kwargs)
