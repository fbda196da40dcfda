"""What the demonstration's people made of what was raised: incidents with their clocks, verdicts and ends.

The times are a story; the rows and events are those of the line (`incidents.actions`, `responses.actions`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from cameras.actions.circumstances import DISMISSED_WITHIN
from cameras.categories import category
from cameras.models import Camera, Candidate, Dismissal
from incidents.models import Alert, Incident, VerdictChange
from incidents.models.incident import State
from incidents.outcomes import DISMISSED, SiteState
from responses.actions.playbooks import possible
from responses.models import Attempt, Message, Playbook, PlaybookRun
from soc.core.models import Site, User
from soc.seed.month import Cause
from soc.seed.past import Past, numbers

MESSAGE_S: Final = 5.4  # how long the challenge is


@dataclass
class Desk:
    """Who handles, and from when on they are free again. The first who is free takes it; nobody holds two."""

    people: list[User]
    free: dict[UUID, datetime] = field(default_factory=dict)
    held: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def hold(self, person: User, since: datetime, until: datetime) -> None:
        self.free[person.pk] = until
        self.held.setdefault(person.pk, []).append((since, until))

    def idle(self, since: datetime, until: datetime) -> User:
        """Somebody who holds nothing in that time, when all of it is known: whoever had least."""
        for person in sorted(self.people, key=lambda one: len(self.held.get(one.pk, ()))):
            if all(last <= since or first >= until for first, last in self.held.get(person.pk, ())):
                return person
        return self.people[-1]

    def taker(self, at: datetime) -> tuple[User, datetime]:
        """Who takes what is offered at `at`, and when they can."""
        since = {person.pk: self.free.get(person.pk, at - timedelta(hours=1)) for person in self.people}
        free = [person for person in self.people if since[person.pk] <= at]
        if free:
            return min(free, key=lambda person: since[person.pk]), at
        person = min(self.people, key=lambda person: since[person.pk])
        return person, since[person.pk]


@dataclass
class Going:
    """An incident as long as alerts may be folded into it. `at`: its stamps by name."""

    incident: Incident
    cause: Cause
    owner: User
    at: dict[str, datetime]
    alerts: list[Alert] = field(default_factory=list)
    noted: dict[UUID, UUID] = field(default_factory=dict)  # by alert: the id of its dismissal, if it comes to one

    def takes(self, captured_at: datetime, raised_at: datetime) -> bool:
        """Whether the line would fold an alert into it, raised at `raised_at`."""
        window = timedelta(seconds=settings.FOLD_WINDOW_S)
        if raised_at >= self.at["closed"] or captured_at - self.alerts[-1].captured_at > window:
            return False
        return not (raised_at >= self.at["verdict"] and self.cause.verdict in DISMISSED)

    def followed(self, captured_at: datetime, raised_at: datetime) -> bool:
        """Whether one that is opened then follows this one."""
        window = timedelta(seconds=settings.FOLD_WINDOW_S)
        return raised_at < self.at["closed"] or self.alerts[-1].captured_at >= captured_at - window


class Handling:
    """Takes raised candidates in the order of time, and writes what became of them into `past`."""

    def __init__(self, past: Past, rng: Random, desk: Desk, *, playbook: Playbook, message: Message) -> None:
        self.past, self.rng, self.desk = past, rng, desk
        self.playbook, self.message = playbook, message
        self.last: dict[UUID, Going] = {}
        self.all: list[Going] = []

    def raised(self, candidate: Candidate, cause: Cause) -> None:
        """Fold it or open an incident."""
        at = candidate.judged_at + timedelta(milliseconds=self.rng.randrange(30, 220))
        before = self.last.get(candidate.site_id)
        if before is not None and before.takes(candidate.captured_at, at):
            self._fold(before, candidate, at)
            return
        follows = before.incident if before is not None and before.followed(candidate.captured_at, at) else None
        self.last[candidate.site_id] = self._open(candidate, cause, at, follows)
        self.all.append(self.last[candidate.site_id])

    def dismissed(self, site: Site, at: datetime) -> list[tuple[datetime, Candidate]]:
        """What was called false or authorised by `at`, lately, and when."""
        since = at - DISMISSED_WITHIN
        found = []
        for going in reversed(self.all):
            if going.at["opened"] < since - timedelta(hours=1):  # longer nobody takes
                break
            if (
                going.incident.site_id == site.pk
                and going.cause.verdict in DISMISSED
                and since < going.at["verdict"] <= at
            ):
                at_once = sorted(self._seen(going), key=lambda alert: going.noted[alert.pk])
                found += [(going.at["verdict"], alert.candidate) for alert in at_once]
        return sorted(found, key=lambda one: one[0])

    def _seen(self, going: Going) -> list[Alert]:
        """What had been raised when the verdict was given."""
        return [alert for alert in going.alerts if alert.raised_at <= going.at["verdict"]]

    def _open(self, candidate: Candidate, cause: Cause, at: datetime, follows: Incident | None) -> Going:
        owner, free_at = self.desk.taker(at)
        stamps = self.stamps(at, free_at, cause)
        self.desk.hold(owner, at, stamps["closed"])
        entry = category(candidate.category)
        incident = Incident(
            id=self.past.pk(), site=candidate.site, number=0, family=entry.family, category=entry.code,
            priority=candidate.priority, state=State.CLOSED, follows=follows, alert_count=1, owner=owner, token=1,
            last_alert_at=candidate.captured_at, captured_at=candidate.captured_at, received_at=candidate.received_at,
            judged_at=candidate.judged_at, queued_at=at, turn_at=at, painted_by="browser", verdict=cause.verdict,
            outcome=cause.outcome, site_state=SiteState.SECURE, summary=cause.summary, offered_to=None,
            **{f"{name}_at": stamp for name, stamp in stamps.items() if name not in ("opened",)},
        )  # fmt: skip
        self.past.add(incident)
        going = Going(incident, cause, owner, {"opened": at, **stamps})
        alert = self._alert(going, candidate, at, sounded=True)
        told = {"alert": alert.pk, "category": entry.code, "priority": incident.priority}
        self.past.record("incident.opened", incident, by=None, at=at, **told, follows=follows.pk if follows else None)
        self.past.record("incident.offered", incident, by=None, at=at, to=owner.pk)
        return going

    def stamps(self, at: datetime, free_at: datetime, cause: Cause) -> dict[str, datetime]:
        """When what is done for it is done, of what is offered at `at` to somebody who is free from `free_at`."""
        rng = self.rng
        real = cause.verdict not in DISMISSED
        painted = at + timedelta(milliseconds=rng.randrange(180, 900))
        claimed = max(painted, free_at) + timedelta(milliseconds=rng.randrange(1600, 6500))
        shown = claimed + timedelta(milliseconds=rng.randrange(260, 1100))
        verdict = claimed + timedelta(milliseconds=rng.randrange(4200, 13_000) if real else rng.randrange(5200, 24_000))
        stamps = {"painted": painted, "claimed": claimed, "evidence_shown": shown, "verdict": verdict}
        after = verdict
        if cause.spoken_to:
            after = stamps["audio_sent"] = verdict + timedelta(milliseconds=rng.randrange(3100, 8000))
        stamps["closed"] = after + timedelta(
            milliseconds=rng.randrange(90_000, 300_000) if real else rng.randrange(9000, 48_000)
        )
        return stamps

    def _fold(self, going: Going, candidate: Candidate, at: datetime) -> None:
        """Another track is another person, so it sounds."""
        incident = going.incident
        alert = self._alert(going, candidate, at, sounded=True)
        incident.alert_count += 1
        incident.last_alert_at = max(incident.last_alert_at, candidate.captured_at)
        incident.priority = min(incident.priority, candidate.priority)
        told = {"alert": alert.pk, "category": alert.category, "priority": incident.priority}
        self.past.record("incident.sounded", incident, by=None, at=at, **told)

    def _alert(self, going: Going, candidate: Candidate, at: datetime, *, sounded: bool) -> Alert:
        alert = Alert(
            id=self.past.pk(), site=candidate.site, incident=going.incident, candidate=candidate, category=candidate.category,
            priority=candidate.priority, captured_at=candidate.captured_at, raised_at=at, sounded=sounded,
        )  # fmt: skip
        self.past.add(alert)
        going.alerts.append(alert)
        going.noted[alert.pk] = self.past.pk()
        return alert

    def finish(self) -> None:
        """Everything after the alerts: what people did, in their own time."""
        for going, number in zip(self.all, numbers(len(self.all)), strict=True):
            going.incident.number = number
            self._finish(going)

    def _finish(self, going: Going) -> None:
        incident, by, at, past = going.incident, going.owner, going.at, self.past
        past.record("incident.painted", incident, by=by, at=at["painted"], painted_by="browser")
        past.record("incident.claimed", incident, by=by, at=at["claimed"], token=1)
        past.record("incident.stamped", incident, by=by, at=at["evidence_shown"], stamp="evidence_shown")
        change = VerdictChange(
            id=past.pk(), site=incident.site, incident=incident, verdict=incident.verdict, by=by, at=at["verdict"]
        )
        past.add(change)
        past.record("incident.verdict", incident, by=by, at=at["verdict"], verdict=incident.verdict, before="")
        if going.cause.verdict in DISMISSED:
            for alert in self._seen(going):
                past.add(
                    Dismissal(id=going.noted[alert.pk], site=incident.site, candidate=alert.candidate, at=at["verdict"])
                )
        spoken = self._speak(going) if going.cause.spoken_to else None
        codes = {"outcome": incident.outcome, "site_state": incident.site_state, "verdict": incident.verdict}
        past.record("incident.closed", incident, by=by, at=at["closed"], **codes)
        steps, results = possible(self.playbook.body["steps"], []), dict(self._results(going, spoken))
        run = PlaybookRun(
            id=past.pk(), site=incident.site, incident=incident, playbook=self.playbook, steps=steps, results=results
        )
        past.add(run)

    def _speak(self, going: Going) -> Attempt:
        """The challenge by the loudspeaker of the camera that saw them, or of another one of the site."""
        incident, by, sent = going.incident, going.owner, going.at["audio_sent"]
        camera = going.alerts[0].candidate.camera
        assert isinstance(camera, Camera)
        ordered = sent - timedelta(milliseconds=900)
        ended = sent + timedelta(seconds=MESSAGE_S)
        attempt = Attempt(
            id=self.past.pk(), site=incident.site, incident=incident, kind=Attempt.Kind.TALK, status=Attempt.Status.DONE,
            camera=camera, message=self.message, by=by, dedup=f"{incident.pk}:challenge", created_at=ordered,
            acting_at=ordered + timedelta(milliseconds=60), tries=1, placed_at=sent, ended_at=ended, ended_as="completed",
            data={"seconds": MESSAGE_S, "packets": round(MESSAGE_S * 50)},
        )  # fmt: skip
        self.past.add(attempt)
        about = {"incident": incident.pk, "act": attempt.kind}
        codes = {"camera": camera.pk, "message": self.message.pk}
        self.past.record("attempt.planned", attempt, by=by, at=ordered, **about, **codes)
        self.past.record("attempt.placed", attempt, by=None, at=sent, **about)
        self.past.record("incident.stamped", incident, by=None, at=sent, stamp="audio_sent")
        self.past.record("attempt.ended", attempt, by=None, at=ended, **about, ended_as="completed")
        return attempt

    def _results(self, going: Going, spoken: Attempt | None) -> Any:
        """What acts fulfil of the playbook's steps, as `responses.actions.playbooks` reads it from them."""
        for step in self.playbook.body["steps"]:
            at, answer = None, ""
            if step.get("fulfilled_by") == "verdict":
                at, answer = going.at["verdict"], going.incident.verdict
            elif step["kind"] == "look":
                at = going.at["evidence_shown"]
            elif step["kind"] == "close":
                at = going.at["closed"]
            elif spoken is not None and step["id"] == "challenge":
                at = spoken.placed_at
            if at is not None:
                yield step["id"], {"state": "done", "at": at.isoformat(), "by": str(going.owner.pk), "answer": answer}
