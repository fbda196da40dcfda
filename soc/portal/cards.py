"""What the pages show, ready to be written down: plain values, no queries in templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cameras.actions import Standing
from cameras.context.schedule import ArmState
from cameras.models import Camera
from incidents.models import Alert, Incident
from incidents.models.incident import State
from soc.core.media import erased_words
from soc.core.models import Media, Site, User
from soc.core.rights import Act, Role, allows
from soc.portal import clock, reads, sentences


@dataclass(frozen=True)
class SiteState:
    """Armed or not, and what changes that next."""

    site: Site
    armed: bool
    headline: str
    detail: str


@dataclass(frozen=True)
class Trouble:
    """Cameras of a site without a picture: a headline and where since when."""

    headline: str
    detail: str


@dataclass(frozen=True)
class Card:
    """An incident in a list."""

    pk: UUID
    site_id: UUID
    site: str
    title: str
    gist: str
    when: str
    short: str
    place: str
    caption: str
    picture: UUID | None
    has_clip: bool
    finished: bool
    mini: list[tuple[str, str]]


@dataclass(frozen=True)
class Clip:
    """One picture or video of an incident. `alert`: the alert's id, or that of another camera's view of it. `video` is None
    until it is ready; `length` is like 0:18; `erased` says that there is nothing any more."""

    alert: UUID
    label: str
    video: Media | None
    picture: UUID | None
    length: str
    erased: str = ""


@dataclass(frozen=True)
class Watcher:
    who: str
    when: str


def site_state(site: Site, stands: Standing, *, at: datetime) -> SiteState:
    state = stands.arm(at)
    return SiteState(site, state.armed, _("Armed") if state.armed else _("Disarmed"), _until(state, site, at))


def _until(state: ArmState, site: Site, at: datetime) -> str:
    if state.owner != "schedule":
        return _by_hand(state, site, at)
    if state.until is None and state.armed:
        return _("around the clock, by your weekly schedule")
    if state.until is None:
        return _("without a schedule. Hold-up, fire and other threats raise an alarm all the same.")
    # Within a day an hour says it; further off it needs its day.
    near = state.until - at < timedelta(hours=20)
    local = state.until.astimezone(site.zone_info)
    words = {"time": date_format(local, "H:i" if near else "l H:i")}
    if state.armed:
        return _("until %(time)s, by your weekly schedule") % words
    return _("arms at %(time)s, by your weekly schedule") % words


def _by_hand(state: ArmState, site: Site, at: datetime) -> str:
    """By somebody, not by the schedule: until when, as far as that is known."""
    if state.owner == "panel":
        return _("at your alarm panel")
    if state.until is None:
        return _("by hand, until somebody changes it")
    near = state.until - at < timedelta(hours=20)
    time = date_format(state.until.astimezone(site.zone_info), "H:i" if near else "l H:i")
    if state.armed:
        return _("by hand, until %(time)s") % {"time": time}
    return _("by hand; arms by itself at %(time)s") % {"time": time}


def trouble(cameras: Iterable[Camera], *, at: datetime, several_sites: bool = False) -> Trouble | None:
    """The cameras that have no picture now, in two lines; None when all do. Causes stay with the centre: they name
    addresses."""
    in_use = [camera for camera in cameras if camera.enabled]
    lost = [camera for camera in in_use if camera.health == Camera.Health.OFFLINE]
    if not lost:
        return None
    counts = {"lost": len(lost), "all": len(in_use)}
    headline = (
        _("One of %(all)d cameras has no picture")
        if len(lost) == 1
        else _("%(lost)d of %(all)d cameras have no picture")
    )
    if len(in_use) == 1:
        headline = _("Your camera has no picture")
    named = []
    for camera in lost[:4]:
        name = f"{camera.site.name}, {camera.name}" if several_sites else camera.name
        if camera.health_since is None:
            named.append(name)
            continue
        zone = camera.site.zone_info
        fresh = at - camera.health_since < timedelta(hours=20)
        when = (clock.hour if fresh else clock.day_hour)(camera.health_since, zone)
        named.append(_("%(camera)s since %(time)s") % {"camera": name, "time": when})
    if len(lost) > 4:
        named.append(_("and %(more)d more") % {"more": len(lost) - 4})
    return Trouble(headline % counts, "; ".join(named) + ".")


def cards(incidents: Iterable[Incident]) -> list[Card]:
    listed = list(incidents)
    faces = reads.faces(listed)
    return [card(incident, faces.get(incident.pk)) for incident in listed]


def card(incident: Incident, face: Alert | None) -> Card:
    zone = incident.site.zone_info
    where = place(face) if face else incident.site.name
    snapshot = face.candidate.snapshot if face else None
    picture = snapshot.pk if snapshot and snapshot.there else None
    return Card(
        pk=incident.pk,
        site_id=incident.site_id,
        site=incident.site.name,
        title=sentences.title(incident, where),
        gist=sentences.gist(incident),
        when=clock.day_hour(incident.captured_at, zone),
        short=sentences.in_short(incident),
        place=where,
        caption=f"{clock.hour(incident.captured_at, zone)}, {where}",
        picture=picture,
        has_clip=bool(face and face.candidate.clip and face.candidate.clip.there),
        finished=incident.state == State.CLOSED,
        mini=clock.mini(incident),
    )


def place(alert: Alert) -> str:
    """The zone's or camera's name as the customer knows it; the site's where there is neither."""
    candidate = alert.candidate
    return candidate.zone.name if candidate.zone else candidate.camera.name if candidate.camera else alert.site.name


def clips(alerts: Iterable[Alert], site: Site) -> list[Clip]:
    """Those of the alerts that have, or will have, something to look at."""
    found = []
    for alert in alerts:
        candidate = alert.candidate
        if candidate.camera_id is None and candidate.clip_id is None:
            continue
        hour = clock.hour(alert.captured_at, site.zone_info, seconds=True)
        found.append(_clip(alert.pk, f"{hour}, {place(alert)}", candidate.clip, candidate.snapshot))
        for angle in candidate.angles.all():
            if angle.clip is not None:
                seen_from = _("%(time)s, from %(camera)s") % {"time": hour, "camera": angle.camera.name}
                found.append(_clip(angle.pk, seen_from, angle.clip, None))
    # Alerts close together share a video: once is enough.
    shown: dict[UUID, Clip] = {}
    for clip in found:
        shown.setdefault(clip.video.pk if clip.video else clip.alert, clip)
    return list(shown.values())


def _clip(pk: UUID, label: str, video: Media | None, picture: Media | None) -> Clip:
    shown = video or picture
    if shown is not None and shown.erased_at is not None:
        return Clip(pk, label, None, None, "", erased_words(shown))
    seconds = round(video.duration_s) if video else 0
    length = f"{seconds // 60}:{seconds % 60:02d}" if seconds else ""
    return Clip(pk, label, video, picture.pk if picture else None, length)


def watchers(incident: Incident, alerts: Iterable[Alert], *, reader: User) -> list[Watcher]:
    """Who watched the videos, and who looked live meanwhile, by call-sign and role."""
    site = incident.site
    videos = {
        clip.pk: clip
        for alert in alerts
        for clip in (alert.candidate.clip, *(angle.clip for angle in alert.candidate.angles.all()))
        if clip
    }
    of_videos = [_watcher(viewing, reader, site) for viewing in reads.viewings(videos.values())]
    return of_videos + [_watcher(viewing, reader, site, live=True) for viewing in reads.live_viewings(incident)]


def _watcher(viewing: reads.Viewing, reader: User, site: Site, *, live: bool = False) -> Watcher:
    when = clock.day_hour(viewing.first, site.zone_info)
    if live:
        when = _("%(time)s, live picture") % {"time": when}
    elif viewing.times > 1:
        when = _("%(time)s, %(times)d times") % {"time": when, "times": viewing.times}
    if viewing.user == reader:
        return Watcher(_("You"), when)
    held = [
        m for m in viewing.user.memberships.all() if allows(m.role, Act.VIDEO) or allows(m.role, Act.VIDEO_IN_INCIDENT)
    ]
    scopes = {site.pk, site.customer_id, site.organisation_id}
    role = next((m.role for m in held if m.scope()[1] in scopes), "")
    word = sentences.role_word(role)
    who = sentences.sign(viewing.user) if role in Role.of_centre() else viewing.user.call_sign
    return Watcher(", ".join(filter(None, [who, word])) or _("Someone whose right has ended"), when)
