"""What the page of a retelling shows at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import subjects
from incidents.models import Incident, Review
from incidents.models.incident import State
from incidents.outcomes import Verdict
from responses import actions as responses
from responses.models import Attempt, PlaybookRun
from soc.console.clockline import LABELS
from soc.console.door import ALERTS
from soc.console.happened import Teller
from soc.console.playbook import switched
from soc.console.retelling.story import Moment, Story
from soc.console.sentences import place, what
from soc.console.strip import headline
from soc.core.models import Media, User
from soc.core.rights import Act

NOTICED = gettext_lazy("Detected")


def incidents_of(user: User) -> Any:
    """Closed incidents that this user may be told again: where they review, and those of their own that were reviewed."""
    reviewed = Incident.objects.visible_to(user, Act.REVIEW).values("pk")
    judged = Review.objects.filter(operator=user, done_at__isnull=False).values("incident")
    own = Incident.objects.visible_to(user, Act.CONSOLE).filter(pk__in=judged).values("pk")
    rows = Incident.objects.filter(Q(pk__in=reviewed) | Q(pk__in=own), state=State.CLOSED)
    return rows.select_related("site__customer", "owner").prefetch_related(ALERTS)


@dataclass(frozen=True)
class Line:
    """One thing that stood on the page then. `tone`: "" or caution."""

    name: str
    words: str
    at: datetime | None = None
    tone: str = ""


def page(incident: Incident, user: User, number: int | None) -> dict[str, Any]:
    """Everything but the frame of the page: the moments as a list and the chosen one (the first without a choice)."""
    reviews = user.may(Act.REVIEW, incident.site)
    story = Story(incident, watches=reviews)
    teller = Teller(story.events)
    chosen = min(max(number or 0, 0), max(0, len(story.moments) - 1))
    lines = [
        {
            "n": n,
            "at": moment.event.at,
            "s": round(moment.seconds, 1),
            "words": teller.say(moment.event),
            "by": moment.event.by,
        }
        for n, moment in enumerate(story.moments)
    ]
    facts = {"incident": incident, "title": headline(incident), "moments": lines, "n": chosen, "cut": story.cut}
    if not story.moments:
        return facts
    moment = story.moments[chosen]
    review = Review.objects.visible_to(user, Act.REVIEW).filter(incident=incident).first()
    may = {"review": review, "may_review": reviews}
    return facts | may | at_moment(story, moment, user) | {"words": lines[chosen]["words"], "last": len(lines) - 1}


def at_moment(story: Story, moment: Moment, user: User) -> dict[str, Any]:
    """How it stood right after this moment."""
    at, standing = moment.event.at, moment.standing
    owner = story.people.get(standing.owner) if standing.owner else None
    asked = story.people.get(standing.offered_to) if standing.offered_to else None
    return {
        "moment": moment,
        "at": at,
        "state": State(standing.state).label,
        "standing": standing,
        "owner": owner,
        "asked": asked,
        "verdict": Verdict(standing.verdict).label if standing.verdict else "",
        "stamps": [(LABELS.get(name, name), when) for name, when in story.stamps(at)],
        "alerts": [(what(one.category), place(one.candidate), one.raised_at) for one in story.alerts_by(at)],
        "steps": list(_steps(story.incident, at)),
        "said": [_attempt(one, at) for one in story.attempts_by(at)],
        "notes": story.notes_by(at),
        "cards": [(subjects.sentence(one), one) for one in story.descriptions_by(at)],
        "looking": story.looking_at(at),
        **_pictures(story, at, user),
    }


def _steps(incident: Incident, at: datetime) -> Any:
    """The playbook's steps with what had become of each by then."""
    if not PlaybookRun.objects.filter(incident=incident).exists():
        return
    for step in responses.steps(incident):
        if step.off:
            continue  # not on the way that was taken
        done = step.state if step.at and step.at <= at else ""
        words = {"done": _("done"), "skipped": _("left out: %(reason)s") % {"reason": step.reason}}.get(done, "")
        yield Line(step.title, words, step.at if done else None, "caution" if done == "skipped" else "")


def _attempt(attempt: Attempt, at: datetime) -> Line:
    """One outward act as far as it had come."""
    whom = attempt.paged.sign if attempt.paged else str(attempt.responder or "")
    said = attempt.message.name if attempt.message else ""
    where = attempt.camera.name if attempt.camera else ""
    name = {
        Attempt.Kind.TALK: _("Voice: “%(said)s” at %(where)s") % {"said": said, "where": where},
        Attempt.Kind.CALL: _("Call to %(who)s") % {"who": whom},
        Attempt.Kind.TEXT: _("Text to %(who)s") % {"who": whom},
        Attempt.Kind.RELAY: switched(attempt),
    }[Attempt.Kind(attempt.kind)]
    reached = [
        (attempt.created_at, _("ordered")),
        (attempt.placed_at, _("out")),
        (attempt.answered_at, _("answered")),
        (attempt.accepted_at, _("said yes")),
        (attempt.declined_at, _("said no")),
        (attempt.on_my_way_at, _("on the way")),
        (attempt.on_site_at, _("on site")),
        (attempt.left_at, _("left")),
        (attempt.ended_at, _("over")),
    ]
    when, words = max(((then, words) for then, words in reached if then and then <= at), key=lambda pair: pair[0])
    return Line(name, str(words), when)


def _pictures(story: Story, at: datetime, user: User) -> dict[str, Any]:
    """The newest clip and picture that were there, as far as this user may see them and they are not erased."""
    there = story.evidence_by(at)
    seen = set(
        Media.objects.visible_to(user, Act.VIDEO)
        .filter(pk__in=[one.media.pk for one in there])
        .values_list("pk", flat=True)
    )
    shown = [one for one in there if one.media.pk in seen and one.media.there]
    return {
        "clip": next((one for one in reversed(shown) if one.media.kind == Media.Kind.CLIP), None),
        "picture": next((one for one in reversed(shown) if one.media.kind == Media.Kind.SNAPSHOT), None),
        "pictures": len(there),
        "hidden": len(there) - len(shown),
    }
