"""What the pages “ask it” and “why” show, gathered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from cameras.context.policy import PolicyRefused
from cameras.models import Candidate, Judging, Policy, PolicyDraft
from cameras.replaying.asking import Answer, Question, ask, read_draft
from incidents.models import Alert, AuditCase, Incident
from incidents.models.incident import State
from soc.console.ask import words
from soc.console.sentences import Line, lines, place, title, why
from soc.core.media import erased_words
from soc.core.models import Media, Site, User
from soc.core.rights import Act

A_PAGE: Final = 25


def sites_of(user: User) -> QuerySet[Site]:
    return Site.objects.visible_to(user, Act.WHY).select_related("customer").order_by("name", "customer__name")


# --- ask it


@dataclass(frozen=True)
class Side:
    """One policy's answer, in words; without an answer the policy cannot be read. `new`: the lines that the other policy did
    not say. `around`: what people and circumstances add then and there."""

    name: str
    answer: Answer | None = None
    heading: str = ""
    lines: list[Line] = field(default_factory=list)
    flip: str = ""
    new: frozenset[Line] = frozenset()
    around: list[str] = field(default_factory=list)


def sides(question: Question) -> list[Side]:
    """What the policy in force answers, and the draft where somebody is at work on one."""
    site = question.site
    in_force = Policy.objects.filter(pk__in=Judging.objects.filter(site=site).values("policy")).first()
    said = [_side(words.in_force(in_force), ask(question))]
    draft = PolicyDraft.objects.filter(site=site).first()
    if draft is None:
        return said
    name = words.draft(in_force)
    try:
        read = read_draft(draft)
    except PolicyRefused:
        return [*said, Side(name)]
    other = _side(name, ask(question, policy=read))
    return [*said, replace(other, new=frozenset(other.lines) - frozenset(said[0].lines))]


def _side(name: str, answer: Answer) -> Side:
    zone = answer.question.site.zone_info
    where = answer.question.zone.name if answer.question.zone else ""
    said = answer.as_json()
    return Side(
        name, answer, words.heading(answer.verdict.decision, answer.verdict.priority),
        lines(said["reasons"], where, zone), words.flip(said["flip"], zone),
        around=list(words.circumstances(answer.context, zone)),
    )  # fmt: skip


# --- why


@dataclass(frozen=True)
class Why:
    """One candidate with its verdict in words. `picture`, `clip`: media ids, where this user may see them and they are kept;
    `no_picture` says why there is none. `when`: by the clocks of the site."""

    candidate: Candidate
    title: str
    when: str
    heading: str
    lines: list[Line]
    flip: str
    facts: list[tuple[str, str]]
    context: list[str]
    version: str
    picture: UUID | None = None
    clip: UUID | None = None
    no_picture: str = ""
    incident: Incident | None = None
    reasons_only: bool = False  # from before policies had versions


def candidates_of(user: User, site: Site) -> QuerySet[Candidate]:
    """A site's candidates, newest first. What the blind audit showed is among them until its verdict: it never happened. Drills
    never are."""
    rows = shown(user).filter(site=site)
    over = Q(source="audit") & ~Exists(_waiting().filter(incident__alerts__candidate=OuterRef("pk")))
    return rows.exclude(over | Q(source="drill")).order_by("-captured_at", "-judged_at", "pk")


def shown(user: User) -> QuerySet[Candidate]:
    """The candidates that this user may ask “why” about: not one that the blind audit drew and nobody has judged yet, for it
    would say what the case is."""
    rows: QuerySet[Candidate] = Candidate.objects.visible_to(user, Act.WHY)
    drawn = _waiting().filter(kind=AuditCase.Kind.SAMPLED, candidate=OuterRef("pk"))
    rows = rows.exclude(Exists(drawn))
    return rows.select_related("site", "zone__camera", "camera", "signal_source", "clip", "snapshot")


def _waiting() -> QuerySet[AuditCase]:
    return AuditCase.objects.filter(revealed_at=None, given_up="")


def whys(user: User, rows: list[Candidate]) -> list[Why]:
    """Each of these in words, with what of it this user may see."""
    media = [pk for row in rows for pk in (row.snapshot_id, row.clip_id) if pk]
    seen = set(Media.objects.visible_to(user).filter(pk__in=media).values_list("pk", flat=True))
    of = dict(Alert.objects.filter(candidate__in=rows).values_list("candidate", "incident"))
    incidents = Incident.objects.visible_to(user, Act.CONSOLE).in_bulk(list(of.values()))
    return [_why(row, seen, incidents.get(of.get(row.pk))) for row in rows]


def _why(row: Candidate, seen: set[UUID], incident: Incident | None) -> Why:
    zone = row.site.zone_info
    shown = [media.pk if media and media.there and media.pk in seen else None for media in (row.snapshot, row.clip)]
    # While an incident goes on, nothing is told that an exercise of the blind audit would not have.
    over = incident is None or incident.state == State.CLOSED
    return Why(
        candidate=row, title=title(row.category, place(row)), when=words.when(row.captured_at, zone),
                heading=words.heading(row.decision, row.priority, past=True),
        lines=why(row), flip=words.flip(row.flip, zone, past=True) if over else "",
        facts=words.facts(row, over=over), context=words.context(row), version=words.version(row.policy_version),
        picture=shown[0], clip=shown[1], no_picture="" if shown[0] else _no_picture(row.snapshot, seen), incident=incident,
        reasons_only=words.reasons_only(row),
    )  # fmt: skip


def _no_picture(media: Media | None, seen: set[UUID]) -> str:
    if media is None:
        return _("No picture was kept")
    if media.pk not in seen:
        return _("You see pictures of incidents only")
    return erased_words(media) if media.erased_at else _("No picture was kept")
