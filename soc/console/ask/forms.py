"""What may be asked, and how a list of candidates may be narrowed."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.db.models.functions import ExtractHour
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cameras.categories import CATEGORIES, Family
from cameras.models import AccessWindow, Zone
from cameras.replaying.asking import MOST_DWELL_S, MOST_PEOPLE, NOBODY, PLANNED, Question
from incidents.funnel import NOTICED
from soc.console.sentences import WHAT
from soc.core.lookup import NotOne, moment
from soc.core.models import Site

LOCAL: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?"
SEEN: Final = ("person", "group", "vehicle", "loitering", "line_crossing", "person_down", "weapon", "unfiltered_motion")


def what_choices() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Every category by the name that people read, what cameras see first."""
    rest = [one for one in CATEGORIES.values() if one.code not in SEEN]
    return [
        (_("Seen by cameras"), [(code, WHAT[code]) for code in SEEN]),
        (_("Cameras in trouble"), [(one.code, WHAT[one.code]) for one in rest if one.family == Family.TECHNICAL]),
        (_("Signals and buttons"), [(one.code, WHAT[one.code]) for one in rest if one.family != Family.TECHNICAL]),
    ]


class ZoneChoice(forms.ModelChoiceField):
    def label_from_instance(self, zone: Any) -> str:
        return f"{zone.name} · {zone.camera.name}" if zone.name != zone.camera.name else str(zone.name)


class QuestionForm(forms.Form):
    """One question about one site. `cleaned_data["at"]` is aware."""

    zone = ZoneChoice(Zone.objects.none(), label=_("Zone"), required=False, empty_label=_("nowhere in particular"))
    category = forms.ChoiceField(label=_("Who or what"), choices=what_choices)
    people = forms.IntegerField(label=_("How many"), min_value=1, max_value=MOST_PEOPLE, required=False)
    dwell = forms.FloatField(label=_("For, in seconds"), min_value=0, max_value=MOST_DWELL_S, required=False)
    at = forms.CharField(label=_("When"), max_length=40)
    expected = forms.ChoiceField(label=_("Expected"), required=False)

    def __init__(self, data: Any, *, site: Site) -> None:
        super().__init__(data)
        self.site = site
        self.fields["zone"].queryset = zones_of(site)  # type: ignore[attr-defined]
        self.fields["expected"].choices = [  # type: ignore[attr-defined]
            (PLANNED, _("as announced")),
            (NOBODY, _("nobody")),
            *((kind.value, _("one person: %(who)s") % {"who": kind.label}) for kind in AccessWindow.Kind),
        ]
        # What a calendar cannot say, a time that happens twice, is written with its offset.
        plain = re.fullmatch(LOCAL, str(data.get("at", ""))) and "at" not in self.errors
        for name, widget in (("at", "datetime-local" if plain else "text"), ("dwell", "number"), ("people", "number")):
            self.fields[name].widget.input_type = widget
        self.fields["dwell"].widget.attrs |= {"step": "0.1", "placeholder": _("as long as it takes")}
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "input"
            if name in self.errors:
                field.widget.attrs |= {"aria-invalid": "true", "aria-describedby": f"error-{name}"}

    def clean_at(self) -> datetime:
        try:
            return moment(self.cleaned_data["at"], self.site.zone_info)
        except NotOne as error:
            raise forms.ValidationError(str(error)) from error

    def question(self) -> Question:
        """Of a form that is valid."""
        said = self.cleaned_data
        return Question(
            self.site, said["category"], said["at"], zone=said["zone"], dwell_s=said["dwell"],
            people=said["people"] or 1, expected=said["expected"] or PLANNED,
        )  # fmt: skip


def written(at: datetime, zone: ZoneInfo) -> str:
    """An instant as the form takes it: by the clocks of `zone`, with the offset where they show that time twice."""
    local = at.astimezone(zone)
    text = local.strftime("%Y-%m-%dT%H:%M")
    try:
        moment(text, zone)
    except NotOne:
        return local.isoformat(timespec="minutes")
    return text


def zones_of(site: Site) -> Any:
    return Zone.objects.filter(site=site).select_related("camera").order_by("name", "camera__name")


HOURS: Final = [("", pgettext_lazy("an hour", "any")), *((str(hour), f"{hour:02d}:00") for hour in range(24))]


INSTANT: Final = ["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"]


class CandidatesForm(forms.Form):
    """Narrows a list of one site's candidates. What cannot be read narrows nothing, and says so."""

    decision = forms.ChoiceField(label=_("Verdict"), required=False)
    category = forms.ChoiceField(label=_("Who or what"), required=False)
    day = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    hour = forms.ChoiceField(label=_("Hour"), required=False, choices=HOURS)
    # As the filter's figures ask: what they count, and nothing else. Not to be typed.
    since = forms.DateTimeField(required=False, widget=forms.HiddenInput, input_formats=INSTANT)
    until = forms.DateTimeField(required=False, widget=forms.HiddenInput, input_formats=INSTANT)
    camera = forms.UUIDField(required=False, widget=forms.HiddenInput)
    seen = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["decision"].choices = [  # type: ignore[attr-defined]
            ("", pgettext_lazy("a verdict", "any")), ("raise", _("raised")), ("watch", _("watched")), ("ignore", _("ignored")),
        ]  # fmt: skip
        anything = ("", pgettext_lazy("what was noticed", "anything"))
        self.fields["category"].choices = [anything, *what_choices()]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    def narrowed(self, rows: Any, zone: ZoneInfo) -> Any:
        """`rows` with what the form says, by the clocks of `zone`."""
        self.is_valid()
        said = self.cleaned_data
        for name, bound in (("since", "captured_at__gte"), ("until", "captured_at__lte"), ("camera", "camera")):
            if said.get(name):
                rows = rows.filter(**{bound: said[name]})
        if said.get("seen"):
            # With the copies that the blind audit shows, until they are known for that: by leaving them out one would find them.
            rows = rows.filter(category__in=NOTICED)
        for name in ("decision", "category"):
            if said.get(name):
                rows = rows.filter(**{name: said[name]})
        day, hour = said.get("day"), said.get("hour")
        if day:
            first, last = between(day, int(hour) if hour else None, zone)
            return rows.filter(captured_at__gte=first, captured_at__lt=last)
        if hour:
            rows = rows.annotate(local_hour=ExtractHour("captured_at", tzinfo=zone)).filter(local_hour=int(hour))
        return rows


def between(day: date, hour: int | None, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when to when a day, or an hour of it, is on the clocks; an hour that they repeat has both of them."""
    first = datetime.combine(day, time(hour or 0), zone)
    return first, first + (timedelta(days=1) if hour is None else timedelta(hours=1))  # by the wall clock
