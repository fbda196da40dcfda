"""The page on which a picture is laid under a site's plan, and the picture itself for whoever administers the plan."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cameras.actions.plans import lay_picture, take_picture_away
from cameras.models import SitePlan
from cameras.vision.picture import PictureRefused
from cameras.vision.snapshot import MOST_BYTES, MOST_PIXELS
from soc.core import clock
from soc.core.media import opened

MOST_MB: Final = MOST_BYTES // (1024 * 1024)
MOST_MEGAPIXELS: Final = MOST_PIXELS // 1_000_000


class PictureForm(forms.Form):
    picture = forms.FileField(
        label=_("Picture of the ground"),
        allow_empty_file=False,
        widget=forms.FileInput({"accept": "image/jpeg,image/png"}),
        error_messages={"required": _("Choose a picture first."), "empty": _("The file is empty.")},
    )


class PicturePages:
    """For the ModelAdmin of plans."""

    model: Any
    admin_site: Any

    def get_urls(self) -> Any:
        own = [
            path("<path:object_id>/picture/", self._guarded(self.picture_view), name="cameras_siteplan_picture"),
            path("<path:object_id>/picture/shown/", self._guarded(self.shown_view), name="cameras_siteplan_shown"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def _guarded(self, view: Any) -> Any:
        return self.admin_site.admin_view(view)

    def _plan(self, request: HttpRequest, object_id: str) -> SitePlan:
        plan: SitePlan | None = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if plan is None or not self.has_change_permission(request, plan):  # type: ignore[attr-defined]
            raise Http404
        return plan

    def picture_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks for a picture; takes one, or takes it away. What is refused is said on the page, 409."""
        plan = self._plan(request, object_id)
        if request.method != "POST":
            return self._page(request, plan, PictureForm())
        back = redirect("admin:cameras_siteplan_change", plan.pk)
        by: Any = request.user
        if "away" in request.POST:
            take_picture_away(plan, by=by, at=clock.now())
            return back
        form = PictureForm(request.POST, request.FILES)
        if form.is_valid() and self._laid(request, plan, form):
            messages.success(request, gettext("The picture lies under the plan. Now say how large it is, and save."))
            return back
        return self._page(request, plan, form, status=409)

    def _laid(self, request: HttpRequest, plan: SitePlan, form: PictureForm) -> bool:
        by: Any = request.user
        sent = form.cleaned_data["picture"]
        try:
            if sent.size > MOST_BYTES:
                raise PictureRefused(gettext("the picture file is too large: at most %(mb)d MB") % {"mb": MOST_MB})
            lay_picture(plan, sent.read(), by=by, at=clock.now())
        except PictureRefused as refused:
            form.add_error("picture", gettext("Nothing was taken: %(why)s.") % {"why": refused})
            return False
        except SitePlan.DoesNotExist as error:
            raise Http404 from error
        return True

    def _page(self, request: HttpRequest, plan: SitePlan, form: PictureForm, status: int = 200) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Picture under the plan of %(site)s") % {"site": plan.site},
            "plan": plan,
            "form": form,
            "shown": shown_at(plan),
            "most_mb": MOST_MB,
            "most_bytes": MOST_BYTES,
            "most_megapixels": MOST_MEGAPIXELS,
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "admin/cameras/plan_picture.html", context, status=status)

    def shown_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Its bytes: administrators of a site see its plan, though they see none of its cameras' pictures."""
        plan = self._plan(request, object_id)
        file = opened(plan.picture) if plan.picture is not None and plan.picture.there else None
        if file is None or plan.picture is None:
            return redirect("admin:cameras_siteplan_change", plan.pk)
        with file:
            headers = {"Cache-Control": "private, max-age=600", "X-Content-Type-Options": "nosniff"}
            return HttpResponse(file.read(), content_type=plan.picture.content_type, headers=headers)


def shown_at(plan: SitePlan) -> str:
    """Where the picture lies for administrators, a new address for each picture; "" without one."""
    if plan.pk is None or plan.picture is None or not plan.picture.there:
        return ""
    return f"{reverse('admin:cameras_siteplan_shown', args=[plan.pk])}?{plan.picture_id}"
