"""A site's policy: published version by version, and in force from that moment for whoever judges or watches."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from cameras.context import policy as compiled
from cameras.context.holidays import with_holidays
from cameras.context.policy import PolicyRefused, problems, unreadable
from cameras.errors import Refused
from cameras.models import Judging, Policy, PolicyDraft, Zone
from soc.core import events
from soc.core.models import Site, User

log = logging.getLogger(__name__)

HOUSE: Final = "house"  # the version of a site without a policy
MOST_KNOWN: Final = 4096

_known: dict[tuple[UUID | None, str, str], compiled.Policy] = {}  # id, SHA-256, time zone → as it is judged by
_published: dict[UUID, Policy] = {}


def version_of(policy: Policy | None) -> str:
    return f"{policy.number}-{policy.sha256[:8]}" if policy else HOUSE


def in_force(site: Site) -> compiled.Policy:
    """The policy that the site is judged by now, ready to be asked. Without one the site is never armed; one that cannot be
    read raises everything.
    """
    row = Policy.objects.filter(pk__in=Judging.objects.filter(site=site).values("policy")).first()
    return readable(row, site)


def in_force_of(sites: Iterable[Site]) -> dict[UUID, compiled.Policy]:
    """The same for many sites, by their ids, in one query; one more where a version was not read by this process yet. A version
    never changes, so its name is all that is asked for once it is known.
    """
    found = {site.pk: site for site in sites}
    rows = Judging.objects.filter(site__in=found, policy__isnull=False).values_list("site", "policy", "policy__sha256")
    named = {site: (policy, sha256) for site, policy, sha256 in rows}
    keys = {pk: (*named.get(pk, (None, "")), site.time_zone) for pk, site in found.items()}
    known = {pk: policy for pk, key in keys.items() if (policy := _known.get(key)) is not None}
    unread = Policy.objects.in_bulk([keys[pk][0] for pk in found if pk not in known and keys[pk][0] is not None])
    return {pk: known[pk] if pk in known else readable(unread.get(keys[pk][0]), site) for pk, site in found.items()}


def readable(policy: Policy | None, site: Site) -> compiled.Policy:
    """A version as it is judged by, read once, in the time zone that it holds; versions from before they held one, in the site's.
    One that cannot be read, or a site whose time zone cannot, is told as an error, and raises everything.
    """
    key = (policy.pk if policy else None, policy.sha256 if policy else "", site.time_zone)
    known = _known.get(key)
    if known is None:
        try:
            body = policy.body if policy else {}
            known = compiled.read(body, time_zone=site.time_zone, version=version_of(policy))
        except Exception:
            log.exception("policy %s of site %s cannot be read: everything is raised", version_of(policy), site.pk)
            known = unreadable(version_of(policy), policy.body if policy else {})
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[key] = known
    return known


def locked_judging(site: Site) -> Judging:
    """The row that puts a site's verdicts in order, locked until the transaction ends; made where there is none yet.

    Whoever locks the site's row as well locks that first. Nothing is locked after it.
    """
    rows = Judging.objects.select_for_update(no_key=True, of=("self",))
    row = rows.filter(site=site).first()
    if row is None:
        _begin(site)
        row = rows.get(site=site)
    return row


def _begin(site: Site) -> None:
    """Make a new site's row, unless another makes it in this moment: then it is there when that one has ended."""
    new = Judging(site_id=site.pk, organisation_id=site.organisation_id)
    Judging.objects.bulk_create([new], ignore_conflicts=True)


def next_turn(site: Site) -> Judging:
    """The same row, locked in the same way, with the next ordinal taken: a transaction that is rolled back gives it back."""
    turn = f"UPDATE {Judging._meta.db_table} SET ordinal = ordinal + 1 WHERE site_id = %s RETURNING *"  # noqa: S608  our own name
    for row in Judging.objects.raw(turn, [site.pk]):
        return row
    _begin(site)
    return Judging.objects.raw(turn, [site.pk])[0]


def published(policy_id: UUID | None) -> Policy | None:
    """A version by its id; None for none. Read once: it never changes."""
    if policy_id is None:
        return None
    row = _published.get(policy_id)
    if row is None:
        row = Policy.objects.get(pk=policy_id)
        if len(_published) >= MOST_KNOWN:
            _published.clear()
        _published[policy_id] = row
    return row


def publish(
    site: Site,
    body: dict[str, Any],
    *,
    by: User | None,
    at: datetime,
    note: str = "",
    based_on: Policy | None = None,
    signed_by: User | None = None,
    signed_reason: str = "",
    replayed: dict[str, Any] | None = None,
) -> Policy:
    """Make `body` the site's next version, in force as soon as the transaction ends.

    1. Check it, with the public holidays of the years around `at` filled in: a version is read without asking anybody.
    2. Write the site's time zone into it: its hours mean what they meant, whatever the site's zone becomes.
    3. Lock the site's order of verdicts: whoever judges meanwhile is done before, or judges by the new version.
    4. Refuse what was made from another version than the one in force (`based_on`; None: nobody looked at one).

    Raises PolicyRefused with fields and reasons; Refused("moved") where somebody else published meanwhile.
    """
    body = with_holidays(body, around=at.astimezone(site.zone_info).year)
    return _publish(
        site, body, by=by, at=at, note=note, based_on=based_on, signed_by=signed_by, signed_reason=signed_reason,
        replayed=replayed or {},
    )  # fmt: skip


def roll_back(policy: Policy, *, by: User | None, at: datetime, note: str = "", **signed: Any) -> Policy:
    """Publish an earlier version once more, as the next one, with the public holidays of the years around `at` and in the time
    zone that the site has now. `signed`: as for `publish`. Raises what that raises.
    """
    body = with_holidays(policy.body, around=at.astimezone(policy.site.zone_info).year)
    return _publish(policy.site, body, by=by, at=at, note=note, rolled_back_to=policy, **signed)


def take_up_time_zone(site: Site, *, by: User | None, at: datetime) -> Policy | None:
    """Publish what is in force as the next version, in the time zone that was just saved with the site. None where nothing is.

    Everything else of it stays, down to the days of its holidays. Raises PolicyRefused for what cannot be read.
    """
    with transaction.atomic():
        judging = locked_judging(site)
        before = Policy.objects.filter(pk=judging.policy_id).first() if judging.policy_id else None
        if before is None:
            return None
        note = str(_("time zone changed to %(zone)s") % {"zone": site.time_zone})
        return _publish(site, before.body, by=by, at=at, note=note, based_on=before, replayed={})


def _publish(
    site: Site,
    body: dict[str, Any],
    *,
    by: User | None,
    at: datetime,
    note: str,
    based_on: Policy | None = None,
    rolled_back_to: Policy | None = None,
    **fields: Any,
) -> Policy:
    if isinstance(body, dict):
        body = {**body, "time_zone": site.time_zone}
    names = {str(pk): name for pk, name in Zone.objects.filter(site=site).values_list("pk", "name")}
    found = [problem for problem in problems(body, time_zone=site.time_zone, zones=names) if not problem.warning]
    if found:
        raise PolicyRefused(found)
    with transaction.atomic():
        judging = locked_judging(site)
        before = Policy.objects.filter(pk=judging.policy_id).first() if judging.policy_id else None
        if based_on is not None and (before is None or based_on.pk != before.pk):
            raise Refused("moved", _("Somebody else has published another version meanwhile. Look at that one first."))
        last = Policy.objects.filter(site=site).aggregate(Max("number"))["number__max"] or 0
        policy = Policy(
            organisation_id=site.organisation_id,
            site=site,
            name=site.name,
            number=last + 1,
            body=body,
            published_at=at,
            published_by=by,
            note=note,
            rolled_back_to=rolled_back_to,
            **fields,
        )
        policy.save(force_insert=True)
        Judging.objects.filter(pk=judging.pk).update(policy=policy)
        events.record(
            "policy.published",
            policy,
            by=by,
            at=at,
            number=policy.number,
            sha256=policy.sha256,
            before=before.number if before else None,
            before_sha256=before.sha256 if before else "",
            rolled_back_to=rolled_back_to.number if rolled_back_to else None,
            signed=policy.signed_by_id is not None,
        )
    return policy


def keep_draft(
    site: Site, body: dict[str, Any], *, by: User, at: datetime, based_on: Policy | None = None
) -> PolicyDraft:
    """Keep a change that somebody is at work on: one a site. What was replayed or asked of an earlier one counts no more."""
    kept = {"body": body, "based_on": based_on, "kept_by": by, "kept_at": at, "replayed": {}, "sign_asked_at": None}
    made = {"organisation_id": site.organisation_id}
    draft, _made = PolicyDraft.objects.update_or_create(site=site, defaults=kept, create_defaults=kept | made)
    return draft


def drop_draft(site: Site) -> None:
    PolicyDraft.objects.filter(site=site).delete()
