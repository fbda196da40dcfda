"""The lot: by site and day, the same from the same seed, at least one a week, within what operators can be shown."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from incidents.audit import drawing
from incidents.audit.drawing import again, draw_due, draw_known, lot, rate_for, same_hour
from incidents.models import AuditCase, AuditDraw, KnownIntrusion
from soc.core.models import Event, Media
from tests import factories as make
from tests.factories import NIGHT
from tests.incidents.audit.conftest import AT, filmed, genuine

MORNING = NIGHT.replace(hour=0, minute=20, second=0) + timedelta(days=1)  # a Monday: the week with NIGHT in it is over
IDS = [UUID(int=number) for number in range(1000)]


@pytest.fixture(autouse=True)
def without_known_ones(settings):
    settings.AUDIT_KNOWN_A_WEEK = 0


def test_a_lot_is_the_same_from_the_same_seed_in_any_order():
    assert lot(IDS, rate=0.02, least=0, seed=5) == lot(reversed(IDS), rate=0.02, least=0, seed=5)
    assert lot(IDS, rate=0.02, least=0, seed=5) != lot(IDS, rate=0.02, least=0, seed=6)


def test_everything_is_as_likely_to_be_drawn():
    drawn = Counter(one for seed in range(3000) for one in lot(IDS[:40], rate=0.06, least=0, seed=seed))
    assert len(drawn) == 40
    assert 3000 * 0.06 * 0.7 < min(drawn.values()) <= max(drawn.values()) < 3000 * 0.06 * 1.3


def test_the_broken_part_of_a_number_is_drawn_too():
    numbers = [len(lot(IDS[:25], rate=0.02, least=0, seed=seed)) for seed in range(2000)]
    assert set(numbers) == {0, 1}
    assert 0.46 < sum(numbers) / 2000 < 0.54


def test_never_more_than_there_are():
    assert len(lot(IDS[:3], rate=0.5, least=10, seed=1)) == 3
    assert lot([], rate=0.5, least=1, seed=1) == []


def test_the_share_shrinks_where_operators_could_not_be_shown_so_much(settings):
    assert rate_for(100) == 0.02
    assert rate_for(96_000) * 96_000 == pytest.approx(0.8 * 3 * settings.AUDIT_MOST_A_SHIFT)


@pytest.fixture
def held_back(zone, other_camera):
    """A busy site and one with a single short stay, the night before."""
    for number in range(30):
        filmed(zone, at=NIGHT + timedelta(minutes=number), decision="ignore" if number % 2 else "watch")
    filmed(make.make_zone(other_camera), at=NIGHT, decision="watch")


def test_each_site_is_drawn_from_once_a_day_and_each_has_one_a_week(held_back, site, other_site, settings):
    settings.AUDIT_RATE = 0.1
    settings.AUDIT_MOST_A_SHIFT = 100
    number = draw_due(MORNING)
    cases = AuditCase.objects.all()
    assert number == cases.count() == sum(AuditDraw.objects.values_list("drawn", flat=True))
    assert cases.filter(site=site).count() == 3
    assert cases.filter(site=other_site).count() == 1, "its day drew none by a tenth of one; its week brings one"
    assert draw_due(MORNING + timedelta(minutes=5)) == 0
    assert all(case.due_at > MORNING for case in cases)


def test_a_draw_can_be_made_again_from_its_seed_even_after_pictures_were_erased(held_back, settings):
    settings.AUDIT_RATE = 0.3
    settings.AUDIT_MOST_A_SHIFT = 100
    draw_due(MORNING)
    Media.objects.update(erased_at=MORNING + timedelta(days=30))
    for draw in AuditDraw.objects.all():
        drawn = AuditCase.objects.filter(seed=draw.seed).values_list("candidate", flat=True)
        assert set(again(draw)) == set(drawn)
        told = Event.objects.get(kind="audit.drawn", subject_id=draw.pk)
        assert (told.data["seed"], told.data["drawn"]) == (draw.seed, draw.drawn)


def test_another_seed_would_be_noticed(held_back, settings):
    settings.AUDIT_RATE = 0.3
    settings.AUDIT_MOST_A_SHIFT = 100
    draw_due(MORNING)
    draw = AuditDraw.objects.order_by("-drawn").first()
    drawn = set(AuditCase.objects.filter(seed=draw.seed).values_list("candidate", flat=True))
    draw.seed += 1
    assert set(again(draw)) != drawn


def test_what_was_raised_has_no_clip_or_is_a_copy_is_not_drawn(zone, settings):
    settings.AUDIT_RATE = 1.0
    settings.AUDIT_MOST_A_SHIFT = 100
    filmed(zone, decision="raise")
    filmed(zone, decision="ignore", source="audit")
    make.make_candidate(zone=zone, decision="ignore")
    erased = filmed(zone, decision="ignore")
    Media.objects.filter(pk=erased.clip_id).update(erased_at=NIGHT)
    draw_due(MORNING)
    for draw in AuditDraw.objects.all():  # the day's and the week's
        assert (draw.population, draw.showable, draw.drawn) == (2, 0, 0)


def test_missed_days_are_made_up_for_and_older_ones_are_not(zone, settings):
    settings.AUDIT_RATE = 1.0
    for days in (0, 2, 5):
        filmed(zone, at=NIGHT - timedelta(days=days), decision="ignore")
    settings.AUDIT_LEAST_A_WEEK = 0
    assert draw_due(MORNING) == 2


def test_nothing_is_drawn_where_that_is_said(held_back, settings):
    settings.AUDIT_RATE = 0
    assert draw_due(MORNING) == 0


def test_a_case_comes_at_its_own_time_of_day_by_the_sites_clocks(zone):
    """Also where the clocks are changed in between."""
    site = zone.site
    candidate = filmed(zone, at=NIGHT.replace(month=3, day=28, hour=2))  # 02:13 in London, the day before summer time
    due = same_hour(candidate, after=NIGHT.replace(month=3, day=30, hour=12)).astimezone(site.zone_info)
    assert abs((due.hour * 60 + due.minute) - (2 * 60 + 13)) <= 21
    assert due.utcoffset() == timedelta(hours=1)


# --- known intrusions


@pytest.fixture
def known(zone, alice, settings) -> KnownIntrusion:
    settings.AUDIT_KNOWN_A_WEEK = 7
    incident = genuine(zone, alice)
    return KnownIntrusion.objects.create(
        organisation=zone.organisation, candidate=incident.alerts.get().candidate, added_at=NIGHT
    )


def test_a_known_intrusion_is_put_in_once_and_rests_then(known, organisation):
    assert draw_known(organisation, AT, at=AT) == 1
    case = AuditCase.objects.get()
    assert (case.kind, case.site, case.candidate) == ("injected", known.candidate.site, known.candidate)
    assert draw_known(organisation, AT, at=AT) == 0
    assert draw_known(organisation, AT + timedelta(days=3), at=AT + timedelta(days=3)) == 0
    later = AT + timedelta(days=70)
    assert draw_known(organisation, later, at=later) == 1


def test_nobody_elses_intrusion_is_ever_put_in(known, other_organisation, other_site):
    assert draw_known(other_organisation, AT, at=AT) == 0
    assert not AuditCase.objects.exclude(site=known.candidate.site).exists()
    # Even where a row says that it is theirs.
    KnownIntrusion.objects.update(organisation=other_organisation)
    assert draw_known(other_organisation, AT, at=AT) == 0


def test_one_whose_pictures_are_gone_or_that_is_out_of_use_is_not_put_in(known, organisation):
    KnownIntrusion.objects.update(enabled=False)
    assert draw_known(organisation, AT, at=AT) == 0
    KnownIntrusion.objects.update(enabled=True)
    Media.objects.filter(pk=known.candidate.clip_id).update(erased_at=AT - timedelta(days=1))
    assert draw_known(organisation, AT, at=AT) == 0


def test_how_many_a_day_brings_is_by_lot_and_the_same_whenever_it_is_asked(known, organisation, settings):
    settings.AUDIT_KNOWN_A_WEEK = 3
    settings.AUDIT_KNOWN_AGAIN_DAYS = 0
    days = [AT + timedelta(days=number) for number in range(56)]
    brought = [draw_known(organisation, day, at=day) for day in days]
    assert 12 <= sum(brought) <= 36
    assert [draw_known(organisation, day, at=day) for day in days] == [0] * 56
    assert drawing.SEEDS > AuditCase.objects.first().seed >= 0
