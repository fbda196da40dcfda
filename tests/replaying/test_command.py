"""`manage.py replay_policy`, and sites shared out over processes."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from cameras.actions.policies import keep_draft
from cameras.models import Candidate
from cameras.replaying.shares import shared
from incidents.management.commands.replay_policy import Bar
from soc.core import clock
from tests import factories as make
from tests.factories import NIGHT
from tests.replaying.test_replay import armed, body, notice  # noqa: F401  the fixture


def command(*said: str) -> str:
    out = io.StringIO()
    call_command("replay_policy", "--processes=1", *said, stdout=out)
    return out.getvalue()


@pytest.fixture
def night(armed, zone, monkeypatch):  # noqa: F811
    monkeypatch.setattr(clock, "now", lambda: NIGHT + timedelta(hours=2))
    make.make_incident(notice(zone))
    return armed


@pytest.mark.django_db
def test_the_policy_in_force_changes_nothing_and_the_draft_says_what_it_would_lose(night, sam, tmp_path):
    assert json.loads(command("--json"))["newly_hidden"] == 0
    hides = body({"category": "person", "decision": "ignore"})
    keep_draft(night, hides, by=sam, at=NIGHT)
    said = command("--draft", "--site", "Pinewick")
    assert "1 candidates judged again" in said
    assert "real, and would be lost: 1" in said
    assert "undecided" in said
    kept = tmp_path / "policy.json"
    kept.write_text(json.dumps(hides))
    assert len(json.loads(command("--file", str(kept), "--json"))["lost"]) == 1


@pytest.mark.django_db
def test_history_that_its_own_versions_do_not_give_again_ends_with_an_error(night):
    assert "1 candidates judged again" in command("--as-judged")
    Candidate.objects.update(decision="ignore")
    with pytest.raises(CommandError, match="judged otherwise"):
        command("--as-judged")


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["[", '{"schedule": 5}', None])
def test_what_is_no_policy_is_refused(night, tmp_path, text):
    file = tmp_path / "policy.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CommandError):
        command("--file", str(file))


def squared(item: int, told) -> int:
    told(item, item)
    return item * item


@pytest.mark.parametrize("processes", [1, 3])
def test_shares_are_worked_on_and_their_progress_adds_up(processes):
    told: list[int] = []
    found = sorted(shared([5, 3, 2, 1], squared, processes=processes, on_done=told.append))
    assert found == [1, 4, 9, 25]
    assert told[-1] == 11


@pytest.mark.parametrize("processes", [1, 2])
def test_what_one_process_cannot_do_is_told(processes):
    def fails(item: int, told) -> int:
        raise LookupError(item)

    with pytest.raises(LookupError):
        list(shared([1, 2], fails, processes=processes))


def test_the_bar_ends_full():
    out = io.StringIO()
    bar = Bar(1000, out)
    bar(500)
    bar.end()
    assert " 50%  500 of 1,000" in out.getvalue()
    assert out.getvalue().endswith("1,000 of 1,000  0 s\n")
