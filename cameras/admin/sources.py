"""Signal sources. A key is shown once, on the page that answers its making, and is stored nowhere but as its hash."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from cameras.models import SignalSource
from soc.core.admin.bound import BoundAdmin


@admin.register(SignalSource)
class SignalSourceAdmin(BoundAdmin):
    change_form_template = "admin/cameras/source_form.html"
    list_display = ["name", "site", "enabled", "heartbeat_s", "last_seen_at", "lost"]
    list_select_related = ["site"]
    list_filter = ["enabled", ("site", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "site__name"]
    fields = ["site", "name", "enabled", "heartbeat_s", "last_seen_at", "lost_alert_at"]
    readonly_fields = ["last_seen_at", "lost_alert_at"]
    fixed = ("site",)

    @admin.display(description=_("heard"), boolean=True)
    def lost(self, source: SignalSource) -> bool | None:
        return None if source.last_seen_at is None else source.lost_alert_at is None

    def used(self, obj: Any) -> bool:
        return obj.candidates.exists()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.shown_key = obj.new_key()
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._key_page(request, obj, obj.shown_key)

    def get_urls(self) -> Any:
        own = path(
            "<path:object_id>/new-key/", self.admin_site.admin_view(self.new_key_view), name="cameras_signalsource_key"
        )
        return [own, *super().get_urls()]

    def new_key_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Replace the key: the old one stops working at once."""
        source = self.get_object(request, object_id)
        if source is None or not self.has_change_permission(request, source):
            raise Http404
        if request.method != "POST":
            return redirect(reverse("admin:cameras_signalsource_change", args=[source.pk]))
        key = source.new_key()
        source.save(update_fields=["key_sha256"])
        self.log_change(request, source, [{"changed": {"name": str(_("key")), "fields": ["key"]}}])
        return self._key_page(request, source, key)

    def _key_page(self, request: HttpRequest, source: SignalSource, key: str) -> HttpResponse:
        # Answered to the POST itself: a redirect would have to keep the key somewhere in between.
        context = {
            **self.admin_site.each_context(request),
            "title": _("The source's key"),
            "source": source,
            "key": key,
            "opts": self.model._meta,
        }
        return never_cache(lambda _request: TemplateResponse(request, "admin/cameras/source_key.html", context))(
            request
        )
