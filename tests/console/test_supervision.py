"""What supervisors read afterwards: an incident retold, the record, a review, the roster, a shift's report."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from cameras.actions import attach_evidence
from cameras.models import Condition
from incidents import actions
from incidents.actions.watching import watch
from incidents.models import AuditCase, Incident, RosterEntry
from responses import actions as responses
from responses.defaults import publish_defaults
from soc.console.report import reads as report
from soc.console.retelling import story as retelling
from soc.console.retelling.story import Story
from soc.console.search import reads as search
from soc.core import chain, clock, events
from soc.core.models import Event, Media
from tests import factories as make
from tests.factories import NIGHT
from tests.incidents.audit.conftest import short_stay

S = timedelta(seconds=1)
END = {"outcome": "genuine.deterred_by_voice", "site_state": "secure", "summary": "Left."}


@pytest.fixture
def told(zone, alice, sam, organisation) -> Incident:
    """Claimed at 5 s, handed back, claimed again at 20 s, decided wrongly and then rightly, a clip at 12 s, closed at 60 s."""
    publish_defaults(organisation, at=NIGHT)
    candidate = make.make_candidate(zone=zone)
    incident = make.make_incident(candidate)
    at = incident.queued_at
    held = actions.claim(incident.pk, by=alice, at=at + 5 * S)
    attach_evidence(
        candidate, clip=make.make_media(zone.site, kind="clip", content=b"film", at=at + 12 * S), at=at + 12 * S
    )
    held = actions.release(held.pk, token=held.token, by=alice, at=at + 15 * S)
    held = actions.claim(held.pk, by=alice, at=at + 20 * S)
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=at + 25 * S)
    actions.undo(held.pk, token=held.token, by=alice, at=at + 27 * S)
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=at + 30 * S)
    actions.add_note(held.pk, text="Two at the fence.", by=alice, at=at + 35 * S)
    for step in responses.steps(Incident.objects.get(pk=held.pk)):
        if step.required and not step.state and step.kind != "close":
            responses.step_skipped(
                held.pk, step_id=step.id, reason="In a test.", token=held.token, by=alice, at=at + 50 * S
            )
    return actions.close(held.pk, token=held.token, by=alice, at=at + 60 * S, **END)


def stood(incident: Incident, seconds: float):
    story = Story(incident)
    return story, story.moments[story.index(incident.queued_at + seconds * S)].standing


def test_at_each_instant_it_stands_as_it_stood(told, alice):
    for seconds, state, owner, verdict in (
        (0, "open", None, ""),
        (6, "claimed", alice.pk, ""),
        (16, "open", None, ""),
        (21, "claimed", alice.pk, ""),
        (26, "working", alice.pk, "false"),
        (28, "claimed", alice.pk, ""),
        (31, "working", alice.pk, "real"),
        (61, "closed", alice.pk, "real"),
    ):
        _story, standing = stood(told, seconds)
        assert (standing.state, standing.owner, standing.verdict) == (state, owner, verdict), seconds


def test_its_end_is_the_row_as_it_is(told):
    _story, standing = stood(told, 3600)
    assert (standing.state, standing.owner, standing.verdict, standing.priority) == (
        told.state,
        told.owner_id,
        told.verdict,
        told.priority,
    )


def test_nothing_is_shown_before_it_was_there(told):
    story = Story(told)
    at = told.queued_at
    assert story.evidence_by(at + 11 * S) == []
    assert [one.media.kind for one in story.evidence_by(at + 12 * S)] == ["clip"]
    assert story.notes_by(at + 34 * S) == []
    assert [note.text for note in story.notes_by(at + 35 * S)] == ["Two at the fence."]
    assert "claimed" not in dict(story.stamps(at + 4 * S))
    assert "claimed" in dict(story.stamps(at + 6 * S))


def test_without_the_event_of_the_clip_it_would_be_shown_too_early(told):
    Media.objects.update(created_at=told.queued_at)
    story = Story(told)
    assert story.evidence_by(told.queued_at + 11 * S) == []  # by its event, whenever it was stored
    story.events = []
    assert next(iter(retelling._evidence(story.alerts, []))).since == told.queued_at


def page(client, user, name, *args, **query):
    client.force_login(user)
    return client.get(reverse(name, args=args), query)


def test_a_supervisor_steps_through_it_and_operators_only_through_what_was_reviewed(
    client, told, sam, alice, dave, oscar
):
    shown = page(client, sam, "console-retelling", told.pk, n="3")
    assert shown.status_code == 200
    assert told.reference in shown.text
    part = client.get(
        reverse("console-retelling", args=[told.pk]), {"n": "9999"}, headers={"X-Requested-With": "fetch"}
    )
    assert "<html" not in part.text
    for user in (alice, dave, oscar):
        assert page(client, user, "console-retelling", told.pk).status_code == 404
    review = actions.choose_review(told.pk, by=sam, at=told.closed_at + S)
    scores = dict.fromkeys(actions.reviewing.CRITERIA, 3)
    actions.score_review(review.pk, scores=scores, words="Good.", by=sam, at=told.closed_at + S)
    assert page(client, alice, "console-retelling", told.pk).status_code == 200
    assert page(client, dave, "console-retelling", told.pk).status_code == 404


def test_an_operator_does_not_read_afterwards_who_watched_them_silently(client, zone, alice, sam):
    watched = make.make_incident(zone=zone)
    at = watched.queued_at
    token = actions.claim(watched.pk, by=alice, at=at + S).token
    watch(watched.pk, by=sam, at=at + 2 * S)
    actions.decide(watched.pk, verdict="false", token=token, by=alice, at=at + 3 * S)
    actions.close(
        watched.pk, outcome="false.animal", site_state="secure", summary="", token=token, by=alice, at=at + 4 * S
    )
    review = actions.choose_review(watched.pk, by=sam, at=at + 5 * S)
    scores = dict.fromkeys(actions.reviewing.CRITERIA, 3)
    actions.score_review(review.pk, scores=scores, words="Good.", by=sam, at=at + 6 * S)
    moment = str(next(n for n, one in enumerate(Story(watched).moments) if one.event.kind == "incident.watched"))
    told = page(client, sam, "console-retelling", watched.pk, n=moment).text
    assert "Watched by a supervisor" in told
    assert "silently" in told
    for n in range(6):
        read = page(client, alice, "console-retelling", watched.pk, n=str(n)).text
        assert "Watched by a supervisor" not in read
        assert "silently" not in read


def test_a_closed_incident_leads_whoever_reviews_to_its_retelling(client, told, sam, alice):
    link = reverse("console-retelling", args=[told.pk])
    assert link in page(client, sam, "console-incident", told.pk).text
    assert link not in page(client, alice, "console-incident", told.pk).text


def test_what_still_goes_on_is_not_retold(client, zone, sam):
    assert page(client, sam, "console-retelling", make.make_incident(zone=zone).pk).status_code == 404


# --- quality


def test_a_review_is_done_on_its_page_and_read_on_its_operators(client, told, sam, alice, dave):
    client.force_login(sam)
    made = client.post(reverse("console-quality-choose", args=[told.pk]))
    assert made.status_code == 302
    assert told.reference in page(client, sam, "console-quality").text
    half = client.post(made.url + "score/", {"score-looked": "3", "words": "Well looked at."})
    assert half.status_code == 409
    assert "Well looked at." in half.text
    scores = {f"score-{code}": "na" if code == "sent" else "3" for code in actions.reviewing.CRITERIA}
    assert client.post(made.url + "score/", scores | {"words": "Well looked at."}).status_code == 302
    assert page(client, dave, "console-quality-own").text.count(told.reference) == 0
    client.force_login(dave)
    assert client.get(made.url).status_code == 404
    assert told.reference in page(client, alice, "console-quality-own").text
    assert "Well looked at." in client.get(made.url).text
    assert Event.objects.filter(kind="review.read", by=alice).exists()
    assert page(client, sam, "console-quality").status_code == 200


# --- the record


@pytest.fixture
def sealed(told):
    chain.seal()
    return told


def found(user, **given) -> list[str]:
    return [row.event.kind for row in search.found(user, search.asked_of(user, given))["rows"]]


def test_the_record_is_searched_by_person_kind_time_site_and_incident(sealed, sam, alice, site, other_site):
    assert set(found(sam, person=str(alice.pk), kind="incident.claimed")) == {"incident.claimed"}
    assert found(sam, kind="incident.closed", site=str(site.pk)) == ["incident.closed"]
    assert found(sam, kind="incident.closed", site=str(other_site.pk)) == []
    assert found(sam, incident=sealed.reference)[0] == "incident.closed"
    assert found(sam, incident="ND-999999") == []
    since = (NIGHT + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    assert found(sam, kind="incident.closed", since=since) == []
    assert found(sam, kind="incident.closed", until=since) == ["incident.closed"]


def test_page_after_page_brings_each_event_once(sealed, sam, monkeypatch):
    monkeypatch.setattr(search, "A_PAGE", 3)
    seen, before = [], ""
    while True:
        answer = search.found(sam, search.asked_of(sam, {"before": before}))
        seen += [row.event.seq for row in answer["rows"]]
        if answer["next"] is None:
            break
        before = str(answer["next"])
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == search.visible_to(sam).count() > 10


def test_an_operator_finds_what_they_did_and_nobody_elses(sealed, alice, dave, oscar):
    assert set(search.visible_to(alice).values_list("by", flat=True)) == {alice.pk}
    assert found(alice, person=str(dave.pk)) == found(alice)  # not to be chosen
    assert found(dave) == []
    assert found(oscar) == []


def test_a_case_of_the_blind_audit_is_not_told_by_it(zone, sam, site):
    was = make.make_candidate(zone=zone, decision="watch", reasons=short_stay())
    case = AuditCase.objects.create(site=site, kind="sampled", candidate=was, seed=1, drawn_at=NIGHT)
    with transaction.atomic():
        events.record("audit.drawn", case, by=None, at=NIGHT, candidate=was.pk)
        events.record("candidate.raised", was, by=None, at=NIGHT)
        events.record("audit.marked", case, by=sam, at=NIGHT)
    chain.seal()
    assert found(sam) == ["audit.marked"]


def test_the_page_of_the_record_has_every_kind_in_words(client, sealed, sam, admin):
    text = page(client, sam, "console-record").text
    assert "Verdict: real" in text
    assert "incident." not in text.split("h-found")[1].split("</table>")[0]
    assert page(client, admin, "console-record").status_code == 200


# --- the roster


def test_the_roster_names_who_is_on_call_and_the_gaps(client, sam, alice, organisation, site):
    text = page(client, alice, "console-roster").text
    assert "Nobody by the roster." in text
    assert "Put on the roster" not in text  # operators read it
    form = {"of": organisation.pk, "user": sam.pk, "duty": "on_call"}
    client.force_login(sam)
    assert client.post(reverse("console-roster-add"), form | {"starts": "", "ends": ""}).status_code == 409
    now = clock.now().astimezone(site.zone_info)
    span = {"starts": now.strftime("%Y-%m-%dT%H:%M"), "ends": (now + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")}
    answer = client.post(reverse("console-roster-add"), form | span)
    assert answer.status_code == 302
    entry = RosterEntry.objects.get()
    assert abs(entry.starts_at - now) < timedelta(minutes=1)  # by the centre's clock
    text = client.get(answer.url).text
    assert "has no telephone here" in text
    assert client.post(reverse("console-roster-strike", args=[entry.pk])).status_code == 302
    client.force_login(alice)
    assert client.post(reverse("console-roster-strike", args=[entry.pk])).status_code == 404


# --- the report


def test_a_shift_is_told_with_what_came_who_was_there_and_what_was_blind(
    client, told, camera, sam, alice, organisation, site
):
    shift = actions.start_shift(user=alice, organisation=organisation, at=NIGHT - timedelta(hours=1))
    shift.__class__.objects.filter(pk=shift.pk).update(ended_at=NIGHT + timedelta(hours=2), last_words="Gate is loose.")
    Condition.objects.create(
        site=site, camera=camera, kind="blinded", began_at=NIGHT, ended_at=NIGHT + timedelta(minutes=30)
    )
    Condition.objects.create(
        site=site, camera=camera, kind="dark", began_at=NIGHT + timedelta(minutes=15), ended_at=None
    )
    span = report.Span(NIGHT - timedelta(hours=1), NIGHT + timedelta(hours=1))
    facts = report.report(sam, organisation, span, at=NIGHT + timedelta(hours=5))
    assert facts["count"] == 1
    assert [(words, number) for words, number, _group in facts["by_outcome"]] == [("Deterred by voice", 1)]
    assert [(one.user, one.handled, one.last_words) for one in facts["worked"]] == [(alice, 1, "Gate is loose.")]
    assert facts["blind"][0] == pytest.approx(1.0)  # an hour, though two troubles were there for a part of it
    assert facts["slow"] == []
    begin = span.since.isoformat()
    shown = page(client, sam, "console-report", since=begin, until=span.until.isoformat())
    assert "Deterred by voice" in shown.text
    assert "Gate is loose." in shown.text


def test_a_drill_is_no_incident_of_the_shift_and_is_named(organisation, site, zone, sam):
    actions.begin_drill(site.pk, reason="To try.", zone=zone.pk, by=sam, at=NIGHT)
    span = report.Span(NIGHT - timedelta(hours=1), NIGHT + timedelta(hours=1))
    facts = report.report(sam, organisation, span, at=NIGHT + timedelta(hours=5))
    assert (facts["count"], len(facts["drills"]), facts["figures"]) == (0, 1, [])


def test_whoever_leads_at_one_site_is_told_of_that_site_alone(organisation, customer, zone, other_camera, alice):
    kim = make.make_user("kim", "supervisor", customer)
    make.make_incident(zone=zone)
    make.make_incident(make.make_candidate(camera=other_camera))
    actions.start_shift(user=alice, organisation=organisation, at=NIGHT)
    span = report.Span(NIGHT - timedelta(hours=1), NIGHT + timedelta(hours=1))
    facts = report.report(kim, organisation, span, at=NIGHT + timedelta(hours=1))
    assert (facts["count"], facts["worked"]) == (1, [])


def test_what_nobody_decided_in_time_stands_in_it(organisation, zone, sam):
    make.make_incident(zone=zone)
    span = report.Span(NIGHT - timedelta(hours=1), NIGHT + timedelta(hours=1))
    facts = report.report(sam, organisation, span, at=NIGHT + timedelta(minutes=10))
    assert len(facts["slow"]) == len(facts["open"]) == 1
    assert facts["missed"]
