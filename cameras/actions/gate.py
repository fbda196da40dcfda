"""A policy is published behind its replay: what was real, and nobody would be shown any more, holds it up until it is signed for.

What was real is told by the stage that knows incidents; until somebody has told nothing is published this way: shut rather
than open. The replay runs before the lock, for judging waits behind it; what came in meanwhile is looked for under it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Max, QuerySet

from cameras.actions import policies
from cameras.context.policy import Policy as Read
from cameras.context.policy import read, with_holidays
from cameras.models import Candidate, Judging, Policy, PolicyDraft
from soc.core import events
from soc.core.models import Event, Site, User
from soc.core.rights import Act

LOOKS_BACK: Final = timedelta(days=30)
TRIES: Final = 3
LEAST_REASON: Final = 10  # letters of a reason: enough for a word about it


class Outcome(Protocol):
    """What a replay came to. `lost`: incidents that were real and would not be raised any more."""

    @property
    def lost(self) -> Sequence[Any]: ...

    def as_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Card:
    """An incident that would be lost, as a page shows it. clip, picture: for whom it is made, None where they may not see one;
    `kept`: whether there is any. `said`: how it ended, or what was made of it, in words; empty where it goes on."""

    pk: UUID
    reference: str
    category: str
    priority: int
    at: datetime
    place: str
    said: str
    clip: UUID | None
    picture: UUID | None
    kept: bool
    url: str


class Losses(Protocol):
    def replay(self, site: Site, policy: Read, *, since: datetime, until: datetime) -> Outcome: ...

    def cards(self, site: Site, ids: Collection[UUID], *, user: User) -> list[Card]: ...

    def moment(self, site: Site) -> tuple[Any, ...]:
        """Changes whenever an incident of the site is opened or decided on."""
        ...


_told: list[Losses] = []


def means(losses: Losses) -> None:
    """Tell what was real, once, at start."""
    _told[:] = [losses]


@dataclass(frozen=True)
class Signature:
    """A supervisor's word that the losses are known and meant."""

    by: User
    reason: str


class HeldUp(Exception):
    """Not published. `outcome`: the replay that says why, where one does."""

    def __init__(self, code: str, outcome: Outcome | None = None) -> None:
        super().__init__(code)
        self.code, self.outcome = code, outcome


def digest(body: dict[str, Any]) -> str:
    """Names a body as it was typed: without what is filled in when it is published."""
    text = json.dumps(bare(body), sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def bare(body: Any) -> dict[str, Any]:
    """A body without the days of public holidays and the time zone, which are filled in anew when it is published; {} for what
    is no body.
    """
    if not isinstance(body, dict):
        return {}

    def without(schedule: Any) -> Any:
        holidays = schedule.get("holidays") if isinstance(schedule, dict) else None
        if not isinstance(holidays, dict):
            return schedule
        return {**schedule, "holidays": {name: value for name, value in holidays.items() if name != "days"}}

    found = {
        name: without(value) if name == "schedule" else value for name, value in body.items() if name != "time_zone"
    }
    if isinstance(zones := body.get("zones"), dict):
        found["zones"] = {
            pk: {**zone, "schedule": without(zone["schedule"])}
            if isinstance(zone, dict) and "schedule" in zone
            else zone
            for pk, zone in zones.items()
        }
    return found


def keep(site: Site, body: dict[str, Any], *, by: User, at: datetime, seen: datetime | None) -> PolicyDraft:
    """Keep what is being typed, bare. `seen`: when the draft on the typist's page was kept; None: there was none.

    Raises HeldUp("overtaken") where somebody else kept another one meanwhile. The same body again changes nothing: its
    replay still counts, and so does the question for a signature.
    """
    body = bare(body)
    with transaction.atomic():
        # Two who begin one at once are told apart too.
        Site.objects.select_for_update(no_key=True, of=("self",)).get(pk=site.pk)
        draft = PolicyDraft.objects.select_for_update(of=("self",)).filter(site=site).first()
        if (draft.kept_at if draft else None) != seen:
            raise HeldUp("overtaken")
        if draft is not None and draft.body == body:
            return draft
        based_on = draft.based_on if draft else policy_in_force(site)
        kept = policies.keep_draft(site, body, by=by, at=at, based_on=based_on)
        if by.pk not in authors(kept):
            events.record("policy.drafted", kept, by=by, at=at)
    return kept


def policy_in_force(site: Site) -> Policy | None:
    return Policy.objects.filter(pk__in=Judging.objects.filter(site=site).values("policy")).first()


def authors(draft: PolicyDraft) -> set[UUID]:
    """Whoever has had a hand in it, as the record tells: nobody is an author no more because another typed last."""
    wrote = Event.objects.filter(kind="policy.drafted", subject_id=draft.pk, by__isnull=False)
    return set(wrote.values_list("by", flat=True))


def replay_draft(draft: PolicyDraft, *, at: datetime) -> Outcome:
    """Replay it now and note with it what came out. Raises PolicyRefused, HeldUp("untold")."""
    outcome = _replayed(draft, at=at)
    _note(draft, outcome, at=at)
    return outcome


def _replayed(draft: PolicyDraft, *, at: datetime) -> Outcome:
    if not _told:
        raise HeldUp("untold")
    site = draft.site
    filled = with_holidays(draft.body, around=at.astimezone(site.zone_info).year)
    policy = read(filled, time_zone=site.time_zone, version="draft")
    # A camera's clock may be ahead of ours.
    return _told[0].replay(site, policy, since=at - LOOKS_BACK, until=at + timedelta(hours=1))


def _note(draft: PolicyDraft, outcome: Outcome, *, at: datetime) -> None:
    draft.replayed = {**outcome.as_json(), "sha256": digest(draft.body), "at": at.isoformat()}
    PolicyDraft.objects.filter(pk=draft.pk, kept_at=draft.kept_at).update(replayed=draft.replayed)


def publish_draft(
    site: Site, *, by: User, at: datetime, seen: str, note: str = "", signature: Signature | None = None
) -> Policy:
    """Publish the site's draft as its next version.

    1. It is the one that was looked at (`seen`: its digest), made from the version in force.
    2. A signature is by somebody who may sign and had no hand in it, with a reason.
    3. Replay it over the last 30 days. What was real and would be lost holds it up, unless that is signed for: what the replay
       noted with the draft showed, and no more.
    4. Under the lock that judging takes: the same draft, still from the version in force, and nothing raised or decided since
       the replay began; else once more from 1.

    Whatever a browser said before counts for nothing. Raises HeldUp, PolicyRefused, PermissionDenied.
    """
    shown: set[str] | None = None
    for _try in range(TRIES):
        draft = _looked_at(PolicyDraft.objects.select_related("site", "based_on", "kept_by").filter(site=site), seen)
        if shown is None:
            shown = set(draft.replayed.get("lost", ()))
        if signature is not None:
            _check(signature, draft)
        before = _moment(site)
        outcome = replay_draft(draft, at=at)
        if outcome.lost and (signature is None or not shown.issuperset(draft.replayed["lost"])):
            raise HeldUp("lost", outcome)
        with transaction.atomic():
            judging = policies.locked_judging(site)
            locked = _looked_at(PolicyDraft.objects.select_for_update(of=("self",)).filter(site=site), seen)
            if judging.policy_id != locked.based_on_id:
                raise HeldUp("moved", outcome)
            if _moment(site) != before:
                continue
            policy = _publish(draft, by=by, at=at, note=note, signature=signature if outcome.lost else None)
            policies.drop_draft(site)
        return policy
    raise HeldUp("busy")


def _publish(draft: PolicyDraft, *, by: User, at: datetime, note: str, signature: Signature | None) -> Policy:
    said: dict[str, Any] = {
        "note": note,
        "replayed": draft.replayed,
        "by": draft.kept_by if signature else by,
        "at": at,
    }
    if signature is not None:
        said |= {"signed_by": signature.by, "signed_reason": signature.reason}
    if (earlier := _same_as(draft)) is not None:
        return policies.roll_back(earlier, **said)
    return policies.publish(draft.site, draft.body, based_on=draft.based_on, **said)


def _same_as(draft: PolicyDraft) -> Policy | None:
    """The newest version with this very body: publishing it again is a roll-back."""
    versions = Policy.objects.filter(site=draft.site).order_by("-number")
    others = (version for version in versions if version.pk != draft.based_on_id)
    return next((version for version in others if bare(version.body) == draft.body), None)


def _looked_at(drafts: QuerySet[PolicyDraft], seen: str) -> PolicyDraft:
    draft = drafts.first()
    if draft is None:
        raise HeldUp("nothing")
    if digest(draft.body) != seen:
        raise HeldUp("overtaken")
    return draft


def _check(signature: Signature, draft: PolicyDraft) -> None:
    if not Site.objects.visible_to(signature.by, Act.SIGN).filter(pk=draft.site_id).exists():
        raise PermissionDenied
    if signature.by.pk in authors(draft):
        raise HeldUp("own")
    if len(signature.reason.strip()) < LEAST_REASON:
        raise HeldUp("no_reason")


def _moment(site: Site) -> tuple[Any, ...]:
    """Changes whenever something is raised here, an incident is decided on or the site's clock becomes another one: a replay from
    before counts no more.
    """
    zone = Site.objects.values_list("time_zone", flat=True).get(pk=site.pk)
    raised = Candidate.objects.filter(site=site, decision=Candidate.Decision.RAISE).aggregate(Max("ordinal"))
    return (zone, raised["ordinal__max"], *(_told[0].moment(site) if _told else ()))


def roll_back(version: Policy, *, by: User, at: datetime, note: str = "") -> Policy:
    """Put an earlier version into force again, as the next one, behind the same replay. Where that holds it up, it is left as
    the site's draft, for somebody to sign. Raises HeldUp("in_the_way") where a draft of something else is kept."""
    body, draft = bare(version.body), PolicyDraft.objects.filter(site=version.site).first()
    if draft is not None and draft.body != body:
        raise HeldUp("in_the_way")
    keep(version.site, body, by=by, at=at, seen=draft.kept_at if draft else None)
    return publish_draft(version.site, by=by, at=at, seen=digest(body), note=note)


def drop(site: Site, *, by: User, at: datetime, seen: datetime | None) -> None:
    """Forget the draft that was looked at (`seen`: when it was kept). Raises HeldUp("overtaken") where it is another one now."""
    with transaction.atomic():
        draft = PolicyDraft.objects.select_for_update(of=("self",)).filter(site=site).first()
        if draft is None or draft.kept_at != seen:
            raise HeldUp("overtaken")
        events.record("policy.draft_dropped", draft, by=by, at=at, sha256=digest(draft.body))
        policies.drop_draft(site)


def cards(draft: PolicyDraft, *, user: User) -> list[Card]:
    """What the draft's last replay would lose."""
    ids = [UUID(pk) for pk in draft.replayed.get("lost", [])]
    return _told[0].cards(draft.site, ids, user=user) if ids and _told else []


def ask_to_sign(draft: PolicyDraft, *, by: User, at: datetime) -> None:
    """Note that a supervisor is asked to sign for what would be lost."""
    with transaction.atomic():
        PolicyDraft.objects.filter(pk=draft.pk).update(sign_asked_at=at)
        events.record("policy.sign_asked", draft, by=by, at=at, lost=len(draft.replayed.get("lost", [])))
