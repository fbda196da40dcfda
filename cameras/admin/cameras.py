"""Cameras and their zones. A password goes in and never comes out; “Probe” looks through the camera and says what it found."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cameras.actions import renew_reference
from cameras.admin.drawing import LINE, OUTLINE, DrawnField
from cameras.models import Camera, Zone
from cameras.vision.address import AddressRefused, Credentials, pin
from cameras.vision.models import Models
from cameras.vision.probe import ProbeReport, probe
from soc.core import clock
from soc.core.admin.bound import Bound, BoundAdmin


class CameraForm(forms.ModelForm):
    """The password is write-only: left empty, the stored one stays, but only for the device that it was given for."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
    )
    forget_password = forms.BooleanField(label=_("Forget the stored password"), required=False)

    class Meta:
        model = Camera
        fields = [
            *("site", "name", "address", "sub_address", "username", "password", "enabled", "speaker"),
            *("analytics", "model", "day_score", "night_score", "ignore_areas", "privacy_masks", "perspective"),
        ]
        widgets = {
            "ignore_areas": DrawnField("polygons", "ignore", OUTLINE),
            "privacy_masks": DrawnField("polygons", "mask", OUTLINE),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = self.instance.password
        self.initial.pop("password", None)
        self.was_at = self.instance.address
        draws_in(self, self.instance)
        stored = _("One is stored. Left empty, it stays as it is.")
        self.fields["password"].help_text = stored if self.stored else _("None is stored.")
        if not self.stored:
            del self.fields["forget_password"]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("forget_password"):
            said["password"] = ""
        elif not said.get("password") and self.stored:
            if _host(said.get("address", "")) != _host(self.was_at):
                raise ValidationError(
                    {"password": _("The address is another device now: type its password, or forget the stored one.")}
                )
            said["password"] = self.stored
        return said


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


class ZoneForms(forms.BaseInlineFormSet):
    """Each zone is drawn into the picture of the camera whose page it is."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        draws_in(form, self.instance, form.instance.name)


class ZoneInline(Bound, admin.StackedInline):
    model = Zone
    formset = ZoneForms
    extra = 0
    fields = [("name", "kind", "dwell_s"), "polygon"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "polygon":
            kwargs["widget"] = DrawnField("polygon", "zone", OUTLINE)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


def draws_in(form: Any, camera: Camera | None, zone_name: str = "") -> None:
    """Tell the form's drawn fields which picture is theirs."""
    for field in form.fields.values():
        if isinstance(field.widget, DrawnField):
            field.widget.camera, field.widget.zone_name = camera, zone_name


@admin.register(Camera)
class CameraAdmin(BoundAdmin):
    form = CameraForm
    inlines = [ZoneInline]
    change_form_template = "admin/cameras/camera_form.html"
    list_display = ["name", "site", "health", "enabled", "speaker", "zone_count", "last_frame_at"]
    list_select_related = ["site"]
    list_filter = ["health", "enabled", ("site", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "site__name", "site__customer__name"]
    fixed = ("site",)
    readonly_fields = [
        *("health", "health_since", "trouble", "last_frame_at"),
        *("drifting", "clock_offset_s", "suspect_since"),
    ]
    history = (("cameras.Zone", "camera"),)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        login = ["username", "password"]
        if obj is not None and obj.password:
            login.append("forget_password")
        settings_ = (None, {"fields": ["site", "name", "address", "sub_address", *login, "enabled", "speaker"]})
        looking = ["analytics", "model", "day_score", "night_score", "ignore_areas", "privacy_masks", "perspective"]
        looks = (_("How it is looked at"), {"fields": looking, "classes": ["collapse"]})
        state = (_("State"), {"fields": self.readonly_fields})
        return (settings_, looks) if obj is None else (settings_, looks, state)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(zones_drawn=Count("zones"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What is hidden from now on is not to be seen on the picture that the view is compared with either."""
        before = Camera.objects.filter(pk=obj.pk).values_list("privacy_masks", flat=True).first()
        super().save_model(request, obj, form, change)
        if change and obj.privacy_masks != before:
            renew_reference(obj.pk, by=request.user, at=clock.now())  # type: ignore[arg-type]
        if obj.model and (why := Models(settings.MODELS_DIR).trouble(obj.model)):
            # Kept all the same: it may be there on the hosts that watch.
            words = gettext(
                "The detector %(name)s cannot be used on this machine, and where that is so the house's looks: %(why)s"
            )
            self.message_user(request, words % {"name": obj.model, "why": why}, messages.WARNING)

    @admin.display(description=_("zones"))
    def zone_count(self, camera: Any) -> int:
        return int(camera.zones_drawn)

    def used(self, obj: Any) -> bool:
        return obj.candidates.exists() or obj.attempts.exists()

    def get_urls(self) -> Any:
        own = path("<path:object_id>/probe/", self.admin_site.admin_view(self.probe_view), name="cameras_camera_probe")
        return [own, *super().get_urls()]

    def probe_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Look through the camera as it is stored, in a process of its own, and say what was found."""
        camera = self.get_object(request, object_id)
        if camera is None or not self.has_change_permission(request, camera):
            raise Http404
        back = redirect(reverse("admin:cameras_camera_change", args=[camera.pk]))
        if request.method != "POST":
            return back
        report = looked_at(camera)
        self.message_user(request, sentence(report), messages.SUCCESS if report.usable else messages.ERROR)
        return back


def looked_at(camera: Camera) -> ProbeReport:
    """Up to twenty seconds. An address that must not be opened is a report too."""
    login = Credentials(camera.username, camera.password) if camera.username or camera.password else None
    try:
        address = pin(camera.address, networks=settings.CAMERA_NETWORKS, credentials=login)
    except AddressRefused as error:
        return ProbeReport(fault=error.code, message=error.message)
    return probe(address)


def sentence(report: ProbeReport) -> str:
    if not report.usable:
        return gettext("The camera cannot be used. %(why)s") % {"why": report.message}
    facts = [f"{report.video_codec} {report.width} × {report.height}"]
    if report.fps:
        facts.append(gettext("%(fps)s pictures a second") % {"fps": f"{report.fps:.0f}"})
    if report.backchannel is not None:
        facts.append(gettext("takes sound") if report.backchannel else gettext("takes no sound"))
    if report.clock_offset_s is not None:
        facts.append(gettext("its clock is %(seconds)s s behind") % {"seconds": f"{report.clock_offset_s:.1f}"})
    return gettext("The camera works: %(facts)s.") % {"facts": ", ".join(facts)}


class ZoneForm(forms.ModelForm):
    """Cameras that also see it are of its own site: no clip crosses to another customer."""

    class Meta:
        model = Zone
        fields = [
            *("camera", "name", "kind", "polygon", "dwell_s", "classes", "loiter_s", "line", "line_direction"),
            "also_seen_by",
        ]
        widgets = {"polygon": DrawnField("polygon", "zone", OUTLINE), "line": DrawnField("line", "line", LINE)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        draws_in(self, self.instance.camera if self.instance.camera_id else None, self.instance.name)
        others: Any = self.fields["also_seen_by"]
        if self.instance.camera_id:
            others.queryset = others.queryset.filter(site=self.instance.site_id).exclude(pk=self.instance.camera_id)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        camera = said.get("camera") or (self.instance.camera if self.instance.camera_id else None)
        strangers = [other for other in said.get("also_seen_by") or () if camera and other.site_id != camera.site_id]
        if strangers:
            raise ValidationError({"also_seen_by": _("Only cameras of the same site can see this zone.")})
        return said


@admin.register(Zone)
class ZoneAdmin(BoundAdmin):
    form = ZoneForm
    list_display = ["name", "camera", "kind", "dwell_s"]
    list_select_related = ["camera__site"]
    list_filter = ["kind", ("camera", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "camera__name", "site__name"]
    fields = [
        *("camera", "name", "kind", "polygon", "dwell_s", "classes", "loiter_s", "line", "line_direction"),
        "also_seen_by",
    ]
    fixed = ("camera",)
