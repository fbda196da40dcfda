"""What is wrong with a camera, and what became of its frames, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cameras.models import Condition
from soc.console.evidence import LOST

_FROZEN = gettext_lazy(
    "No new picture for half a minute: each is one that came before. A test card, or a picture made by a machine, looks the same."
)
_CAUSES: dict[tuple[str, str], Any] = {
    ("blinded", "covered"): gettext_lazy("Nothing in the picture has an edge: the lens is covered or sprayed."),
    ("blinded", "black"): gettext_lazy("The picture went black from one moment to the next."),
    ("blinded", "dazzled"): gettext_lazy("A light shines into the lens."),
    ("blinded", "lost"): gettext_lazy("Most of what it usually shows is gone from the picture."),
    ("moved", "another"): gettext_lazy("It shows another view than its reference picture."),
    ("dark", ""): gettext_lazy("Nothing in the picture is bright enough to see by."),
    ("frozen", ""): _FROZEN,
}

# What became of frames that nobody looked at. A new cause is shown by its own name until it has a sentence here.
DROPPED: dict[str, Any] = {
    "paced": gettext_lazy("more than are looked at in a second"),
    "superseded": gettext_lazy("a newer one came first"),
    "unanswered": gettext_lazy("no worker answered"),
    "stale": gettext_lazy("too old when its turn came"),
    "late": gettext_lazy("came too late to be worth decoding"),
}


def explain(condition: Condition) -> str:
    """One sentence with the numbers that were measured."""
    detail = condition.detail
    if condition.kind == "moved" and detail.get("shift"):
        return _("What it shows is shifted in the picture: %(ways)s.") % {"ways": _ways(*detail["shift"])}
    if condition.kind == "slow":
        if "usual_fps" in detail:
            return _("%(fps)s pictures a second; %(usual)s are usual.") % {
                "fps": detail.get("fps", "?"),
                "usual": detail["usual_fps"],
            }
        return _("%(fps)s pictures a second.") % {"fps": detail.get("fps", "?")}
    if condition.kind == "runaway":
        return _(
            "It reports the same thing again and again for nothing: it wants service. Others in the picture raise as ever."
        )
    if condition.kind == "drift":
        return _("Its clock is wrong by %(seconds)s s.") % {"seconds": detail.get("offset_s", "?")}
    words = _CAUSES.get((condition.kind, detail.get("cause", "")))
    return str(words) if words else ""


def _ways(across: float, down: float) -> str:
    """A shift as parts of the picture's width and height, in words."""
    ways = []
    if part := round(abs(across) * 100):
        ways.append((_("%(part)s %% to the right") if across > 0 else _("%(part)s %% to the left")) % {"part": part})
    if part := round(abs(down) * 100):
        ways.append((_("%(part)s %% down") if down > 0 else _("%(part)s %% up")) % {"part": part})
    return ", ".join(ways)


def clips_lost(count: int, cause: str) -> str:
    """How many clips of the last day will not come, and why the newest of them."""
    words = ngettext("%(count)s clip of the last day is lost.", "%(count)s clips of the last day are lost.", count)
    return f"{words % {'count': count}} {LOST[cause]}." if cause in LOST else words % {"count": count}


def dropped(frames: dict[str, Any]) -> list[tuple[str, int]]:
    """(cause in words, frames), the most first."""
    causes = sorted(frames.get("dropped_by", {}).items(), key=lambda cause: -cause[1])
    return [(str(DROPPED.get(name, name)), count) for name, count in causes if count]
