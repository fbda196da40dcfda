"""The verdict of context, row by row."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cameras.categories import CATEGORIES, Family
from cameras.context.policy import CONDITIONS, Context, Facts, Impaired, judge

AT = datetime(2026, 1, 16, 2, 3, tzinfo=UTC)
ARMED = Context(True, "schedule", None, None, "2026-01-16T02:03:00+00:00", dwell_limit_s=2.0)
DISARMED = replace(ARMED, armed=False)

categories = st.sampled_from(sorted(CATEGORIES))
facts = st.builds(
    Facts,
    category=categories,
    at=st.just(AT),
    zone_kind=st.sampled_from(["inside", "perimeter", ""]),
    dwell_s=st.floats(0, 600),
    score=st.none() | st.floats(0, 1),
)
contexts = st.builds(
    Context,
    armed=st.booleans(),
    arm_owner=st.just("schedule"),
    armed_since=st.none(),
    armed_until=st.none() | st.just(AT),
    local_time=st.just("2026-01-16T02:03:00+00:00"),
    dwell_limit_s=st.floats(0, 600),
)


def codes(verdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


@given(facts, contexts)
def test_a_threat_is_raised_whatever_the_circumstances(fact, context):
    if CATEGORIES[fact.category].threat:
        verdict = judge(fact, context)
        assert verdict.decision == "raise"
        assert verdict.priority == 1


@given(facts, contexts)
def test_every_verdict_is_one_of_three_with_a_priority_and_a_reason(fact, context):
    verdict = judge(fact, context)
    assert verdict.decision in {"raise", "watch", "ignore"}
    assert verdict.priority in {1, 2, 3}
    assert verdict.reasons


@given(facts, contexts)
def test_only_an_intrusion_of_a_disarmed_site_is_ignored(fact, context):
    if judge(fact, context).decision == "ignore":
        assert CATEGORIES[fact.category].family == Family.INTRUSION
        assert not context.armed


@given(facts, contexts)
def test_the_same_facts_give_the_same_verdict(fact, context):
    assert judge(fact, context) == judge(fact, context)


@given(st.floats(0, 30), st.floats(0, 30))
def test_the_figure_that_is_kept_gives_the_verdict_again(dwell, limit):
    context = replace(ARMED, dwell_limit_s=limit)
    verdict = judge(Facts("person", AT, "inside", dwell, 0.8), context)
    kept = verdict.reasons[-1].params["seconds"]
    assert judge(Facts("person", AT, "inside", kept, 0.8), context) == verdict


@given(st.floats(0, 30), st.floats(0, 5))
def test_who_stayed_as_long_as_is_asked_for_is_raised_however_it_is_rounded(limit, longer):
    context = replace(ARMED, dwell_limit_s=limit)
    assert judge(Facts("person", AT, "inside", limit + longer, 0.8), context).decision == "raise"
    assert judge(Facts("person", AT, "inside", 1.25, 0.8), replace(ARMED, dwell_limit_s=1.25)).decision == "raise"


def test_a_person_inside_an_armed_site_is_priority_one():
    verdict = judge(Facts("person", AT, "inside", 2.5, 0.7), ARMED)
    assert (verdict.decision, verdict.priority) == ("raise", 1)
    assert codes(verdict) == ["armed", "seen", "dwell"]


def test_a_person_along_the_fence_is_priority_two():
    assert judge(Facts("person", AT, "perimeter", 2.5, 0.7), ARMED).priority == 2


def test_a_short_stay_is_watched():
    verdict = judge(Facts("person", AT, "inside", 1.2, 0.7), ARMED)
    assert verdict.decision == "watch"
    assert verdict.reasons[-1].as_json() == {"code": "short_stay", "seconds": 1.2, "limit": 2.0}


def test_a_person_on_a_disarmed_site_is_ignored_and_says_until_when():
    verdict = judge(Facts("person", AT, "inside", 60, 0.9), replace(DISARMED, armed_until=AT))
    assert verdict.decision == "ignore"
    assert verdict.reasons[0].as_json() == {"code": "disarmed", "until": AT, "owner": "schedule"}


@pytest.mark.parametrize("code", [c.code for c in CATEGORIES.values() if c.family == Family.TECHNICAL])
def test_technical_trouble_is_raised_before_the_night_not_in_it(code):
    assert judge(Facts(code, AT), DISARMED).decision == "raise"


@pytest.mark.parametrize("code", ["restore", "open", "close", "test"])
def test_a_report_of_a_panel_is_watched(code):
    assert judge(Facts(code, AT), ARMED).decision == "watch"
    assert judge(Facts(code, AT), DISARMED).decision == "watch"


@pytest.mark.parametrize("code", ["alarm", "heartbeat_lost"])
def test_an_alarm_of_a_panel_is_raised_armed_or_not(code):
    assert judge(Facts(code, AT), ARMED).decision == "raise"
    assert judge(Facts(code, AT), DISARMED).decision == "raise"


def test_motion_nobody_looked_at_is_raised_only_where_armed():
    assert judge(Facts("unfiltered_motion", AT), ARMED).decision == "raise"
    assert judge(Facts("unfiltered_motion", AT), DISARMED).decision == "ignore"


def test_a_line_is_crossed_in_no_time():
    verdict = judge(Facts("line_crossing", AT, "perimeter", dwell_s=0.0, score=0.6), ARMED)
    assert verdict.decision == "raise"
    assert [reason.code for reason in verdict.reasons] == ["armed", "seen", "crossed"]
    assert judge(Facts("line_crossing", AT), DISARMED).decision == "ignore"


def test_a_category_that_is_not_in_the_table_is_an_error():
    with pytest.raises(KeyError):
        judge(Facts("ghost", AT), ARMED)


def test_the_frozen_context_is_plain_data():
    from django.core.serializers.json import DjangoJSONEncoder

    again = json.loads(json.dumps(ARMED.as_json(), cls=DjangoJSONEncoder))
    assert again["armed"] is True
    assert again["policy_version"]


# --- what is wrong with cameras

TAMPERED = replace(ARMED, tampered_at=AT, tamper_kind="blinded")


@pytest.mark.parametrize("code", ["person", "group", "loitering", "line_crossing"])
@pytest.mark.parametrize("armed", [True, False])
def test_somebody_after_tampering_is_a_threat_armed_or_not_and_however_briefly(code, armed):
    verdict = judge(Facts(code, AT + timedelta(minutes=14), "perimeter", 0.1, 0.6), replace(TAMPERED, armed=armed))
    assert (verdict.decision, verdict.priority, verdict.category) == ("raise", 1, "tamper_person")
    assert verdict.reasons[1].as_json() == {"code": "tampering", "kind": "blinded", "at": AT, "seconds": 840}


@given(facts, contexts)
def test_tampering_never_makes_a_verdict_milder(fact, context):
    before, after = judge(fact, context), judge(fact, replace(context, tampered_at=AT, tamper_kind="moved"))
    rank = {"raise": 0, "watch": 1, "ignore": 2}
    assert (rank[after.decision], after.priority) <= (rank[before.decision], before.priority)


@pytest.mark.parametrize(("unseen", "priority"), [(False, 3), (True, 2)])
def test_a_site_armed_with_blind_cameras_says_how_many_and_is_graver_with_an_unseen_zone(unseen, priority):
    verdict = judge(Facts("armed_impaired", AT), replace(ARMED, impaired=Impaired(1, 6, unseen)))
    assert (verdict.decision, verdict.priority) == ("raise", priority)
    assert verdict.reasons[0].as_json() == {"code": "impaired", "blind": 1, "cameras": 6, "unseen": unseen}


@pytest.mark.parametrize("code", sorted(CONDITIONS))
def test_a_camera_that_does_not_see_while_armed_says_until_when_it_should(code):
    verdict = judge(Facts(code, AT), replace(ARMED, armed_until=AT))
    assert verdict.decision == "raise"
    assert codes(verdict) == ["armed", "condition"]
