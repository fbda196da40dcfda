"""A panel that owns the arm state arms and disarms its site by what it reports; elsewhere that is only a report."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cameras.actions import standing
from cameras.models import ArmChange, SignalSource
from cameras.receivers.signals import Signal, accept
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def panel(site) -> SignalSource:
    make.set_policy(site, owner="panel", schedule=make.week())
    return make.make_source(site)[0]


def says(panel: SignalSource, kind: str, minutes: float, *, arrives: float | None = None) -> None:
    """At `minutes` of its own clock, and arriving then or later."""
    at = NIGHT + minutes * MINUTE
    accept(panel, Signal(kind, f"{kind}{minutes}", at), at=NIGHT + (minutes if arrives is None else arrives) * MINUTE)


def armed(panel: SignalSource, minutes: float) -> bool:
    return standing(panel.site).arm(NIGHT + minutes * MINUTE).armed


def test_what_it_said_last_holds(panel):
    says(panel, "open", 0)
    assert not armed(panel, 1)
    says(panel, "close", 10)
    assert armed(panel, 11)
    rows = list(ArmChange.objects.order_by("at").values_list("armed", "how", "source", "until"))
    assert rows == [(False, "panel", panel.pk, None), (True, "panel", panel.pk, None)]


def test_reports_that_overtake_each_other_count_by_the_panels_own_clock(panel):
    says(panel, "close", 10)
    says(panel, "open", 5, arrives=12)
    assert armed(panel, 13)


def test_a_report_told_twice_is_written_once(panel):
    says(panel, "open", 0)
    says(panel, "open", 0, arrives=3)
    assert ArmChange.objects.count() == 1


def test_a_panel_whose_clock_is_ahead_counts_from_now(panel):
    says(panel, "open", 3, arrives=0)
    assert ArmChange.objects.get().at == NIGHT


@pytest.mark.parametrize("owner", ["schedule", "customer"])
def test_where_it_does_not_own_the_arm_state_it_only_reports(panel, owner):
    make.set_policy(panel.site, owner=owner, schedule=make.week())
    says(panel, "open", 0)
    assert armed(panel, 1)
    assert not ArmChange.objects.exists()


def test_what_else_it_says_arms_nothing(panel):
    for kind in ("alarm", "restore", "test", "heartbeat"):
        says(panel, kind, 0)
    assert not ArmChange.objects.exists()
