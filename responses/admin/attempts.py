from django.contrib import admin

from responses.models import Attempt
from soc.core.admin.bound import ReadOnlyAdmin


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """Every act on the outside world, as it was planned and as it went."""

    list_display = ["created_at", "site", "incident", "kind", "status", "responder", "camera", "by", "error"]
    list_select_related = ("site", "incident", "responder", "camera__site", "by")
    list_filter = ["kind", "status", ("site", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["=id", "=provider_id", "=incident__number", "site__name"]
    ordering = ["-created_at"]
