"""The picture under a site's plan: laid there, put in place by the plan's page, taken away."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from cameras.models import SitePlan
from cameras.vision.picture import PictureRefused
from cameras.vision.snapshot import decode, take
from soc.core import events, media
from soc.core.models import Media, User

MOST_PX: Final = 2400  # of a side: on a plan of 100 metres that is four centimetres
MOST_LONG: Final = 20


def lay_picture(plan: SitePlan, data: bytes, *, by: User, at: datetime) -> Media:
    """Lay a JPEG or PNG under a plan. It is made anew from its pixels: whatever else the file carried, such as where and
    with what it was taken, is not kept.

    The first one is as large as the ground holds, one that replaces another lies where that lay and is as wide. To be
    called outside of a transaction: the bytes are stored before the plan points to them.

    Raises PictureRefused for what is no picture, damaged or too large, OSError where the store cannot take it, and
    SitePlan.DoesNotExist where the plan has gone meanwhile.
    """
    shot = take(decode(data), max_width=MOST_PX, max_height=MOST_PX, quality=86)
    if max(shot.width, shot.height) > MOST_LONG * min(shot.width, shot.height):
        raise PictureRefused(f"one side is more than {MOST_LONG} times the other")
    stored = media.store(
        plan.site,
        kind=Media.Kind.PLAN,
        content=shot.jpeg,
        content_type="image/jpeg",
        suffix="jpg",
        started_at=at,
        at=at,
    )
    with transaction.atomic():
        own = _locked(plan)
        own.picture, own.picture_place = stored, _place(own, shot.height / shot.width)
        own.save(update_fields=["picture", "picture_place"])
        events.record("plan.picture_put", own, by=by, at=at, media=stored.pk, sha256=stored.sha256)
    return stored


def _place(plan: SitePlan, tall: float) -> dict[str, float]:
    """As wide as the one before, else as large as the ground holds; `tall`: its height by its width."""
    before = plan.picture_place
    width = before["width"] if before else min(plan.width_m, plan.height_m / tall)
    corner = {"x": before["x"], "y": before["y"]} if before else {"x": 0, "y": 0}
    return {**corner, "width": round(width, 2), "height": round(width * tall, 2)}


def take_picture_away(plan: SitePlan, *, by: User, at: datetime) -> None:
    """The plan is a drawing alone again; nothing happens where it is one already. Housekeeping erases the picture."""
    with transaction.atomic():
        own = _locked(plan)
        if own.picture_id is None:
            return
        own.picture, own.picture_place = None, None
        own.save(update_fields=["picture", "picture_place"])
        events.record("plan.picture_taken_away", own, by=by, at=at)


def _locked(plan: SitePlan) -> SitePlan:
    return SitePlan.objects.select_for_update(no_key=True, of=("self",)).get(pk=plan.pk)
