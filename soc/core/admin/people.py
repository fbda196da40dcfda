"""Users and their memberships. An administrator cannot touch an account that reaches beyond what they administer."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from soc.core.admin.bound import BoundAdmin, BoundInline
from soc.core.admin.scope import may_administer, rows
from soc.core.models import Membership, User


class MembershipForms(BaseInlineFormSet):
    """A user without a membership would be nobody's: only a superuser may leave one so."""

    needs_one = True

    def clean(self) -> None:
        super().clean()
        kept = [
            form
            for form in self.forms
            if getattr(form, "cleaned_data", None) and not form.cleaned_data.get("DELETE", False)
        ]
        if self.needs_one and not kept and not any(self.errors):
            raise ValidationError(_("Give at least one membership. To end somebody's access, untick “active” instead."))


class MembershipInline(BoundInline):
    model = Membership
    formset = MembershipForms

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        needs_one = not getattr(request.user, "is_superuser", False)
        return type("MembershipFormsHere", (formset,), {"needs_one": needs_one})

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj is None else 0


def reaches_beyond(user: Any, account: User) -> bool:
    """Whether `account` has rights that `user` does not administer: then it is not theirs to take over."""
    if user.is_superuser:
        return False
    if account.is_superuser:
        return True
    own = rows(user, Membership)
    return account.memberships.exclude(pk__in=own.values("pk")).exists()


@admin.register(User)
class UserAdmin(BoundAdmin, DjangoUserAdmin):
    inlines = [MembershipInline]
    list_display = ["username", "call_sign", "first_name", "last_name", "is_active", "is_staff"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["username", "call_sign", "first_name", "last_name"]
    ordering = ["username"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "date_joined"]
    history = (("core.Membership", "user"),)
    add_fieldsets = (
        (None, {"fields": ("username", "call_sign", "usable_password", "password1", "password2", "is_staff")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        access = ["is_active", "is_staff"]
        if getattr(request.user, "is_superuser", False):
            access.append("is_superuser")
        return (
            (None, {"fields": ("username", "password")}),
            (_("Person"), {"fields": ("call_sign", "first_name", "last_name", "email")}),
            (_("Access"), {"fields": access, "description": _("“Staff” opens these pages to administrators.")}),
            (_("Dates"), {"fields": ("last_login", "date_joined")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if obj is not None and reaches_beyond(request.user, obj):
            return (*fields, "username", "call_sign", "first_name", "last_name", "email", "is_active", "is_staff")
        return fields

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        account = self.get_object(request, id)
        if account is not None and reaches_beyond(request.user, account):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The record names people: they are made inactive.
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return not lookup.startswith(("password", "memberships")) and super().lookup_allowed(lookup, value, request)
