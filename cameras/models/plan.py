from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from soc.core.models import Media, SiteOwned

KINDS = frozenset({"building", "fence", "gate", "path", "label"})
MOST_SHAPES, MOST_POINTS = 60, 60


def shapes_on_plan(value: object) -> None:
    """[{"kind": one of KINDS, "points": [[x, y], …], "words": …}], metres from the upper left corner. Raises ValidationError."""
    if not isinstance(value, list) or len(value) > MOST_SHAPES:
        raise ValidationError(_("A plan has at most %(n)d shapes.") % {"n": MOST_SHAPES})
    for shape in value:
        points = shape.get("points") if isinstance(shape, dict) else None
        good = (
            isinstance(points, list)
            and 1 <= len(points) <= MOST_POINTS
            and all(isinstance(p, list) and len(p) == 2 and all(_is_metres(v) for v in p) for p in points)
            and shape.get("kind") in KINDS
            and isinstance(shape.get("words", ""), str)
            and len(shape.get("words", "")) <= 40
        )
        if not good:
            raise ValidationError(_("A shape is a kind, its points in metres and, if you like, a few words."))


def _is_metres(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1000 <= value <= 5000


def picture_on_plan(value: object) -> None:
    """{"x", "y", "width", "height"}: the upper left corner and the size of the picture on the ground, metres. Raises
    ValidationError."""
    good = (
        isinstance(value, dict)
        and set(value) == {"x", "y", "width", "height"}
        and all(_is_metres(number) for number in value.values())
        and min(value["width"], value["height"]) >= 0.1
    )
    if not good:
        raise ValidationError(_("The picture's place is x, y, width and height in metres."))


class SitePlan(SiteOwned):
    """The ground of a site, seen from above: a drawing in metres, over a picture where there is one. North is up."""

    width_m = models.FloatField(
        _("width"), validators=[MinValueValidator(5), MaxValueValidator(2000)], help_text=_("metres")
    )
    height_m = models.FloatField(
        _("depth"), validators=[MinValueValidator(5), MaxValueValidator(2000)], help_text=_("metres")
    )
    shapes = models.JSONField(_("shapes"), default=list, blank=True, validators=[shapes_on_plan])
    picture = models.ForeignKey(
        Media, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("picture")
    )
    picture_place = models.JSONField(
        _("place of the picture"), null=True, blank=True, validators=[picture_on_plan], help_text=_("metres")
    )

    class Meta:
        verbose_name = _("site plan")
        verbose_name_plural = _("site plans")
        constraints = [models.UniqueConstraint(fields=["site"], name="one_plan_per_site")]

    def __str__(self) -> str:
        return str(self.site)
