"""The demonstration's past: what is stored is what the line would have stored, so that a replay comes to the same."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db.models import Count, F

from cameras.actions.circumstances import context_of
from cameras.context.facts import Context, Facts
from cameras.models import AccessWindow, CameraHour, Candidate, Judging, Muting, Policy
from cameras.replaying.replay import replay
from incidents.audit import drawing
from incidents.audit.recall import recall
from incidents.funnel import funnel
from incidents.models import Alert, AuditCase, AuditDraw, Incident
from incidents.outcomes import ALLOWED
from responses.actions.playbooks import run_of
from soc.core import chain
from soc.core.models import Delivery, Event, Media, Site
from soc.core.rights import Act
from soc.core.verify import verify
from soc.seed import demo, history, month

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 13, 20, tzinfo=UTC)


@pytest.fixture
def told(settings, tmp_path):
    """The demonstration with its month, all sites of it."""
    settings.VAR, settings.CAMERA_NETWORKS = tmp_path, ["127.0.0.0/8"]
    settings.MEDIA_ROOT = tmp_path / "media"  # where heads of the record are signed
    demo.seed(at=AT, began=month.first_day(AT))
    written = history.write(at=AT)
    assert written > 800
    return list(Site.objects.filter(organisation__name="Northlight Monitoring"))


def test_the_month_is_one_that_the_line_might_have_had(told):
    """One world for all of these: it takes seconds to make."""
    _is_replayed_exactly(told)
    _has_the_circumstances_of_its_time(told)
    _is_handled_by_the_rules_of_the_house()
    _is_told_by_the_record()
    _leaves_the_sites_as_they_are_wanted(told)
    _shows_a_funnel(told)
    _was_audited_blind(told)
    before = Candidate.objects.count(), Event.objects.count()
    assert history.write(at=AT + timedelta(hours=1)) == 0  # once
    assert (Candidate.objects.count(), Event.objects.count()) == before


def _is_replayed_exactly(sites):
    since, until = AT - timedelta(days=31), AT
    result = replay([site.pk for site in sites], since=since, until=until, body_of={})
    assert result.candidates == Candidate.objects.exclude(source="audit").count()
    assert result.skipped == 0
    assert result.counts.as_json() == dict.fromkeys(result.counts.as_json(), 0)
    versions = Counter(Policy.objects.values_list("site__name", flat=True))
    assert [versions[name] for name in (month.DEPOT, month.QUAY, month.GLASSHOUSE)] == [3, 3, 3]
    judged_before = Candidate.objects.filter(judged_at__lt=F("policy__published_at"))
    assert not judged_before.exists()


def _has_the_circumstances_of_its_time(sites):
    """Read once more from the rows, they are what was stored."""
    rows = list(Candidate.objects.exclude(source="audit").exclude(context={}).select_related("site")[:60])
    rows += list(Candidate.objects.filter(context={}).select_related("site").order_by("dedup")[:40])
    rows += list(Candidate.objects.filter(context__has_key="muted").select_related("site")[:5])
    kinds: set[str] = set()
    for row in rows:
        kinds.update(list(row.context))
        assert context_of(row.site, Facts.from_json(row.facts)) == Context.from_json(row.context), row
    assert {"expected", "muted", "dismissed"} <= kinds


def _is_handled_by_the_rules_of_the_house():
    assert not Candidate.objects.filter(decision="raise", alert__isnull=True).exists()
    assert not Alert.objects.exclude(candidate__decision="raise").exclude(candidate__source="audit").exists()
    for incident in Incident.objects.in_earnest().select_related("site", "owner"):
        clock = [
            incident.clock()[name]
            for name in ("captured", "received", "judged", "queued", "painted", "claimed", "verdict", "closed")
        ]
        assert clock == sorted(clock), incident
        assert incident.outcome.split(".")[0] in ALLOWED[incident.verdict]
        assert incident.owner.may(Act.HANDLE, incident.site)
        assert incident.closed_at < AT
    for incident in Incident.objects.in_earnest().order_by("-captured_at")[:5]:
        kept = dict(incident.run.results)
        assert run_of(incident).results == kept
    busy = Incident.objects.in_earnest().order_by("owner", "claimed_at").values_list("owner", "claimed_at", "closed_at")
    rows = list(busy)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(rows)), "nobody holds two"


def _is_told_by_the_record():
    assert not Delivery.objects.filter(done_at__isnull=True, event__kind__startswith="candidate.").exists()
    kinds = Counter(Event.objects.filter(subject_type="candidate").values_list("kind", flat=True))
    decided = Counter(Candidate.objects.exclude(source="audit").values_list("decision", flat=True))
    assert kinds["candidate.raised"] == decided["raise"]
    assert kinds["candidate.watched"] == decided["watch"]
    assert kinds["candidate.ignored"] == decided["ignore"]
    while chain.seal():
        pass
    assert verify().finding is None or verify().finding.problem == "head file"  # nobody has signed yet


def _leaves_the_sites_as_they_are_wanted(sites):
    depot = next(site for site in sites if site.name == month.DEPOT)
    for hour in range(48):
        at = AT + timedelta(hours=hour / 2)
        facts = Facts("person", at)
        assert context_of(depot, facts) == Context(), "nothing of the past hides anything today"
    assert not AccessWindow.objects.filter(ends_at__gt=AT).exists()
    assert not Muting.objects.filter(ended_at=None).exists()
    for judging in Judging.objects.filter(site__in=sites):
        assert judging.ordinal == Candidate.objects.filter(site=judging.site_id, ordinal__isnull=False).count()
        assert judging.policy == Policy.objects.filter(site=judging.site_id).latest("number")


def _shows_a_funnel(sites):
    total = funnel(sites, until=AT, days=30).total
    assert total.moved > 100 * total.candidates > 100 * total.raised >= 100 * total.incidents > 100 * total.real > 0
    assert total.real >= 8
    assert CameraHour.objects.values("camera").annotate(n=Count("pk")).count() == 5
    real = Incident.objects.filter(verdict="real", site__name=month.DEPOT)
    assert Media.objects.filter(kind="clip", site__name=month.DEPOT).exists()
    assert all(alert.candidate.clip_id for incident in real for alert in incident.alerts.select_related("candidate"))


def _was_audited_blind(sites):
    """Draws can be made again, every case is over, and there are enough to quote recall."""
    drawn = 0
    for draw in AuditDraw.objects.select_related("site").order_by("starts_at")[:20]:
        cases = AuditCase.objects.filter(site=draw.site, seed=draw.seed).values_list("candidate", flat=True)
        assert set(drawing.again(draw)) == set(cases)
        drawn += draw.drawn
    assert drawn > 10
    cases = AuditCase.objects.select_related("incident", "candidate")
    assert not cases.filter(revealed_at=None).exists()
    assert not cases.filter(due_at__isnull=False).exists()
    for case in cases[:20]:
        assert case.revealed_at < AT
        assert case.incident.clock()["verdict"] == case.incident.clock()["closed"] == case.revealed_at
        assert (case.incident.verdict, case.incident.outcome) == ("", "")
        assert case.candidate.decision != "raise"
    found = recall(sites, AT - timedelta(days=30), AT)
    assert found.enough
    assert found.misses == 0
    assert drawing.usable(sites[0].organisation, AT).exists()


def test_the_story_is_the_same_for_the_same_day_and_another_for_another():
    assert month.month(AT)[:300] == month.month(AT + timedelta(hours=3))[:300]
    assert month.month(AT)[:300] != month.month(AT + timedelta(days=1))[:300]
    assert all(one.at <= AT - timedelta(minutes=30) for one in month.month(AT))
