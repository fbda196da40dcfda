"""Incidents and alerts, to be read. What happens to them happens in incidents.actions."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from incidents.models import Alert, HandlingTarget, Incident, Shift
from soc.core.admin.bound import BoundAdmin, ReadOnlyAdmin
from soc.core.admin.scope import Covered, bind, within


@bind(HandlingTarget)
def _targets(held: Covered) -> Any:
    return within(held, organisation="organisation")


@bind(Shift)
def _shifts(held: Covered) -> Any:
    return within(held, organisation="organisation")


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    list_display = [
        "reference",
        "site",
        "family",
        "category",
        "priority",
        "state",
        "verdict",
        "outcome",
        "owner",
        "queued_at",
    ]
    list_select_related = ("site", "owner")
    list_filter = ["state", "family", "priority", "verdict", ("site", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["=number", "=id", "site__name"]
    ordering = ["-number"]
    fields = [
        "id", "number", "organisation", "site", "family", "category", "quiet", "priority", "state", "follows", "alert_count",
        "last_alert_at", "owner", "token", "escalation", "claim_by", "supervisor_by", "oncall_by", "verdict_by", "due_at",
        "reason", "verdict", "outcome", "site_state", "summary", "hold_at", "hold_by", "hold_reason", "shown_clock",
    ]  # fmt: skip

    @admin.display(description=_("response clock"))
    def shown_clock(self, incident: Incident) -> str:
        stamps = [(name, at.isoformat() if at else "–") for name, at in incident.clock().items()]
        return format_html("<table>{}</table>", format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", stamps))


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["captured_at", "site", "category", "priority", "incident", "sounded", "raised_at"]
    list_select_related = ("site", "incident")
    list_filter = ["category", "sounded", ("site", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["=id", "=incident__number", "site__name"]
    ordering = ["-raised_at"]


@admin.register(Shift)
class ShiftAdmin(ReadOnlyAdmin):
    list_display = ["user", "organisation", "started_at", "ended_at", "seen_at"]
    list_select_related = ("user", "organisation")
    ordering = ["-started_at"]


@admin.register(HandlingTarget)
class HandlingTargetAdmin(BoundAdmin):
    """How soon incidents of each priority are to be decided; without a row the house's own targets count."""

    fixed = ("organisation", "priority")
    list_display = ["organisation", "priority", "soon_s", "soon_share", "late_s", "late_share"]
    list_select_related = ("organisation",)
    ordering = ["organisation__name", "priority"]
    fields = ["organisation", "priority", "soon_s", "soon_share", "late_s", "late_share"]
