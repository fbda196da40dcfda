"""Admin pages that show and change only what the administrator has, and fields that offer only that."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest

from soc.core.admin.history import HistoryPage
from soc.core.admin.scope import may_administer, rows


class Bound:
    """Rights by membership instead of Django's permissions, for pages and for inlines alike."""

    model: type[Model]
    # Once a row is there, these stay: moving it would take its rows to another tenant.
    fixed: tuple[str, ...] = ()

    def _has(self, request: HttpRequest, obj: Model | None) -> bool:
        if not may_administer(request.user):
            return False
        # An inline is asked about its parent, whose own page has been asked already.
        if obj is None or not isinstance(obj, self.model):
            return True
        return rows(request.user, self.model).filter(pk=obj.pk).exists()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_administer(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        all_rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        if getattr(request.user, "is_superuser", False):
            return all_rows
        return all_rows.filter(pk__in=rows(request.user, self.model).values("pk"))

    def formfield_for_foreignkey(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", rows(request.user, db_field.related_model))  # type: ignore[arg-type]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", rows(request.user, db_field.related_model))  # type: ignore[arg-type]
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)  # type: ignore[misc]
        return (*fields, *self.fixed) if obj is not None else fields


class BoundAdmin(Bound, HistoryPage, admin.ModelAdmin):
    """A page of settings. Removing is for what was never used: `used()` says whether it was."""

    list_per_page = 50
    show_full_result_count = False

    def used(self, obj: Any) -> bool:
        """Whether the record refers to it, so that it stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, obj) and (obj is None or not self.used(obj))

    def get_actions(self, request: HttpRequest) -> Any:
        # One at a time, each asked whether it was used.
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


class BoundInline(Bound, admin.TabularInline):
    extra = 0
    fixed = ()


class ReadOnlyAdmin(BoundAdmin):
    """What the product wrote: to be looked at. Nothing is added, changed or removed here."""

    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or [field.name for field in self.model._meta.fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.select_related(*self.list_select_related) if isinstance(self.list_select_related, tuple) else rows
