"""GET /api/explain: what would happen to somebody who came, and why. Decides nothing, stores nothing."""

from __future__ import annotations

import math
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from cameras.categories import CATEGORIES
from cameras.models import AccessWindow, Candidate, Zone
from cameras.replaying.asking import MOST_DWELL_S, MOST_PEOPLE, NOBODY, PLANNED, Question, ask
from soc.api.authentication import SessionOfTheConsole
from soc.api.door import DoorView
from soc.api.errors import ErrorSerializer
from soc.core.lookup import NotOne, moment, one
from soc.core.models import Site, User
from soc.core.rights import Act

Row = TypeVar("Row", bound=Model)


def finite(value: float) -> None:
    """Not-a-number is neither too small nor too large."""
    if not math.isfinite(value):
        raise ValidationError(_("Write a number."))


class QuestionSerializer(serializers.Serializer):
    """What might be noticed."""

    site = serializers.CharField(max_length=120, help_text="Its name, a part of it, or its id.")
    zone = serializers.CharField(
        max_length=80, required=False, help_text="Likewise; without it: nowhere in particular."
    )
    category = serializers.ChoiceField(choices=sorted(CATEGORIES))
    at = serializers.CharField(
        max_length=40, help_text="2026-11-22T02:10, by the site's clocks unless it says its offset."
    )
    dwell = serializers.FloatField(
        required=False,
        min_value=0,
        max_value=MOST_DWELL_S,
        validators=[finite],
        help_text="Seconds in the zone; else as long as it takes.",
    )
    people = serializers.IntegerField(required=False, default=1, min_value=1, max_value=MOST_PEOPLE)
    score = serializers.FloatField(
        required=False, min_value=0, max_value=1, validators=[finite], help_text="The detector's."
    )
    expected = serializers.ChoiceField(
        required=False,
        default=PLANNED,
        choices=[PLANNED, NOBODY, *AccessWindow.Kind.values],
        help_text="As people have announced (planned), nobody, or one person of this kind.",
    )


class CodedSerializer(serializers.Serializer):
    """A code; what else is in the object depends on it: numbers, codes, ids and times."""

    code = serializers.CharField()


class FlipSerializer(CodedSerializer):
    """The least change that would turn the verdict, and the decision it would turn into."""

    decision = serializers.ChoiceField(choices=Candidate.Decision.choices)


class AnswerSerializer(serializers.Serializer):
    """The verdict that the policy in force would give."""

    decision = serializers.ChoiceField(choices=Candidate.Decision.choices)
    priority = serializers.IntegerField(min_value=1, max_value=3)
    reasons = CodedSerializer(many=True, help_text="In the order in which they counted.")
    flip = FlipSerializer(allow_null=True)
    policy_version = serializers.CharField()


class ExplainView(DoorView):
    authentication_classes = [SessionOfTheConsole]
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="explain",
        summary="Ask what would happen, and why",
        description="Open to the centre and to a site's owner. A site or zone that you may not see is not there: 404.",
        parameters=[QuestionSerializer],
        responses={200: AnswerSerializer, **dict.fromkeys((400, 401, 404, 503), ErrorSerializer)},
    )
    def get(self, request: Request) -> Response:
        return Response(ask(question(cast(User, request.user), request.query_params)).as_json())


def question(user: User, data: Any) -> Question:
    """Of what was written in the address. Raises ValidationError and NotFound by field."""
    form = QuestionSerializer(data=data)
    form.is_valid(raise_exception=True)
    said = form.validated_data
    site = _named("site", Site.objects.visible_to(user, Act.EXPLAIN).select_related("customer"), said["site"])
    zones = Zone.objects.filter(site=site).select_related("camera")
    zone = _named("zone", zones, said["zone"]) if "zone" in said else None
    try:
        at = moment(said["at"], site.zone_info)
    except NotOne as error:
        raise ValidationError({"at": str(error)}) from error
    return Question(
        site, said["category"], at, zone=zone, dwell_s=said.get("dwell"), people=said["people"], score=said.get("score"),
        expected=said["expected"],
    )  # fmt: skip


def _named(field: str, rows: QuerySet[Row], name: str) -> Row:
    """The one row of that name or id. Raises NotFound where there is none of these, ValidationError where there are several."""
    try:
        return one(rows, name)
    except NotOne as error:
        if not _any(rows, name):
            raise NotFound({field: [_("There is none of this name that you may see.")]}) from error
        raise ValidationError({field: str(error)}) from error


def _any(rows: QuerySet[Any], name: str) -> bool:
    try:
        return rows.filter(pk=UUID(name)).exists()
    except ValueError:
        return bool(name.strip()) and rows.filter(name__icontains=name.strip()).exists()
