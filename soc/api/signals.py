"""POST /api/signals: panels, buttons and other systems report, and are answered only after the commit."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn, cast

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from cameras.models import Candidate, SignalSource
from cameras.receivers.signals import KINDS, Receipt, Signal, accept
from incidents.models import Alert
from soc.api.authentication import HoldsKey, KeyAuthentication
from soc.api.door import DoorView
from soc.api.errors import ErrorSerializer
from soc.core import clock
from soc.core.pacing import ARRIVED


@extend_schema_field(OpenApiTypes.DATETIME)
class AwareTime(serializers.Field):
    """An ISO 8601 time with its offset: a panel's local time without one could be any time of the day."""

    default_error_messages = {
        "invalid": _("Write the time as 2026-01-31T02:13:04Z or with an offset, as 2026-01-31T03:13:04+01:00."),
        "naive": _("The time needs an offset, as in 2026-01-31T02:13:04Z."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or len(data) > 40:
            self.fail("invalid")
        try:
            value = parse_datetime(data)
        except ValueError:
            value = None
        if value is None:
            self.fail("invalid")
        if value.utcoffset() is None:
            self.fail("naive")
        return value

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


class Words(serializers.CharField):
    """A string and nothing that merely converts to one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class SignalSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(
        choices=KINDS, help_text="What happened. A heartbeat only says that the source lives."
    )
    dedup = Words(max_length=80, help_text="The source's own number of this report. Sent again, it is one report.")
    at = AwareTime(help_text="When, by the source's clock: at most 5 minutes ahead, at most 24 hours ago.")
    zone = Words(max_length=80, required=False, allow_blank=True, help_text="The source's name or number of the place.")
    text = Words(max_length=500, required=False, allow_blank=True, help_text="Words for the operator.")


class ReceiptSerializer(serializers.Serializer):
    """Accepted means committed: what was sent is stored and will be shown."""

    id = serializers.UUIDField(allow_null=True, help_text="Of the stored candidate; null for a heartbeat.")
    decision = serializers.ChoiceField(
        choices=Candidate.Decision.choices, allow_null=True, help_text="Null for a heartbeat."
    )
    incident = serializers.UUIDField(allow_null=True, help_text="Null until the alert has been made, a moment later.")


class PerSource(SimpleRateThrottle):
    """Ten a second from one source on each web process: a storm of a whole street passes, a loop gone wrong does not."""

    scope = "signals"
    rate = "600/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return f"signals:{request.auth.pk}" if isinstance(request.auth, SignalSource) else None


REFUSALS = dict.fromkeys((400, 401, 409, 413, 415, 429, 503), ErrorSerializer)


class SignalsView(DoorView):
    authentication_classes = [KeyAuthentication]
    permission_classes = [HoldsKey]
    throttle_classes = [PerSource]

    def permission_denied(self, request: Request, message: Any = None, code: Any = None) -> NoReturn:
        raise NotAuthenticated(HoldsKey.message)

    @extend_schema(
        operation_id="send_signal",
        summary="Report a signal",
        description=(
            "Answered 201 only after the signal is committed, with 200 when it had been accepted before or is a "
            "heartbeat. Anything else means that nothing was stored: send it again after `Retry-After`, or correct it."
        ),
        request=SignalSerializer,
        responses={201: ReceiptSerializer, 200: ReceiptSerializer, **REFUSALS},
        examples=[
            OpenApiExample(
                "A hold-up button",
                value={"kind": "hold_up", "dedup": "000017", "at": "2026-01-31T02:13:04Z", "zone": "till 2"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        form = SignalSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        source = cast(SignalSource, request.auth)  # HoldsKey saw to it
        receipt = accept(source, Signal(**form.validated_data), at=arrived(request) or clock.now())
        created = receipt.candidate is not None and not receipt.repeated
        return Response(ReceiptSerializer(body_of(receipt)).data, status=201 if created else 200)


def arrived(request: Request) -> datetime | None:
    """When it came, where it had to wait for its turn."""
    at: datetime | None = request.META.get("asgi.scope", {}).get(ARRIVED)
    return at


def body_of(receipt: Receipt) -> dict[str, Any]:
    candidate = receipt.candidate
    if candidate is None:
        return {"id": None, "decision": None, "incident": None}
    # A new one has no incident yet: the alert is made by a reaction.
    incident = (
        Alert.objects.filter(candidate=candidate).values_list("incident_id", flat=True).first()
        if receipt.repeated
        else None
    )
    return {"id": candidate.pk, "decision": candidate.decision, "incident": incident}
