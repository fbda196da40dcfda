"""A second person's word: never one's own, done as it was asked or not at all, shown further up where nobody gives it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from soc.core import approving
from soc.core.approving import Kind, Refused
from soc.core.models import Approval, Event, Organisation, Site, User
from soc.core.rights import Act
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
WAIT = timedelta(minutes=10)


@pytest.fixture
def done(monkeypatch):
    """What was granted, of a kind of the tests."""
    done: list[dict] = []

    def grant(approval, by, at):
        if approval.data.get("fails"):
            raise Refused("gone", "The world has moved on.")
        done.append({**approval.data, "by": by})

    monkeypatch.setattr(approving, "_kinds", {"test": Kind(Act.HANDLE, Act.MUTE_LONG, WAIT, grant)})
    return done


@pytest.fixture
def second(organisation):
    """Another supervisor."""
    return make.make_user("second", "supervisor", organisation, call_sign="Ada")


@pytest.fixture
def ask(site, alice, sam, done):
    def ask(by=alice, of=site, about="a", **data) -> Approval:
        return approving.ask("test", of=of, about=about, data=data, reason="it is windy", by=by, at=NIGHT)

    return ask


def test_what_one_asked_for_is_done_once_another_grants_it(ask, sam, done):
    asked = ask(minutes=5)
    assert done == []
    granted = approving.grant(asked.pk, by=sam, at=NIGHT, said="yes")
    assert done == [{"minutes": 5, "by": sam}]
    assert (granted.state, granted.decided_by, granted.said) == ("granted", sam, "yes")
    kinds = Event.objects.filter(subject_id=asked.pk).order_by("id").values_list("kind", "by")
    assert list(kinds) == [("approval.asked", asked.asked_by_id), ("approval.granted", sam.pk)]


def test_nobody_grants_or_refuses_their_own(ask, sam, second, done):
    asked = ask(by=sam)
    for decide in (approving.grant, approving.refuse):
        with pytest.raises(Refused) as refused:
            decide(asked.pk, by=sam, at=NIGHT, said="why not")
        assert refused.value.code == "own"
    assert done == []
    approving.grant(asked.pk, by=second, at=NIGHT)
    assert len(done) == 1


def test_postgresql_refuses_ones_own_word_whichever_code_it_is_that_writes(ask, sam, second):
    asked = ask(by=sam)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=asked.pk).update(state="granted", decided_by=sam)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=asked.pk).update(state="granted")


def test_who_may_not_decide_such_things_does_not_find_it(ask, dave, oscar, carol, other_organisation):
    asked = ask()
    stranger = make.make_user("stranger", "supervisor", other_organisation)
    for nobody in (dave, oscar, carol, stranger):
        with pytest.raises(Approval.DoesNotExist):
            approving.grant(asked.pk, by=nobody, at=NIGHT)
        assert not approving.to_decide(nobody).exists()


def test_who_may_not_ask_asks_nothing(ask, carol, organisation):
    with pytest.raises(Site.DoesNotExist):
        ask(by=carol)
    with pytest.raises(Organisation.DoesNotExist):
        ask(by=carol, of=organisation)


def test_where_there_is_no_second_person_it_is_refused_aloud(ask, alice, sam, done):
    User.objects.filter(pk=sam.pk).update(is_active=False)
    with pytest.raises(Refused, match=r"add a second person \(supervisor\), then ask again") as refused:
        ask()
    assert refused.value.code == "nobody"
    User.objects.filter(pk=sam.pk).update(is_active=True)
    with pytest.raises(Refused) as refused:
        ask(by=sam)  # they would be the only ones to grant it
    assert refused.value.code == "nobody"
    assert not Approval.objects.exists()
    assert ask().state == "waiting"


def test_who_may_grant_it_elsewhere_is_no_second_person_here(ask, sam, site, other_site, other_organisation):
    sam.memberships.all().delete()
    for nobody, place in (("there", other_site), ("stranger", other_organisation)):
        make.make_user(nobody, "supervisor", place)
    with pytest.raises(Refused) as refused:
        ask()
    assert refused.value.code == "nobody"
    make.make_user("here", "supervisor", site)
    assert ask().state == "waiting"


def test_what_a_centre_lacks_is_told_before_anybody_asks(organisation, sam, second, done, monkeypatch):
    both = Kind(Act.MUTE_LONG, Act.MUTE_LONG, WAIT, done.append)
    monkeypatch.setitem(approving._kinds, "both", both)
    assert approving.lacking(organisation) == []
    User.objects.filter(pk=second.pk).update(is_active=False)
    assert approving.lacking(organisation) == ["both"], "who would ask is the only one to grant it"
    User.objects.filter(pk=sam.pk).update(is_active=False)
    assert approving.lacking(organisation) == ["test", "both"]


def test_one_waits_for_each_thing(ask, dave, sam):
    first = ask()
    with pytest.raises(Refused) as refused:
        ask(by=dave)
    assert refused.value.code == "asked"
    approving.refuse(first.pk, by=sam, at=NIGHT, said="not tonight")
    assert ask(by=dave).state == "waiting"


def test_it_is_decided_once(ask, sam, second, done):
    asked = ask()
    approving.grant(asked.pk, by=sam, at=NIGHT)
    with pytest.raises(Refused, match="granted"):
        approving.refuse(asked.pk, by=second, at=NIGHT, said="too late")
    assert len(done) == 1


def test_what_cannot_be_done_any_more_decides_nothing(ask, sam, done):
    asked = ask(fails=True)
    with pytest.raises(Refused, match="moved on"):
        approving.grant(asked.pk, by=sam, at=NIGHT)
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("waiting", None)
    assert not Event.objects.filter(kind="approval.granted").exists()


def test_a_refusal_says_why(ask, sam):
    asked = ask()
    with pytest.raises(Refused, match="Say why"):
        approving.refuse(asked.pk, by=sam, at=NIGHT, said=" ")
    assert approving.refuse(asked.pk, by=sam, at=NIGHT, said="not tonight").said == "not tonight"


def test_who_asked_may_withdraw_and_nobody_else(ask, alice, sam, done):
    asked = ask()
    with pytest.raises(Approval.DoesNotExist):
        approving.withdraw(asked.pk, by=sam, at=NIGHT)
    approving.withdraw(asked.pk, by=alice, at=NIGHT)
    with pytest.raises(Refused, match="withdrawn"):
        approving.grant(asked.pk, by=sam, at=NIGHT)
    assert done == []


def test_what_nobody_decides_goes_up_and_is_never_granted_by_time(ask, sam, done):
    asked = ask()
    assert approving.undecided(NIGHT + WAIT - timedelta(seconds=1)) == 0
    assert [approving.undecided(NIGHT + WAIT * turn) for turn in (1, 1, 2, 3, 300)] == [1, 0, 1, 0, 0]
    asked.refresh_from_db()
    assert (asked.level, asked.state, asked.decide_by) == (2, "waiting", None)
    levels = Event.objects.filter(kind="approval.raised").order_by("id").values_list("data__level", flat=True)
    assert list(levels) == [1, 2]
    assert done == []
    approving.grant(asked.pk, by=sam, at=NIGHT + WAIT * 400)
    assert len(done) == 1


def test_what_was_decided_in_time_does_not_go_up(ask, sam):
    approving.grant(ask().pk, by=sam, at=NIGHT)
    assert approving.undecided(NIGHT + WAIT) == 0


def test_what_one_asked_for_where_one_has_left_is_not_shown_any_more(ask, alice, other_organisation):
    """It is shown beside the playbook, the cameras and the incident as they are now."""
    asked = ask()
    assert approving.asked_by(alice) == [asked]
    alice.memberships.update(organisation=other_organisation)
    assert approving.asked_by(User.objects.get(pk=alice.pk)) == []
