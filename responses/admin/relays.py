"""Lights, sirens and gates. A password goes in and never comes out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from responses.models import Relay
from soc.core.admin.bound import BoundAdmin


class RelayForm(forms.ModelForm):
    """The password is write-only: left empty, the stored one stays, but only for the device that it was given for."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=_("Left empty, a stored one stays, as long as the device does."),
    )

    class Meta:
        model = Relay
        fields = ["site", "kind", "name", "address", "output", "username", "password", "goes_back", "enabled"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored, self.was_at = self.instance.password, self.instance.address
        self.initial.pop("password", None)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if not said.get("password") and self.stored and said.get("username"):
            if _device(said.get("address", "")) != _device(self.was_at):
                raise ValidationError({"password": _("The address is another device now: type its password.")})
            said["password"] = self.stored
        return said


def _device(address: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(address)
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None


@admin.register(Relay)
class RelayAdmin(BoundAdmin):
    form = RelayForm
    list_display = ["name", "kind", "site", "enabled"]
    list_select_related = ["site"]
    list_filter = ["kind", "enabled"]
    search_fields = ["name", "site__name"]
    fixed = ("site",)

    def used(self, obj: Any) -> bool:
        return obj.attempts.exists()
