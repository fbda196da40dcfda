"""Asking a second person, and their word. What may be asked for is registered by whoever does it; this module never knows what
it is. Nothing of an emergency waits here: what must not be delayed is not registered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from soc.core import events
from soc.core.models import Approval, Membership, Organisation, Site, User
from soc.core.rights import MATRIX, Act, Role
from soc.core.sweeps import sweep

State = Approval.State
HIGHEST: Final = 2  # as far up as it is shown: then it stands there until somebody decides
LONGEST: Final = 240
LEAST: Final = 3
AT_ONCE: Final = 100


class Refused(Exception):
    """It cannot be asked or decided now. `code` is stable; the message says why, in words."""

    def __init__(self, code: str, message: object) -> None:
        super().__init__(str(message))
        self.code, self.message = code, message


@dataclass(frozen=True)
class Kind:
    """What may be asked for: by whom, of whom, how long it may wait before it is shown further up, and what is done once it is
    granted or refused: `(approval, by, at)`, in the decision's transaction. `grant` may raise Refused: then nothing is decided.
    """

    ask: Act
    decide: Act
    wait: timedelta
    grant: Callable[[Approval, User, datetime], object]
    refuse: Callable[[Approval, User, datetime], object] | None = None


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    """Once for each name, when its app is ready."""
    _kinds[name] = kind


def ask(
    name: str, *, of: Site | Organisation, about: str, data: dict[str, Any], reason: str, by: User, at: datetime
) -> Approval:
    """Ask for it, in the caller's transaction or one of its own. `about`: what it would change; one may wait for each.

    Raises Refused: `reason`, `asked` (one waits already), `nobody` (there is no second person); Site.DoesNotExist,
    Organisation.DoesNotExist where `by` may not ask.
    """
    kind, reason = _kinds[name], _words(reason, least=LEAST)
    organisation, site = (of.organisation, of) if isinstance(of, Site) else (of, None)
    if by.is_superuser:
        pass  # they administer everything, by no membership; the second person has one
    elif site is not None:
        Site.objects.visible_to(by, kind.ask).get(pk=site.pk)
    elif not by.memberships.filter(organisation=organisation, role__in=MATRIX[kind.ask]).exists():
        raise Organisation.DoesNotExist(f"{by} may not ask for {name} in {organisation.pk}")
    approval = Approval(
        organisation=organisation, site=site, kind=name, about=about, data=data, reason=reason,
        asked_by=by, asked_at=at, decide_by=at + kind.wait,
    )  # fmt: skip
    refused = Refused("asked", _("It was asked for already, and waits for somebody's word."))
    if Approval.objects.filter(kind=name, about=about, state=State.WAITING).exists():
        raise refused
    _must_have_a_second(kind, organisation, site, by)
    with transaction.atomic():
        try:
            with transaction.atomic():
                approval.save(force_insert=True)
        except IntegrityError as error:  # somebody else asked in the same moment
            raise refused from error
        events.record("approval.asked", approval, by=by, at=at, what=name, **_codes(approval))
    return approval


def _must_have_a_second(kind: Kind, organisation: Organisation, site: Site | None, by: User) -> None:
    """What nobody could ever grant is not left to wait: whoever asks is told what to do instead."""
    where = Q(organisation=organisation)
    if site is not None:
        where |= Q(customer=site.customer_id) | Q(site=site)
    if _who_decide(kind, where).exclude(pk=by.pk).exists():
        return
    roles = [str(role.label) for role in Role if role.value in MATRIX[kind.decide]]
    raise Refused(
        "nobody",
        _("Nobody else here could grant it. Have an administrator add a second person (%(roles)s), then ask again.")
        % {"roles": ", ".join(roles)},
    )


def _who_decide(kind: Kind, where: Q) -> QuerySet[User]:
    held = Membership.objects.filter(where, role__in=MATRIX[kind.decide])
    return User.objects.filter(is_active=True, pk__in=held.values("user"))


def lacking(organisation: Organisation) -> list[str]:
    """The kinds that nobody of this centre could grant, by name: where those who ask are those who decide it takes two people.
    One query for each kind."""
    within = Q(organisation=organisation) | Q(customer__organisation=organisation) | Q(site__organisation=organisation)
    return [
        name
        for name, kind in _kinds.items()
        if _who_decide(kind, within).count() < (2 if kind.ask == kind.decide else 1)
    ]


def grant(approval_id: UUID, *, by: User, at: datetime, said: str = "") -> Approval:
    """Say yes: it is done now, as it was asked, by the right of whoever grants.

    Raises Refused: `own` (whoever asked is not the second person), `decided`, or what the act itself refuses;
    Approval.DoesNotExist where `by` may not decide it.
    """
    return _decide(approval_id, State.GRANTED, by=by, at=at, said=_words(said))


def refuse(approval_id: UUID, *, by: User, at: datetime, said: str) -> Approval:
    """Say no, and why. Raises as `grant`, and Refused `reason`."""
    return _decide(approval_id, State.REFUSED, by=by, at=at, said=_words(said, least=LEAST))


def withdraw(approval_id: UUID, *, by: User, at: datetime) -> Approval:
    """Whoever asked does not ask any more. Raises Refused `decided`; Approval.DoesNotExist where it is somebody else's."""
    with transaction.atomic():
        approval = _locked(Approval.objects.filter(asked_by=by), approval_id)
        _close(approval, State.WITHDRAWN, by=by, at=at)
        events.record("approval.withdrawn", approval, by=by, at=at, what=approval.kind, **_codes(approval))
    return approval


def to_decide(user: User) -> QuerySet[Approval]:
    """What waits and this user may decide, the longest waiting first; their own too, which somebody else decides."""
    found = Approval.objects.none()
    for name in _kinds:
        found = found | _deciders(user, name)
    return found.filter(state=State.WAITING).select_related("site", "organisation", "asked_by").order_by("asked_at")


def waiting_at(site: UUID) -> QuerySet[Approval]:
    """What waits of a site, the longest waiting first."""
    return (
        Approval.objects.filter(site=site, state=State.WAITING).select_related("site", "asked_by").order_by("asked_at")
    )


def asked_by(user: User, *, last: int = 20) -> list[Approval]:
    """What this user asked for, the newest first; not where they have left: it is shown beside what is there now."""
    rows = Approval.objects.visible_to(user, Act.APPROVALS).filter(asked_by=user)
    rows = rows.select_related("site", "organisation", "asked_by", "decided_by")
    return list(rows.order_by("-asked_at")[:last])


def concerns(user: User, approval_id: UUID, *, own: bool) -> bool:
    """Whether this user may look at it: as who asked (`own`), or as one of those who decide such things."""
    if own:
        return Approval.objects.filter(pk=approval_id, asked_by=user).exists()
    found = Approval.objects.filter(pk=approval_id).first()
    return found is not None and found.kind in _kinds and _deciders(user, found.kind).filter(pk=found.pk).exists()


def _deciders(user: User, name: str) -> QuerySet[Approval]:
    """What is of a site goes by the site; what is of a centre by whoever has the whole of it."""
    rows: QuerySet[Approval] = Approval.objects.visible_to(user, _kinds[name].decide)
    return rows.filter(kind=name)


def _decide(approval_id: UUID, state: str, *, by: User, at: datetime, said: str) -> Approval:
    with transaction.atomic():
        approval = _locked(Approval.objects.all(), approval_id)
        if approval.kind not in _kinds or not _deciders(by, approval.kind).filter(pk=approval.pk).exists():
            raise Approval.DoesNotExist(f"{by} may not decide {approval_id}")
        if approval.asked_by_id == by.pk:
            raise Refused("own", _("You asked for it: somebody else decides."))
        kind = _kinds[approval.kind]
        _close(approval, state, by=by, at=at, said=said)
        if state == State.GRANTED:
            kind.grant(approval, by, at)
        elif kind.refuse is not None:
            kind.refuse(approval, by, at)
        events.record(f"approval.{state}", approval, by=by, at=at, what=approval.kind, **_codes(approval))
    return approval


def _locked(rows: QuerySet[Approval], approval_id: UUID) -> Approval:
    return (
        rows.select_for_update(of=("self",), no_key=True)
        .select_related("site", "organisation", "asked_by")
        .get(pk=approval_id)
    )


def _close(approval: Approval, state: str, *, by: User, at: datetime, said: str = "") -> None:
    if approval.state != State.WAITING:
        raise Refused("decided", _("It was decided meanwhile: %(how)s.") % {"how": approval.get_state_display()})
    approval.state, approval.decided_by, approval.decided_at, approval.said = state, by, at, said
    approval.decide_by = None
    approval.save()


def _codes(approval: Approval) -> dict[str, Any]:
    """The incident it is about, for whoever follows that one."""
    return {"incident": approval.data["incident"]} if "incident" in approval.data else {}


def _words(said: str, *, least: int = 0) -> str:
    said = " ".join(said.split())
    if not least <= len(said) <= LONGEST:
        raise Refused("reason", _("Say why in a few words (3 to 240 characters)."))
    return said


@sweep("core.approvals")
def undecided(at: datetime) -> int:
    """What nobody decided in time is shown further up, and stands there until somebody does. Nothing is ever granted by time."""
    due = Approval.objects.filter(decide_by__lte=at).order_by("decide_by").values_list("pk", flat=True)
    return sum(_raise(pk, at) for pk in list(due[:AT_ONCE]))


def _raise(pk: UUID, at: datetime) -> int:
    with transaction.atomic():
        rows = Approval.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related("site")
        approval = rows.filter(pk=pk, decide_by__lte=at).first()
        if approval is None:
            return 0  # another spine has it, or it was decided
        approval.level += 1
        wait = _kinds[approval.kind].wait if approval.kind in _kinds else timedelta(0)
        approval.decide_by = at + wait if approval.level < HIGHEST and wait else None
        approval.save(update_fields=["level", "decide_by"])
        events.record(
            "approval.raised", approval, by=None, at=at, what=approval.kind, level=approval.level, **_codes(approval)
        )
    return 1
