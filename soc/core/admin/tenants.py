from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from soc.core.admin.bound import BoundAdmin
from soc.core.admin.scope import rows
from soc.core.models import Customer, Event, Organisation


@admin.register(Organisation)
class OrganisationAdmin(BoundAdmin):
    list_display = ["name"]
    search_fields = ["name"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_add_permission(request, obj) and getattr(request.user, "is_superuser", False))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self.has_add_permission(request)

    def used(self, obj: Any) -> bool:
        return obj.customers.exists() or Event.objects.filter(organisation=obj).exists()


@admin.register(Customer)
class CustomerAdmin(BoundAdmin):
    list_display = ["name", "organisation"]
    list_select_related = ["organisation"]
    search_fields = ["name"]
    fixed = ("organisation",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Somebody who administers single customers has no organisation to put another one in.
        return super().has_add_permission(request, obj) and rows(request.user, Organisation).exists()

    def used(self, obj: Any) -> bool:
        return obj.sites.exists()
