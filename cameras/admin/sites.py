"""A site with its weekly arming, checked as a whole, and a look at the hours that come of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from cameras.context.arming import arm_state, overlap
from cameras.models import ArmingInterval
from soc.core import clock
from soc.core.admin.bound import BoundAdmin, BoundInline
from soc.core.models import Event, Site

STRETCHES = 8
AHEAD = timedelta(days=7)


class ArmingForm(ModelForm):
    """One interval. The week is judged as submitted, not against rows that the same submission changes."""

    class Meta:
        model = ArmingInterval
        fields = ["weekday", "starts", "ends"]

    def _post_clean(self) -> None:
        self.instance.clean = lambda: None
        super()._post_clean()  # type: ignore[misc]
        del self.instance.clean

    def validate_constraints(self) -> None:
        """Two rows of one start overlap, which ArmingForms says in words."""


class ArmingForms(BaseInlineFormSet):
    """Refuses a week that contradicts itself, naming both rows."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE", False)]
        problems = []
        for one, other in combinations(kept, 2):
            if overlap(one.instance.interval(), other.instance.interval()):
                words = {"one": one.instance, "other": other.instance}
                message = _("“%(one)s” and “%(other)s” overlap. Change one of them or join them.") % words
                other.add_error("starts", message)
                problems.append(message)
        if problems:
            raise ValidationError(problems)

    def validate_unique(self) -> None:
        """Part of clean()."""

    def save(self, commit: bool = True) -> Any:
        """Take changed rows out before they are put back, so that two of them may change places."""
        if commit:
            changed = [form.instance.pk for form in self.initial_forms if form.has_changed()]
            ArmingInterval.objects.filter(pk__in=changed).delete()
        return super().save(commit)

    def save_existing(self, form: Any, obj: Any, commit: bool = True) -> Any:
        row = form.save(commit=False)
        if commit:
            row.save(force_insert=True)
        return row

    def delete_existing(self, obj: Any, commit: bool = True) -> None:
        """Gone already."""


class ArmingInline(BoundInline):
    model = ArmingInterval
    form = ArmingForm
    formset = ArmingForms
    verbose_name = _("armed interval")
    verbose_name_plural = _("armed, by the week (without a row: never)")


@admin.register(Site)
class SiteAdmin(BoundAdmin):
    list_display = ["name", "customer", "address", "time_zone"]
    list_select_related = ["customer"]
    list_filter = [("customer", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "address", "customer__name"]
    inlines = [ArmingInline]
    # Its incidents belong to whoever was the customer: a place that changes hands is a new site.
    fixed = ("customer",)
    fields = [
        *("customer", "name", "address", "entrance", "hazards", "instructions"),
        *("time_zone", "retention_days", "next_armed"),
    ]
    readonly_fields = ["next_armed"]
    history = (("cameras.ArmingInterval", "site"),)

    def used(self, obj: Any) -> bool:
        return obj.cameras.exists() or Event.objects.filter(site=obj).exists()

    @admin.display(description=_("armed next"))
    def next_armed(self, site: Site) -> str:
        if site._state.adding:
            return str(_("Shown once the site is saved."))
        # As it is stored: on a page with errors the row at hand has what was typed, which may be no time zone.
        return armed_hours(Site.objects.get(pk=site.pk), at=clock.now())

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save()


def armed_hours(site: Site, *, at: datetime) -> str:
    """The next armed stretches within a week, in the site's own time."""
    intervals = [row.interval() for row in site.armingintervals.all()]
    zone, last = site.zone_info, at + AHEAD
    lines: list[tuple[Any, Any]] = []
    look, start = at, _("now")
    while len(lines) < STRETCHES:
        state = arm_state(intervals, zone, look)
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
