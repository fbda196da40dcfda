"""Every refusal of the REST door in one shape: {"error": stable code, "message": words, "field": what to change}."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from cameras.receivers.signals import SignalRefused
from soc.core.away import LOST

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The body is larger than 16 kB. Nothing was stored.")
    default_code = "too_large"


class ErrorSerializer(serializers.Serializer):
    """The body of every refusal."""

    error = serializers.CharField(help_text="A stable code for programs.")
    message = serializers.CharField(help_text="What is wrong and what to do, in words.")
    field = serializers.CharField(allow_null=True, help_text="The field to change; null where it is not about one.")


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler for this door; None for what is our own fault, which becomes a 500 and a log entry."""
    if isinstance(error, LOST):
        log.warning("refused while the database is away: %s", str(error).partition("\n")[0])
        words = _("The database is not available. Nothing was stored: send it again.")
        return refusal(503, "unavailable", words, headers={"Retry-After": str(RETRY_AFTER_S)})
    if isinstance(error, SignalRefused):
        conflict = error.code == "dedup_used"
        return refusal(409 if conflict else 400, error.code, error.message, field=error.field or None)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    plain = exception_handler(error, context)  # for its headers, and its rollback of the request's transaction
    if plain is None or not isinstance(error, exceptions.APIException):
        return None
    field, said, code = first(error.detail)
    headers = {name: plain[name] for name in ("Retry-After", "WWW-Authenticate") if plain.has_header(name)}
    return refusal(plain.status_code, code, said, field=field, headers=headers)


def first(detail: Any, field: str | None = None) -> tuple[str | None, str, str]:
    """(field, words, code) of the first of DRF's nested complaints."""
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        return first(inner, field if name == "non_field_errors" else str(name))
    if isinstance(detail, list):
        return first(detail[0], field)
    return field, str(detail), getattr(detail, "code", "error")


def refusal(code: int, error: str, message: Any, *, field: str | None = None, headers: Any = None) -> Response:
    return Response({"error": error, "message": str(message), "field": field}, status=code, headers=headers)
