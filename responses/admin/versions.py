"""Playbooks and messages. A version is read, compared with the one before, and followed by the next; never edited."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from responses.models import Message, Playbook
from responses.publishing import as_text, ask_to_publish, check_message, check_playbook, difference
from soc.core import clock
from soc.core.admin.bound import BoundAdmin
from soc.core.admin.scope import Covered, bind, within
from soc.core.models import Organisation, PublishedVersion


@bind(Playbook, Message)
def _versions(held: Covered) -> Any:
    return within(held, organisation="organisation")


class Pretty(json.JSONEncoder):
    """Readable in a text field: indented, letters as they are."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "indent": 2, "ensure_ascii": False, "sort_keys": False})


class VersionForm(forms.ModelForm):
    body = forms.JSONField(
        label=_("content"), encoder=Pretty, widget=forms.Textarea(attrs={"rows": 28, "cols": 100, "spellcheck": "true"})
    )
    reason = forms.CharField(
        label=_("why"),
        max_length=240,
        help_text=_("for whoever grants it: rules and playbooks are two people's word"),
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if "body" in said and "organisation" in said:
            try:
                self.check(said)
            except ValidationError as error:
                self.add_error("body", error)
        return said

    def check(self, said: dict[str, Any]) -> None:
        raise NotImplementedError


class PlaybookForm(VersionForm):
    class Meta:
        model = Playbook
        fields = ["organisation", "name", "body"]

    def check(self, said: dict[str, Any]) -> None:
        check_playbook(said["body"], said["organisation"])


class MessageForm(VersionForm):
    class Meta:
        model = Message
        fields = ["organisation", "name", "body"]

    def check(self, said: dict[str, Any]) -> None:
        check_message(said["body"])


class VersionAdmin(BoundAdmin):
    change_form_template = "admin/responses/version_form.html"
    list_display = ["name", "number", "organisation", "published_at", "published_by"]
    list_select_related = ["organisation", "published_by"]
    list_filter = [("organisation", admin.RelatedOnlyFieldListFilter), ("name", admin.AllValuesFieldListFilter)]
    search_fields = ["name"]
    ordering = ["organisation", "name", "-number"]
    readonly_fields = ["number", "content", "difference", "sha256", "published_at", "published_by"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["organisation", "name", "body", "reason"]
        return ["organisation", "name", "number", "published_at", "published_by", "difference", "content", "sha256"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The next version starts from the one that was looked at."""
        previous = self.get_object(request, request.GET.get("from", "")) if request.GET.get("from") else None
        if previous is None:
            return {}
        return {"organisation": previous.organisation_id, "name": previous.name, "body": previous.body}

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None and self.has_add_permission(request):
            add = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_add")
            context["next_version"] = f"{add}?from={obj.pk}"
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Ask for it: it holds once somebody else has granted it."""
        said, by = form.cleaned_data, request.user
        try:
            ask_to_publish(
                type(obj), said["organisation"], said["name"], said["body"], reason=said["reason"], by=by, at=clock.now()  # type: ignore[arg-type]
            )  # fmt: skip
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
        except Organisation.DoesNotExist as error:
            raise PermissionDenied from error
        else:
            self.message_user(request, _("It waits for a second person, on the page “Approvals”."), messages.WARNING)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing is added yet; the record has who asked and who granted."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    @admin.display(description=_("content"))
    def content(self, version: PublishedVersion) -> str:
        return format_html("<pre>{}</pre>", as_text(version.body))

    @admin.display(description=_("changed since the version before"))
    def difference(self, version: PublishedVersion) -> SafeString | str:
        before = type(version)._default_manager.filter(
            organisation=version.organisation, name=version.name, number__lt=version.number
        )
        previous = before.order_by("-number").first()
        if previous is None:
            return str(_("The first version."))
        return drawn(difference(previous.body, version.body))


def drawn(lines: list[str]) -> SafeString:
    """A unified diff with its added and removed lines marked by sign and by element."""
    marks = {"+": "ins", "-": "del"}
    rows = [(marks.get(line[:1], "span"), line) for line in lines]
    inner = format_html_join("\n", "{}", ((_marked(tag, line),) for tag, line in rows))
    return format_html("<pre>{}</pre>", inner)


def _marked(tag: str, line: str) -> SafeString:
    return {
        "ins": format_html("<ins>{}</ins>", line),
        "del": format_html("<del>{}</del>", line),
        "span": format_html("<span>{}</span>", line),
    }[tag]


@admin.register(Playbook)
class PlaybookAdmin(VersionAdmin):
    form = PlaybookForm


@admin.register(Message)
class MessageAdmin(VersionAdmin):
    form = MessageForm
