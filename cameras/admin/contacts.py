"""Whom one can ask at a site. Passcodes and duress words go in and never come out: only that there is one is shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from cameras.models import SiteContact
from cameras.models.contact import as_said
from soc.core.admin.bound import BoundAdmin
from soc.core.models import Event

SHORTEST = 6


class Words(forms.PasswordInput):
    """Never rendered with what was typed."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password"}, render_value=False)


class ContactForm(forms.ModelForm):
    passcode = forms.CharField(
        label=_("passcode"),
        required=False,
        max_length=60,
        widget=Words,
        help_text=_("Left empty: as it is. Case and spaces do not count."),
    )
    duress = forms.CharField(
        label=_("duress word"),
        required=False,
        max_length=60,
        widget=Words,
        help_text=_(
            "Opens like the passcode, and tells the centre silently that its owner is forced. Given with the passcode."
        ),
    )
    forget = forms.BooleanField(label=_("take both words away"), required=False)

    class Meta:
        model = SiteContact
        fields = ["site", "name", "role", "phone", "rank", "enabled"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        passcode, duress = as_said(given.get("passcode") or ""), as_said(given.get("duress") or "")
        if duress and not passcode:
            self.add_error("duress", _("Give the passcode with it: both are set together."))
        for name, word in (("passcode", passcode), ("duress", duress)):
            if word and len(word) < SHORTEST:
                self.add_error(name, _("At least %(least)s characters.") % {"least": SHORTEST})
            elif word and self._taken(word):
                self.add_error(name, _("Choose another word."))
        if passcode and passcode == duress:
            self.add_error("duress", _("It must be another word than the passcode: nobody could tell them apart."))
        if given.get("forget") and passcode:
            raise ValidationError(_("Either take the words away or give new ones."))
        return given

    def _taken(self, word: str) -> bool:
        """Whether it is a word of somebody else at the site: then nobody could say who has called."""
        site = self.cleaned_data.get("site") or getattr(self.instance, "site", None)
        others = SiteContact.objects.filter(site=site).exclude(pk=self.instance.pk)
        return any(other.answers(word) for other in others)

    def save(self, commit: bool = True) -> SiteContact:
        contact: SiteContact = super().save(commit=False)
        if self.cleaned_data.get("forget"):
            contact.set_passcode("")
        elif self.cleaned_data.get("passcode"):
            contact.set_passcode(self.cleaned_data["passcode"], self.cleaned_data.get("duress") or "")
        if commit:
            contact.save()
        return contact


@admin.register(SiteContact)
class SiteContactAdmin(BoundAdmin):
    form = ContactForm
    list_display = ["name", "role", "site", "rank", "enabled", "has_passcode", "has_duress"]
    list_select_related = ["site"]
    list_filter = ["enabled", "role", ("site", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "site__name"]
    fields = [
        "site",
        "name",
        "role",
        "phone",
        "rank",
        "enabled",
        "has_passcode",
        "has_duress",
        "passcode",
        "duress",
        "forget",
    ]
    readonly_fields = ["has_passcode", "has_duress"]
    fixed = ("site",)

    @admin.display(description=_("has a passcode"), boolean=True)
    def has_passcode(self, contact: SiteContact) -> bool:
        return bool(contact.passcode_hash)

    @admin.display(description=_("has a duress word"), boolean=True)
    def has_duress(self, contact: SiteContact) -> bool:
        return bool(contact.duress_hash)

    @method_decorator(sensitive_post_parameters("passcode", "duress"))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().changeform_view(request, *args, **kwargs)

    def used(self, obj: Any) -> bool:
        return Event.objects.filter(subject_id=obj.pk).exists()
