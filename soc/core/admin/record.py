"""The record, to be read: events and the reactions they are owed."""

import json
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from soc.core.admin.bound import ReadOnlyAdmin
from soc.core.admin.scope import Covered, bind, within
from soc.core.models import Delivery, Event


@bind(Event)
def _events(held: Covered) -> Any:
    return within(held, organisation="organisation", customer="customer", site="site")


@bind(Delivery)
def _deliveries(held: Covered) -> Any:
    return within(held, organisation="event__organisation", customer="event__customer", site="event__site")


def pretty(value: Any) -> str:
    """JSON as a block of text."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False, default=str))


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["seq", "at", "kind", "site", "by", "subject"]
    list_select_related = ("site", "by")
    list_filter = ["subject_type"]
    search_fields = ["=kind", "=subject_id"]
    search_help_text = _("a whole kind, as incident.closed, or a subject's id")
    ordering = ["-id"]
    fields = ["seq", "at", "kind", "subject", "organisation", "customer", "site", "by", "shown_data", "prev", "hash"]

    @admin.display(description=_("about"))
    def subject(self, event: Event) -> str:
        return f"{event.subject_type} {event.subject_id}"

    @admin.display(description=_("data"))
    def shown_data(self, event: Event) -> str:
        return pretty(event.data)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["id", "event", "reaction", "due_at", "attempts", "done_at", "error"]
    list_select_related = ("event",)
    list_filter = ["reaction", ("done_at", admin.EmptyFieldListFilter)]
    ordering = ["-id"]
