"""Candidates of a site have one order, whoever judges and publishes at once, on real PostgreSQL."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from cameras.actions import camera_drifts, commit_candidate, condition_began, policies, publish
from cameras.context.fold import Fold
from cameras.models import Camera, Candidate, Judging, Policy
from cameras.troubles import raise_troubles
from incidents.actions import raise_alert
from incidents.models import Alert
from soc.core.models import Event, Site
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db(transaction=True)
WITHIN_S = 30
_numbers = itertools.count(1)


def somebody(camera: Camera, dedup: str = "", **fields: Any) -> Candidate:
    zone = camera.zones.first()
    at = NIGHT + timedelta(seconds=next(_numbers))
    said = {"source": "camera", "category": "person", "dwell_s": 5.0, "score": 0.8, "dedup": dedup or f"seen-{at}"}
    return commit_candidate(
        **{"site": camera.site, "camera": camera, "zone": zone, "captured_at": at, "received_at": at, "judged_at": at}
        | said
        | fields
    )


def body(number: int) -> dict[str, Any]:
    """Another body for each number: odd ones raise nobody in the yard before 20 s, even ones at once."""
    rule = {"category": "person", "when": "armed", "decision": "raise", "dwell_s": 20.0 if number % 2 else 0.0}
    return {"schedule": make.week(), "rules": [rule], "runaway": {"dismissed": 2 + number}}


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Each on a thread and a connection of its own, begun together. Raises what one of them raises, or is late."""
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            ready.wait(WITHIN_S)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        running: list[Future[Any]] = [pool.submit(run, work) for work in works]
        return [one.result(WITHIN_S) for one in running]


def many(count: int, work: Callable[[], Any]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(count):
            work()

    return run


def check_order(site: Site) -> list[Candidate]:
    """Ordinals from 1 on, each once; the versions in the order in which they were published."""
    rows = list(Candidate.objects.filter(site=site).select_related("policy").order_by("ordinal"))
    assert [row.ordinal for row in rows] == list(range(1, len(rows) + 1))
    assert Judging.objects.get(site=site).ordinal == len(rows)
    numbers = [row.policy.number if row.policy else 0 for row in rows]
    assert numbers == sorted(numbers), "a candidate was judged by a version that was not in force any more"
    return rows


def publish_against_judging(camera: Camera) -> list[Candidate]:
    versions = itertools.count(1)
    make.set_policy(camera.site, body(0))

    def publishes() -> None:
        publish(camera.site, body(next(versions)), by=None, at=NIGHT)

    at_once(*[many(7, lambda: somebody(camera))] * 3, many(5, publishes))
    rows = check_order(camera.site)
    assert len(rows) == 21
    for row in rows:
        asks = row.policy.body["rules"][0]["dwell_s"]
        assert row.decision == ("watch" if asks > 5 else "raise"), "not judged by the version that is stored with it"
        assert row.policy_version == f"{row.policy.number}-{row.policy.sha256[:8]}"
    return rows


def test_no_candidate_is_judged_by_two_versions_and_none_by_one_that_is_not_in_force(camera, zone):
    publish_against_judging(camera)
    numbers = list(Policy.objects.filter(site=camera.site).order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, 7))


def test_without_the_lock_that_would_be_seen(camera, zone, monkeypatch):
    """The deliberately broken variant: the row is read before it is locked."""

    def unlocked(site: Site) -> Judging:
        row, _made = Judging.objects.get_or_create(site_id=site.pk, defaults={"site": Site.objects.get(pk=site.pk)})
        row.ordinal += 1
        Judging.objects.filter(pk=row.pk).update(ordinal=row.ordinal)
        return row

    monkeypatch.setattr("cameras.actions.candidates.next_turn", unlocked)
    with pytest.raises(AssertionError):
        publish_against_judging(camera)


def test_the_first_candidates_of_a_new_site_make_its_row_once(camera, zone):
    at_once(*[lambda: somebody(camera)] * 6)
    assert Judging.objects.filter(site=camera.site).count() == 1
    assert {row.policy_version for row in check_order(camera.site)} == {"house"}


def test_the_same_report_at_once_is_one_candidate_with_one_ordinal(camera, zone):
    make.arm_always(camera.site)
    found = at_once(*[lambda: somebody(camera, "once").pk] * 6)
    assert len(set(found)) == 1
    assert len(check_order(camera.site)) == Event.objects.filter(kind="candidate.raised").count() == 1


def test_a_report_that_another_site_has_sent_already_takes_no_ordinal(camera, zone, other_camera):
    make.make_zone(other_camera)
    first = somebody(camera, "the same")
    assert somebody(other_camera, "the same") == first
    assert somebody(other_camera).ordinal == 1


def test_what_one_verdict_leaves_behind_is_there_for_the_next(camera, zone):
    """Of many at once one is raised and the others cool down: no two are judged by the same fold."""
    rule = {"category": "person", "when": "armed", "decision": "raise", "cooldown_s": 600}
    make.set_policy(camera.site, schedule=make.week(), rules=[rule])
    at = NIGHT + timedelta(hours=1)
    at_once(*[lambda: somebody(camera, captured_at=at, received_at=at, judged_at=at)] * 6)
    decisions = [row.decision for row in check_order(camera.site)]
    assert decisions == ["raise", *["watch"] * 5]
    assert Fold.from_json(Judging.objects.get(site=camera.site).fold).cooling


def test_judging_folding_sweeping_and_publishing_at_once_wait_for_each_other_and_never_in_a_ring(camera, zone):
    site = camera.site
    make.set_policy(site, body(0))
    other = make.make_camera(site, "Gate")
    versions = itertools.count(1)
    sweeps = itertools.count()

    def raises() -> None:
        seen = somebody(camera)
        if seen.decision == "raise":
            raise_alert(seen.pk, at=seen.judged_at)

    def sweeps_once() -> None:
        n = next(sweeps)
        condition_began(other.pk, kind="slow", at=NIGHT + timedelta(hours=n))
        raise_troubles(NIGHT + timedelta(hours=n, minutes=1))
        camera_drifts(other.pk, offset_s=40.0, at=NIGHT + timedelta(hours=n))

    at_once(
        many(4, raises),
        many(4, raises),
        many(4, sweeps_once),
        many(4, lambda: publish(site, body(next(versions)), by=None, at=NIGHT)),
        many(4, lambda: _with_the_site_first(site, camera)),
    )
    rows = check_order(site)
    assert Alert.objects.count() <= len([row for row in rows if row.decision == "raise"])


def _with_the_site_first(site: Site, camera: Camera) -> None:
    """As sweeps do: the site's row, then its order of verdicts."""
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        somebody(camera)


@pytest.mark.parametrize("outer", [transaction.atomic, nullcontext], ids=["in a transaction", "by itself"])
def test_an_order_that_could_not_be_stored_is_given_to_the_next(camera, zone, monkeypatch, outer):
    make.arm_always(camera.site)
    somebody(camera)
    with monkeypatch.context() as broken:
        broken.setattr("cameras.actions.candidates.want_angles", _fails)
        with pytest.raises(RuntimeError), outer():
            somebody(camera)
    somebody(camera)
    assert len(check_order(camera.site)) == 2


def _fails(candidate: Candidate) -> int:
    raise RuntimeError("no")


def test_whoever_locks_keeps_to_the_order(camera, zone):
    """Publishing while somebody holds the site's row is no deadlock: the one needs nothing that the other has."""
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=camera.site_id)
        at_once(lambda: publish(camera.site, body(1), by=None, at=NIGHT), lambda: somebody(camera))
        policies.locked_judging(camera.site)
    check_order(camera.site)
