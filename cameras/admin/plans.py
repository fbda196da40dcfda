"""The plan of a site: its ground drawn in metres, where its cameras hang and look, and where a picture lies under it. Without
scripts all three are JSON in text."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cameras.admin.plan_picture import PicturePages, shown_at
from cameras.models import Camera, SitePlan
from cameras.models.plan import picture_on_plan
from cameras.models.shapes import place_on_plan
from soc.core.admin.bound import BoundAdmin

KINDS = (
    ("building", _("Building")),
    ("fence", _("Fence")),
    ("gate", _("Gate")),
    ("path", _("Path")),
    ("label", _("Words")),
)


class PlanField(forms.Textarea):
    """The shapes, with the drawing board around them, which finds the page's other fields by their names."""

    class Media:
        css = {"all": ["plan-editor.css"]}
        js = [forms.Script("js/plan-editor.js", type="module")]

    cameras: list[Camera] = []
    picture = ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        context = {
            "field": super().render(name, value, attrs, renderer),
            "cameras": [
                {"id": str(camera.pk), "number": n, "name": camera.name} for n, camera in enumerate(self.cameras, 1)
            ],
            "words": words(),
            "picture": self.picture,
        }
        return render_to_string("admin/cameras/plan_field.html", context)


class PlanForm(forms.ModelForm):
    places = forms.JSONField(
        label=_("Places of the cameras"),
        required=False,
        widget=forms.Textarea({"rows": 3, "cols": 60, "spellcheck": "false"}),
        help_text=_(
            "By the id of each camera: x, y and reach in metres, heading in degrees from north, angle in degrees. "
            "null: not on the plan."
        ),
    )

    class Meta:
        model = SitePlan
        fields = ["site", "width_m", "height_m", "shapes", "picture_place"]
        text = {"rows": 3, "cols": 60, "spellcheck": "false"}
        widgets = {"shapes": PlanField(text), "picture_place": forms.Textarea({**text, "rows": 1})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = self.instance.site_id
        self.cameras: dict[str, Camera] = {}
        if site:
            self.cameras = {str(one.pk): one for one in Camera.objects.filter(site=site).order_by("name")}
        widget: Any = self.fields["shapes"].widget
        widget.cameras = [camera for camera in self.cameras.values() if camera.enabled]
        widget.picture = shown_at(self.instance)
        self.fields["places"].initial = {pk: camera.on_plan for pk, camera in self.cameras.items()}

    def clean_places(self) -> dict[str, Any]:
        """Only cameras of this site, each where a camera can be."""
        said = self.cleaned_data["places"] or {}
        if not isinstance(said, dict):
            raise ValidationError(_("Give the place of each camera by its id."))
        for pk, place in said.items():
            if pk not in self.cameras:
                raise ValidationError(_("Only cameras of this site are on its plan."))
            if place is not None:
                place_on_plan(place)
        return said

    def clean_picture_place(self) -> dict[str, float] | None:
        """Where it lies and how wide it is; how high follows from that, so that no picture is ever stretched."""
        before, said = self.instance.picture_place, self.cleaned_data["picture_place"]
        if not before or not said:
            return before
        picture_on_plan(said)
        return {**said, "height": round(said["width"] * before["height"] / before["width"], 2)}

    def moved(self) -> list[Camera]:
        """Cameras whose place is another now, not saved yet."""
        found = []
        for pk, place in self.cleaned_data["places"].items():
            camera = self.cameras[pk]
            if camera.on_plan != place:
                camera.on_plan = place
                found.append(camera)
        return found


@admin.register(SitePlan)
class SitePlanAdmin(PicturePages, BoundAdmin):
    form = PlanForm
    change_form_template = "admin/cameras/plan_form.html"
    list_display = ["site", "width_m", "height_m"]
    list_select_related = ["site"]
    search_fields = ["site__name"]
    # A plan is one place's: another site is another plan.
    fixed = ("site",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        drawn = ["site", "width_m", "height_m", "shapes", "places"]
        return [*drawn, "picture_place"] if obj is not None and obj.picture_id else drawn

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            for camera in form.moved():
                camera.save(update_fields=["on_plan"])


def words() -> dict[str, Any]:
    """What the editor says. {n}, {x}, {y}, {name} and the like are filled in by it."""
    arrows = ["←", "↑", "→", "↓"]
    return {
        "kinds": {code: str(label) for code, label in KINDS},
        "keys": [
            [arrows, gettext("move 0.5 m")],
            [[gettext("Shift")], gettext("moves 5 m")],
            [[",", "."], gettext("turn a camera 5°")],
            [["[", "]"], gettext("narrower, wider")],
            [["-", "+"], gettext("sees less, more far")],
            [["A"], gettext("add a corner after this one")],
            [[gettext("Del")], gettext("remove")],
        ],
        "board": gettext("Plan, north is up"),
        "add": gettext("Add"),
        "camera": gettext("Camera {n}, {name}: {x} m across, {y} m down, looks {heading}°"),
        "turn": gettext("Camera {n} looks this way: {heading}°, {reach} m"),
        "corner": gettext("{what}, corner {n}: {x} m across, {y} m down"),
        "put": gettext("Put {n}, {name}, on the plan"),
        "off": gettext("Off the plan"),
        "remove": gettext("Remove this shape"),
        "words": gettext("Words on it"),
        "x": gettext("across m"),
        "y": gettext("down m"),
        "heading": gettext("looks at °"),
        "angle": gettext("angle °"),
        "reach": gettext("sees m"),
        "shapes": gettext("On the ground"),
        "cameras": gettext("Cameras"),
        "nothing": gettext("Choose a camera or something on the ground, or add it."),
        "picture": gettext("Picture of the ground"),
        "ground_x": gettext("begins across m"),
        "ground_y": gettext("begins down m"),
        "ground_width": gettext("is wide m"),
        "measure": gettext("Say its size by two points"),
        "measuring": gettext("Lay A and B on two places of the picture whose distance you know, and type it."),
        "ground_apart": gettext("from A to B m"),
        "fit": gettext("Make the ground as large as the picture"),
        "mark": gettext("Point {what}: {x} m across, {y} m down"),
        "unread": gettext("The text below cannot be read: it is as you typed it."),
        "no_cameras": gettext("Cameras can be placed once the plan is saved."),
    }
