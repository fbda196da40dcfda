"""GET /api/incidents: what a person may see, with the same response clock as everywhere else."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.models import Incident
from incidents.models.incident import MAIN_PATH, OFFSETS, State
from incidents.outcomes import Outcome, SiteState, Verdict
from soc.api.authentication import SessionOfTheConsole
from soc.api.door import DoorView
from soc.api.errors import ErrorSerializer
from soc.core.models import Site, User

ClockSerializer = inline_serializer(
    "ResponseClock",
    {name: serializers.DateTimeField(allow_null=True) for name in MAIN_PATH + OFFSETS},
)


class SiteSerializer(serializers.ModelSerializer):
    customer = serializers.CharField(source="customer.name")

    class Meta:
        model = Site
        fields = ["id", "name", "customer", "time_zone"]


class Decided(serializers.ChoiceField):
    """One of the choices, null until somebody chose."""

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value) or None


class IncidentSerializer(serializers.ModelSerializer):
    """An incident with its response clock. Stamps that do not apply are null."""

    reference = serializers.CharField(help_text="What people say aloud.")
    site = SiteSerializer()
    state = serializers.ChoiceField(choices=State.choices)
    verdict = Decided(choices=Verdict.choices, allow_null=True)
    outcome = Decided(choices=Outcome.choices, allow_null=True)
    site_state = Decided(choices=SiteState.choices, allow_null=True)
    clock = serializers.SerializerMethodField()
    exercise = serializers.SerializerMethodField(
        help_text="Nothing of it happened: known once it is over. Leave it out of figures."
    )

    class Meta:
        model = Incident
        fields = [
            "id", "reference", "site", "family", "category", "priority", "quiet", "state", "verdict", "outcome",
            "site_state", "summary", "alert_count", "last_alert_at", "follows", "clock", "exercise",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(ClockSerializer)
    def get_clock(self, incident: Incident) -> dict[str, Any]:
        return ClockSerializer.to_representation(incident.clock())

    def get_exercise(self, incident: Incident) -> bool:
        case = getattr(incident, "audit", None)
        return incident.drill or (case is not None and case.revealed_at is not None)


class Filters(serializers.Serializer):
    """What a list may be narrowed to."""

    state = serializers.ChoiceField(choices=State.choices, required=False, help_text="Only incidents in this state.")
    site = serializers.UUIDField(required=False, help_text="Only incidents of this site.")


class Pages(LimitOffsetPagination):
    default_limit = 50
    max_limit = 200

    def get_offset(self, request: Request) -> int:
        return min(super().get_offset(request), 1_000_000_000)  # PostgreSQL's OFFSET has an end


class IncidentsDoor(DoorView):
    authentication_classes = [SessionOfTheConsole]
    permission_classes = [IsAuthenticated]

    def incidents(self, request: Request) -> QuerySet[Incident]:
        return Incident.objects.visible_to(cast(User, request.user)).select_related("site__customer", "audit")


class IncidentListView(IncidentsDoor, ListAPIView):
    serializer_class = IncidentSerializer
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[Incident]:
        if getattr(self, "swagger_fake_view", False):
            return Incident.objects.none()
        wanted = Filters(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        return self.incidents(self.request).filter(**wanted.validated_data).order_by("-number")

    @extend_schema(
        operation_id="list_incidents",
        summary="List incidents, newest first",
        parameters=[Filters],
        responses={
            200: IncidentSerializer(many=True),
            400: ErrorSerializer,
            401: ErrorSerializer,
            503: ErrorSerializer,
        },
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class IncidentView(IncidentsDoor, RetrieveAPIView):
    serializer_class = IncidentSerializer

    def get_queryset(self) -> QuerySet[Incident]:
        if getattr(self, "swagger_fake_view", False):
            return Incident.objects.none()
        return self.incidents(self.request)

    @extend_schema(
        operation_id="read_incident",
        summary="One incident",
        responses={200: IncidentSerializer, 401: ErrorSerializer, 404: ErrorSerializer, 503: ErrorSerializer},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
