"""Quality review: by lot, at least one of each operator and week, and never by whoever had a part in it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions
from incidents.actions import reviewing
from incidents.actions.reviewing import CRITERIA, draw_reviews
from incidents.errors import Refused
from incidents.models import Incident, Review
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

MONDAY = NIGHT + timedelta(days=1, hours=6)  # the night is a Sunday's: its week is over
GOOD = dict.fromkeys(CRITERIA, 3)


def closed(zone, operator, *, at=NIGHT, outcome="false.animal", verdict="false") -> Incident:
    incident = make.make_incident(make.make_candidate(zone=zone, at=at))
    held = actions.claim(incident.pk, by=operator, at=at + timedelta(seconds=5))
    actions.decide(held.pk, verdict=verdict, token=held.token, by=operator, at=at + timedelta(seconds=9))
    end = {"outcome": outcome, "site_state": "secure", "summary": ""}
    return actions.close(held.pk, token=held.token, by=operator, at=at + timedelta(seconds=30), **end)


@pytest.fixture(autouse=True)
def no_lot(settings):
    """Nothing is drawn but the least, unless a test says otherwise."""
    settings.REVIEW_RATE = 0


def test_every_operator_has_at_least_one_a_week_and_no_more_for_asking_again(zone, alice, dave):
    for hour in range(3):
        closed(zone, alice, at=NIGHT - timedelta(hours=hour))
    closed(zone, dave, at=NIGHT - timedelta(hours=5))
    assert draw_reviews(MONDAY) == 2
    assert draw_reviews(MONDAY + timedelta(hours=1)) == 0
    assert set(Review.objects.values_list("operator", flat=True)) == {alice.pk, dave.pk}


def test_which_one_is_by_lot_and_not_the_first(zone, alice, monkeypatch):
    incidents = [closed(zone, alice, at=NIGHT - timedelta(hours=hour)) for hour in range(3)]
    monkeypatch.setattr(reviewing, "lot", lambda pk: 0.1 if pk == incidents[1].pk else 0.9)
    draw_reviews(MONDAY)
    assert Review.objects.get().incident == incidents[1]


def test_the_lot_is_the_same_every_time_and_another_without_the_secret(zone, alice, settings):
    incident = closed(zone, alice)
    before = reviewing.lot(incident.pk)
    assert reviewing.lot(incident.pk) == before
    assert 0 <= before < 1
    settings.SECRET_KEY = "another"
    assert reviewing.lot(incident.pk) != before


def test_the_rate_draws_as_many_as_it_says(zone, alice, settings, monkeypatch):
    incidents = [closed(zone, alice, at=NIGHT - timedelta(hours=hour)) for hour in range(4)]
    chance = {incident.pk: number / 4 for number, incident in enumerate(incidents)}
    monkeypatch.setattr(reviewing, "lot", chance.__getitem__)
    settings.REVIEW_RATE = 0.5
    assert draw_reviews(NIGHT + timedelta(hours=1)) == 2
    assert draw_reviews(NIGHT + timedelta(hours=2)) == 0


def test_exercises_and_what_nobody_decided_are_not_drawn(site, zone, alice, sam, settings):
    settings.REVIEW_RATE = 1
    drill = actions.begin_drill(site.pk, reason="To try.", zone=zone.pk, by=sam, at=NIGHT)
    held = actions.claim(drill.pk, by=alice, at=NIGHT)
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=NIGHT)
    actions.end_drill(held.pk, by=sam, at=NIGHT + timedelta(seconds=5))
    assert draw_reviews(MONDAY) == 0


def test_a_reviewer_scores_it_and_the_operator_reads_it(zone, alice, sam):
    review = actions.choose_review(closed(zone, alice).pk, by=sam, at=MONDAY)
    scores = {**GOOD, "sent": None}
    done = actions.score_review(review.pk, scores=scores, words="Well looked at.", by=sam, at=MONDAY)
    assert (done.reviewer, done.scores, done.words) == (sam, scores, "Well looked at.")
    with pytest.raises(Review.DoesNotExist):
        actions.read_review(review.pk, by=sam, at=MONDAY)
    actions.read_review(review.pk, by=alice, at=MONDAY)
    actions.read_review(review.pk, by=alice, at=MONDAY + timedelta(hours=1))
    review.refresh_from_db()
    assert review.read_at == MONDAY
    assert [event.kind for event in Event.objects.filter(kind__startswith="review.").order_by("id")] == [
        "review.drawn",
        "review.done",
        "review.read",
    ]
    assert "Well looked" not in str(Event.objects.get(kind="review.done").data)
    with pytest.raises(Refused, match="already"):
        actions.score_review(review.pk, scores=GOOD, words="Again.", by=sam, at=MONDAY)


def test_nobody_reviews_what_they_had_a_part_in(zone, alice, sam, organisation):
    """Sam closed it; and of another that Alice closed Sam had the verdict."""
    own = actions.choose_review(closed(zone, sam).pk, by=sam, at=MONDAY)
    with pytest.raises(Refused) as refused:
        actions.score_review(own.pk, scores=GOOD, words="Excellent.", by=sam, at=MONDAY)
    assert refused.value.code == "own"
    taken = make.make_incident(make.make_candidate(zone=zone, at=NIGHT - timedelta(hours=3)))
    held = actions.claim(taken.pk, by=sam, at=NIGHT)
    actions.release(held.pk, token=held.token, by=sam, at=NIGHT)
    held = actions.claim(taken.pk, by=alice, at=NIGHT)
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=NIGHT)
    end = {"outcome": "false.animal", "site_state": "secure", "summary": ""}
    actions.close(held.pk, token=held.token, by=alice, at=NIGHT, **end)
    theirs = actions.choose_review(taken.pk, by=sam, at=MONDAY)
    with pytest.raises(Refused) as refused:
        actions.score_review(theirs.pk, scores=GOOD, words="Excellent.", by=sam, at=MONDAY)
    assert refused.value.code == "own"


def test_without_that_rule_they_would(zone, sam, monkeypatch):
    own = actions.choose_review(closed(zone, sam).pk, by=sam, at=MONDAY)
    monkeypatch.setattr(reviewing, "handled_by", lambda review, user: False)
    assert actions.score_review(own.pk, scores=GOOD, words="Excellent.", by=sam, at=MONDAY).done_at


@pytest.mark.parametrize(
    ("scores", "words", "code"),
    [
        ({**GOOD, "said": 5}, "Well.", "scores"),
        ({"said": 3}, "Well.", "scores"),
        (dict.fromkeys(CRITERIA), "Well.", "scores"),
        (GOOD, "  ", "words"),
        (GOOD, "x" * 2001, "words"),
    ],
)
def test_half_a_review_is_refused(zone, alice, sam, scores, words, code):
    review = actions.choose_review(closed(zone, alice).pk, by=sam, at=MONDAY)
    with pytest.raises(Refused) as refused:
        actions.score_review(review.pk, scores=scores, words=words, by=sam, at=MONDAY)
    assert refused.value.code == code


def test_an_operator_chooses_and_scores_nothing(zone, alice, dave, sam, oscar):
    incident = closed(zone, alice)
    for user in (dave, oscar):
        with pytest.raises(Incident.DoesNotExist):
            actions.choose_review(incident.pk, by=user, at=MONDAY)
    review = actions.choose_review(incident.pk, by=sam, at=MONDAY)
    with pytest.raises(Review.DoesNotExist):
        actions.score_review(review.pk, scores=GOOD, words="Well.", by=dave, at=MONDAY)
