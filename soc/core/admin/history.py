"""The history page of a setting: who changed which field from what to what, as the database's triggers kept it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Field, ForeignKey, Model
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from soc.core.models import User

LONGEST = 200


@dataclass(frozen=True)
class Change:
    """One row of the history. `fields`: (name, before, after); before is "" for what was added."""

    at: datetime
    verb: str
    what: str
    who: str
    fields: list[tuple[str, str, str]]


class HistoryPage:
    """For ModelAdmin. `history` lists models whose rows belong to this one, with the field that says so."""

    history: tuple[tuple[str, str], ...] = ()
    model: type[Model]
    admin_site: Any

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        kept = history_model(self.model)
        if kept is None and not self.history:
            return super().history_view(request, object_id, extra_context)  # type: ignore[misc]
        obj = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if obj is None:
            raise Http404
        if not self.has_view_permission(request, obj):  # type: ignore[attr-defined]
            raise PermissionDenied
        changes = list(changes_of(kept, "pgh_obj", obj.pk) if kept else logged(obj))
        for label, field in self.history:
            model = history_model(apps.get_model(label))
            assert model is not None
            changes += changes_of(model, field, obj.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Change history: %s") % obj,
            "subtitle": None,
            "changes": sorted(changes, key=lambda change: change.at, reverse=True)[:LONGEST],
            "object": obj,
            "opts": self.model._meta,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/kept_history.html", context)


def logged(obj: Model) -> Iterator[Change]:
    """What Django's own log has of a row without triggers: which fields, not from what to what."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(type(obj)), object_id=str(obj.pk)
    ).select_related("user")
    for entry in entries:
        yield Change(
            at=entry.action_time,
            verb="",
            what=entry.get_change_message() or entry.get_action_flag_display(),
            who=entry.user.get_username(),
            fields=[],
        )


def history_model(model: type[Model]) -> Any:
    """The event model that `keep_history` made, or None."""
    try:
        return apps.get_model(model._meta.app_label, f"{model.__name__}History")
    except LookupError:
        return None


def changes_of(kept: Any, field: str, pk: Any) -> Iterator[Change]:
    """The history of the rows that `field` leads to, oldest first within each row."""
    shown = [f for f in kept._meta.fields if not f.name.startswith("pgh_") and f.name != "id"]
    before: dict[Any, dict[str, str]] = {}
    events = list(kept.objects.filter(**{field: pk}).select_related("pgh_context").order_by("pgh_id"))
    people = dict(
        User.objects.filter(pk__in={_user_of(event) for event in events} - {""}).values_list("pk", "username")
    )
    names = {str(user): name for user, name in people.items()}
    for event in events:
        now = {f.name: _shown(event, f) for f in shown}
        old = before.get(event.pgh_obj_id, {})
        before[event.pgh_obj_id] = now
        gone = event.pgh_label == "delete"
        fields = [
            (
                str(f.verbose_name),
                "" if event.pgh_label == "insert" else old.get(f.name, ""),
                "" if gone else now[f.name],
            )
            for f in shown
            if event.pgh_label == "insert" or gone or old.get(f.name) != now[f.name]
        ]
        yield Change(
            at=event.pgh_created_at,
            verb={"insert": _("added"), "update": _("changed"), "delete": _("removed")}[event.pgh_label],
            what=str(kept.pgh_tracked_model._meta.verbose_name),
            who=names.get(_user_of(event), _("the system")),
            fields=[row for row in fields if row[1] or row[2]],
        )


def _user_of(event: Any) -> str:
    return str((event.pgh_context.metadata if event.pgh_context else {}).get("user") or "")


def _shown(event: Any, field: Field) -> str:
    value = getattr(event, field.attname)
    if value is None or value == "":
        return ""
    if isinstance(field, ForeignKey):
        # History outlives what it refers to.
        found = field.related_model._default_manager.filter(pk=value).first()
        return str(found or value)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return str(value)
