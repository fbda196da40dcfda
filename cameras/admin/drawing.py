"""Fields that are drawn into a camera's picture. Without scripts they are what they always were: JSON in a text field."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from cameras.models.shapes import polygon_in_picture

MODES = frozenset({"polygon", "polygons", "line"})


class DrawnField(forms.Textarea):
    """`mode`: polygon | polygons | line. `kind`: zone | mask | ignore | line, which masks look different by."""

    class Media:
        css = {"all": ["polygon-editor.css"]}
        js = [forms.Script("js/polygon-editor.js", type="module")]

    def __init__(self, mode: str, kind: str, label: str | Promise) -> None:
        assert mode in MODES
        super().__init__({"rows": 3, "cols": 60, "spellcheck": "false"})
        self.mode, self.kind, self.label = mode, kind, label
        self.camera: Camera | None = None
        self.zone_name = ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        context = {
            "field": super().render(name, value, attrs, renderer),
            "mode": self.mode,
            "kind": self.kind,
            "label": self.label,
            "picture": picture_of(self.camera),
            "beside": self._beside(),
            "words": words(self.mode),
            "plain": drawn(_parsed(value)) if self.mode == "polygon" else "",
        }
        return render_to_string("admin/cameras/drawn_field.html", context)

    def _beside(self) -> dict[str, Any]:
        """What else lies in the picture: not what the field itself draws."""
        if self.camera is None or self.camera._state.adding:
            return {}
        zones = [zone.polygon for zone in self.camera.zones.all() if zone.name != self.zone_name or self.kind != "zone"]
        found = {"masks": self.camera.privacy_masks, "ignored": self.camera.ignore_areas, "zones": zones}
        own = {"mask": "masks", "ignore": "ignored"}.get(self.kind)
        return {name: shapes for name, shapes in found.items() if name != own}


def picture_of(camera: Camera | None) -> str:
    """Where the picture lies that its view is compared with; "" without one. Who may see it is for that address to say."""
    if camera is None or camera.reference_id is None:
        return ""
    return reverse("media", args=[camera.reference_id])


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None


def drawn(polygon: Any) -> SafeString:
    """The outline in an empty picture of 16:9; nothing for what is no outline, as on a page that says so."""
    try:
        polygon_in_picture(polygon)
    except ValidationError:
        return SafeString("")
    points = " ".join(f"{160 * x:.1f},{90 * y:.1f}" for x, y in polygon)
    return format_html(
        '<svg class="pe-plain" viewBox="0 0 160 90" width="128" height="72" role="img" aria-label="{}">'
        '<rect width="160" height="90" fill="none" stroke="currentColor" opacity=".4"/>'
        '<polygon points="{}" fill="currentColor" fill-opacity=".25" stroke="currentColor"/></svg>',
        gettext("outline of the zone"),
        points,
    )


def words(mode: str) -> dict[str, Any]:
    """What the editor says. {n}, {x} and {y} are filled in by it."""
    line = mode == "line"
    arrows = ["←", "↑", "→", "↓"]
    tab, shift = [gettext("Tab")], [gettext("Shift")]
    delete = [gettext("Del")]
    moving: list[list[Any]] = [[arrows, gettext("move 0.5")], [shift, gettext("moves 5")]]
    corners = [
        [tab, gettext("next corner")], *moving, [["A"], gettext("add after")], [delete, gettext("remove")],
    ]  # fmt: skip
    return {
        "keys": {
            "polygon": [*corners, [["M"], gettext("mask")]],
            "polygons": [*corners, [["M"], gettext("new outline")]],
            "line": [[tab, gettext("next end")], *moving, [delete, gettext("no line")]],
        },
        "no_picture": gettext("No picture to draw on: the frame is 16:9"),
        "no_mask": gettext("Masks are drawn on the camera's page."),
        "corner": gettext("Corner {n}, {x} across, {y} down"),
        "across": gettext("across %"),
        "down": gettext("down %"),
        "across_of": gettext("Corner {n} across, percent"),
        "down_of": gettext("Corner {n} down, percent"),
        "outline": gettext("Outline {n}"),
        "begin": gettext("New outline"),
        "begin_line": gettext("Draw a line"),
        "add": gettext("Add a corner"),
        "remove": gettext("Remove the corner"),
        "drop": gettext("Remove the outline"),
        "drop_line": gettext("No line"),
        "least": gettext("An outline keeps at least three corners."),
        "empty": gettext("No line.")
        if line
        else gettext("Nothing is drawn. Press on the picture, or begin an outline."),
        "fine": gettext("{n} corners, does not cross itself"),
        "fine_line": gettext("From 1 to 2; left and right are seen along it"),
        "too_few": gettext("A line is two points.") if line else gettext("An outline needs at least three corners."),
        "same": gettext("The two ends must differ."),
        "crosses": gettext("The outline crosses itself: move a corner. As it is it cannot be saved."),
        "outside": gettext("A corner lies outside the picture: numbers go from 0 to 100."),
        "no_number": gettext("A corner has no number."),
        "unread": gettext("The text below is no outline: it is as you typed it."),
    }


OUTLINE, LINE = _("Corners of the outline"), _("Ends of the line")
