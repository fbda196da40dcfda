"""What there is to see of an alert: the clip, else the snapshot, else a sentence that says why there is nothing. And the same
moment as other cameras saw it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cameras.models import Angle, Candidate
from incidents.actions.folding import DRILL
from incidents.audit.disguise import original_of
from incidents.models import Alert, Incident
from incidents.models.incident import State
from soc.console.sentences import place, what
from soc.console.strip import lead
from soc.core.media import erased_words
from soc.core.models import Media

# Seconds after which a clip that is not there will hardly come: the note stops promising it.
CLIP_EXPECTED = timedelta(seconds=30)
LONG_S: Final = 20.0  # a clip of several alerts begins shortly before the chosen one
BEFORE_S: Final = 6.0

# Of these there is no picture of the moment, or none that shows anything: the last good view is what they are held against.
OF_THE_VIEW: Final = frozenset({"blinded", "moved", "frozen", "dark", "slow", "offline"})

LOST: Final = {
    "full": gettext_lazy("The store of evidence was full"),
    "slow": gettext_lazy("The store of evidence was too slow"),
    "clip": gettext_lazy("No clip can be made of what this camera sends"),
}


@dataclass(frozen=True)
class Evidence:
    """`kind`: clip | snapshot | none. `tracks` as the overlay has them, times in seconds from `started`; `zone` is an
    SVG path in a 0..1 square; `key_s` is the moment of the trigger in seconds from `started`, `begin_s` where it is played
    from; `caption` says what is shown, `note` what is missing and when it comes; `views` are those of other cameras, as
    `view` makes them."""

    kind: str
    alert: Alert | None
    place: str = ""
    url: str = ""
    poster: str = ""
    started: datetime | None = None
    tracks: list[dict[str, Any]] = field(default_factory=list)
    zone: str = ""
    key_s: float = 0
    begin_s: float = 0
    caption: str = ""
    note: str = ""
    more: str = ""
    description: str = ""
    views: list[dict[str, Any]] = field(default_factory=list)


def evidence(incident: Incident, *, chosen: UUID | None, at: datetime) -> Evidence:
    """Of the chosen alert, else of the one the incident is named after. What the blind audit shows again has its own times
    only once that is over."""
    alert = _alert(incident, chosen)
    if alert is None:
        return Evidence("none", None, note=_("No alert came with this incident."))
    original = original_of(alert.candidate)
    if original is None:
        return _evidence(alert, alert.candidate, at=at)
    shown = _evidence(alert, original, at=at)
    over = incident.state == State.CLOSED
    return shown if over else moved(shown, alert.candidate.captured_at - original.captured_at)


def moved(shown: Evidence, by: timedelta) -> Evidence:
    """The same as if it had been so much later."""
    views = [
        view | {"started": (datetime.fromisoformat(view["started"]) + by).isoformat()} if view.get("started") else view
        for view in shown.views
    ]
    return replace(shown, started=shown.started + by if shown.started else None, views=views)


def _evidence(alert: Alert, filmed: Candidate, *, at: datetime) -> Evidence:
    """`filmed`: the candidate that the pictures were taken of."""
    candidate = alert.candidate
    where = place(candidate)
    shown: dict[str, Any] = {"alert": alert, "place": where, "description": _describe(candidate, where)}
    coming = candidate.camera_id is not None and at - candidate.captured_at < CLIP_EXPECTED
    clip, snapshot = candidate.clip, candidate.snapshot
    if clip and clip.there:
        overlay, key_s = clip.overlay or {}, _key_s(filmed, clip)
        return Evidence(
            "clip", url=f"/media/{clip.pk}", poster=f"/media/{snapshot.pk}" if snapshot and snapshot.there else "",
            started=clip.started_at, tracks=nameless(overlay.get("tracks") or _still(candidate, key_s)),
            zone=_zone(filmed, overlay), key_s=key_s, begin_s=_begin_s(clip, key_s), views=views(filmed),
            caption=_("clip, before to after"), note=_lost(candidate, coming=coming), **shown,
        )  # fmt: skip
    if snapshot and snapshot.there:
        note = _("The clip follows in a few seconds") if coming else _lost(candidate) or _("No clip, only this picture")
        return Evidence(
            "snapshot", url=f"/media/{snapshot.pk}", started=snapshot.started_at,
            tracks=nameless(_on_picture(candidate, snapshot)), zone=_zone(filmed, snapshot.overlay or {}),
            caption=_("picture of the moment"), note=note, **shown,
        )  # fmt: skip
    if view := _good_view(candidate):
        return Evidence(
            "snapshot", url=f"/media/{view.pk}", started=view.started_at, caption=_("earlier: the view as it shall be"),
            note=candidate.camera.trouble if candidate.camera else "", **shown,
        )  # fmt: skip
    return Evidence("none", note=_none(candidate, coming=coming), more=_more(candidate), **shown)


def _good_view(candidate: Candidate) -> Media | None:
    """The camera's own picture of its view, for an alert about that view. A drill has only what is played in it."""
    if candidate.category not in OF_THE_VIEW or candidate.camera is None or candidate.source == DRILL:
        return None
    view = candidate.camera.reference
    return view if view is not None and view.there and view.started_at <= candidate.captured_at else None


def views(candidate: Candidate) -> list[dict[str, Any]]:
    """What other cameras saw of it, for the page's own module; those without a clip say why. Empty where no other sees the
    zone."""
    angles = Angle.objects.filter(candidate=candidate).select_related("camera", "clip").order_by("camera__name")
    return [view(angle) for angle in angles if angle.clip or angle.done_at]


def view(angle: Angle) -> dict[str, Any]:
    """`key_s` and `begin_s` as in Evidence; `url` is empty where there is nothing to play, and `words` say why."""
    shown = {"camera": str(angle.camera_id), "name": angle.camera.name, "url": "", "words": ""}
    if angle.clip is None:
        return shown | {"words": _("No picture of it from this camera")}
    if not angle.clip.there:
        return shown | {"words": erased_words(angle.clip)}
    key_s = max(0.0, (angle.trigger_at - angle.clip.started_at).total_seconds())
    return shown | {
        "url": f"/media/{angle.clip_id}",
        "started": angle.clip.started_at.isoformat(),
        "key_s": round(key_s, 2),
        "begin_s": _begin_s(angle.clip, key_s),
        "tracks": nameless((angle.clip.overlay or {}).get("tracks", [])),
    }


def nameless(tracks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the ids that the watcher gave them, which count since it began: a page has no use for these, and whoever reads
    them knows how old a clip is."""
    return [{name: value for name, value in track.items() if name != "id"} for track in tracks]


def _alert(incident: Incident, chosen: UUID | None) -> Alert | None:
    alerts = list(incident.alerts.all())
    first = lead(incident)
    for alert in alerts:
        if (alert.pk == chosen) if chosen else (first is not None and alert.candidate_id == first.pk):
            return alert
    return alerts[0] if alerts else None


def _moment(candidate: Candidate, overlay: dict[str, Any]) -> dict[str, Any]:
    """What a clip's data has of this very alert: several may share it."""
    return next((moment for moment in overlay.get("alerts", ()) if moment.get("id") == candidate.dedup), {})


def _key_s(candidate: Candidate, clip: Media) -> float:
    """Where in the clip the trigger is: what a clip that stands still shows."""
    told = _moment(candidate, clip.overlay or {}).get("trigger_s")
    return max(0.0, (candidate.captured_at - clip.started_at).total_seconds() if told is None else told)


def _begin_s(clip: Media, key_s: float) -> float:
    return round(max(0.0, key_s - BEFORE_S), 2) if clip.duration_s > LONG_S else 0


def _still(candidate: Candidate, at_s: float = 0) -> list[dict[str, Any]]:
    """The trigger's own box, for a picture that does not move and a clip without tracks: at its moment only."""
    box = candidate.evidence.get("box")
    if not box:
        return []
    label = {"label": candidate.evidence.get("label", ""), "score": candidate.evidence.get("score")}
    return [{"id": candidate.evidence.get("track", 0), **label, "path": [[at_s, *box]]}]


def _on_picture(candidate: Candidate, snapshot: Media) -> list[dict[str, Any]]:
    """The box on the picture that is shown: the moment's own, or that of the best picture of the track."""
    best = (snapshot.overlay or {}).get("best")
    still = _still(candidate)
    return [{**track, "score": best["score"], "path": [[0, *best["box"]]]} for track in still] if best else still


def _zone(candidate: Candidate, overlay: dict[str, Any]) -> str:
    drawn = _moment(candidate, overlay).get("zone") or overlay.get("zone")
    points = drawn or (candidate.zone.polygon if candidate.zone else [])
    return "M" + " ".join(f"{x:.4f} {y:.4f}" for x, y in points) + "Z" if points else ""


def _describe(candidate: Candidate, where: str) -> str:
    return _("Evidence: %(what)s, %(place)s") % {
        "what": what(candidate.category),
        "place": where or candidate.site.name,
    }


def _lost(candidate: Candidate, *, coming: bool = False) -> str:
    """Why the whole clip is not there, once it will not come; empty where it did."""
    cause = candidate.evidence.get("lost", "")
    return str(LOST.get(cause, _("The clip was lost"))) if cause and not coming else ""


def _none(candidate: Candidate, *, coming: bool) -> str:
    gone = candidate.clip or candidate.snapshot
    if gone is not None and gone.erased_at is not None:
        return erased_words(gone)
    if candidate.source == DRILL:
        return _("A drill without pictures")
    if candidate.camera is None:
        return _("No camera belongs to this signal")
    if candidate.camera.health == candidate.camera.Health.OFFLINE:
        since = candidate.camera.health_since
        if since is None:
            return _("No picture from this camera")
        local = since.astimezone(candidate.site.zone_info)
        return _("No picture since %(time)s") % {"time": local.strftime("%H:%M")}
    return (
        _("The picture follows in a few seconds")
        if coming
        else _lost(candidate) or _("No picture came with this alert")
    )


def _more(candidate: Candidate) -> str:
    gone = candidate.clip or candidate.snapshot
    if gone is not None and gone.erased_at is not None:
        days = candidate.site.retention_days
        return _("This site's pictures are kept for %(days)d days. Its hash stays in the record.") % {"days": days}
    if candidate.source == DRILL:
        return ""
    if candidate.camera is None:
        return _("Look at the site's cameras by their numbers, or call.")
    return candidate.camera.trouble or _("The live picture may show more: press L.")
