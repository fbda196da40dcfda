"""A site, and a look at the hours in which its policy has it armed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cameras.actions import asking, policies, standing
from cameras.admin import policy
from cameras.context.policy import PolicyRefused
from cameras.errors import Refused
from soc.core import clock
from soc.core.admin.bound import BoundAdmin
from soc.core.models import Event, Site

STRETCHES = 8
AHEAD = timedelta(days=7)


@admin.register(Site)
class SiteAdmin(BoundAdmin):
    change_form_template = "admin/cameras/site_form.html"
    list_display = ["name", "customer", "address", "time_zone"]
    list_select_related = ["customer"]
    list_filter = [("customer", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "address", "customer__name"]
    # Its incidents belong to whoever was the customer: a place that changes hands is a new site.
    fixed = ("customer",)
    fields = [
        *("customer", "name", "address", "entrance", "hazards", "instructions"),
        *("time_zone", "retention_days", "next_armed"),
    ]
    readonly_fields = ["next_armed"]

    def get_urls(self) -> Any:
        return [*policy.urls(), *super().get_urls()]

    def used(self, obj: Any) -> bool:
        return obj.cameras.exists() or Event.objects.filter(site=obj).exists()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Another time zone moves every hour of the site's policy: it is its next version, from the same moment."""
        with transaction.atomic():
            # As it is stored, and locked: two who save at once are each compared with the other's.
            zones = (
                Site.objects.select_for_update(no_key=True, of=("self",))
                .filter(pk=obj.pk)
                .values_list("time_zone", flat=True)
            )
            before = zones.first()
            if change:
                self._ask_for_address(request, obj)
            super().save_model(request, obj, form, change)
            if before in (None, obj.time_zone):
                return
            by: Any = request.user
            try:
                policies.take_up_time_zone(obj, by=by, at=clock.now())
            except PolicyRefused:
                self.message_user(
                    request,
                    _("Its policy cannot be read and raises everything: publish another one."),
                    messages.WARNING,
                )

    def _ask_for_address(self, request: HttpRequest, site: Site) -> None:
        """Where guards are sent is two people's word: the old one stays until somebody else has granted the new one."""
        stored = Site.objects.values_list("address", flat=True).get(pk=site.pk)
        if site.address == stored:
            return
        by: Any = request.user
        wanted, site.address = site.address, stored
        try:
            asking.ask_address(
                site, address=wanted, reason=gettext("changed in the administration"), by=by, at=clock.now()
            )
        except Refused as refused:
            self.message_user(request, str(refused.message), messages.ERROR)
            return
        words = _("The new address waits for a second person; until then everybody is sent to the old one.")
        self.message_user(request, words, messages.WARNING)

    @admin.display(description=_("armed next"))
    def next_armed(self, site: Site) -> str:
        if site._state.adding:
            return str(_("Shown once the site is saved."))
        # As it is stored: on a page with errors the row at hand has what was typed, which may be no time zone.
        return armed_hours(Site.objects.get(pk=site.pk), at=clock.now())


def armed_hours(site: Site, *, at: datetime) -> str:
    """The next armed stretches within a week, in the site's own time."""
    stands = standing(site)
    zone, last = site.zone_info, at + AHEAD
    lines: list[tuple[Any, Any]] = []
    look, start = at, _("now")
    while len(lines) < STRETCHES:
        state = stands.arm(look)
        if state.armed:
            lines.append((start, _local(state.until, zone) if state.until else _("without an end")))
        if state.until is None or state.until > last:
            break
        look, start = state.until, _local(state.until, zone)
    if not lines:
        return str(_("Never: a person or vehicle seen here raises nothing."))
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{} – {}</li>", lines))


def _local(at: datetime, zone: ZoneInfo) -> Any:
    return formats.date_format(at.astimezone(zone), "D j M, H:i")
