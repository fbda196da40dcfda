"""Calls promised and callers to beware of, as the desk, the next shift and the wall are told of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from incidents import actions
from incidents.models import CallNote
from soc.console.calls import reads as calls
from soc.console.shift import aside, reads
from soc.core import clock
from tests import factories as make

FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


@pytest.fixture
def note(site, alice):
    def note(minutes: int = 30, **changes) -> CallNote:
        given = {"kind": "promised", "who": "Una Marsh", "words": "whether the gate is shut", **changes}
        at = clock.now() - timedelta(minutes=60) if minutes < 0 else clock.now()
        return actions.note_call(site.pk, minutes=60 + minutes if minutes < 0 else minutes, by=alice, at=at, **given)

    return note


def test_it_is_noted_put_off_and_ended_on_the_desk(client, alice, site):
    client.force_login(alice)
    form = {"kind": "promised", "who": "Una Marsh", "words": "the gate", "minutes": "15", "site": str(site.pk)}
    page = client.post(reverse("console-calls-add"), form, **FETCH).text
    one = CallNote.objects.get()
    assert "Una Marsh" in page
    later = client.post(reverse("console-calls-act", args=[one.pk, "later"]), {"minutes": "60"}, **FETCH)
    assert "put off 1 time" in later.text
    assert "Nobody is owed a call" in client.post(reverse("console-calls-act", args=[one.pk, "done"]), **FETCH).text
    again = client.post(reverse("console-calls-act", args=[one.pk, "done"]), **FETCH)
    assert again.status_code == 409
    without_scripts = client.post(reverse("console-calls-add"), form)
    assert without_scripts["Location"] == reverse("console-calls")
    assert "Una Marsh" in client.get(reverse("console-calls")).text


def test_what_was_typed_comes_back_with_the_refusal(client, alice, site):
    client.force_login(alice)
    form = {"kind": "suspicious", "who": "says he is the owner", "words": "", "minutes": "x", "site": str(site.pk)}
    answer = client.post(reverse("console-calls-add"), form, **FETCH)
    assert answer.status_code == 409
    assert "says he is the owner" in answer.text
    assert "Say what it is about" in answer.text


def test_it_is_noted_in_an_incident_without_leaving_it(client, alice, zone):
    incident = actions.claim(make.make_incident(zone=zone, at=clock.now()).pk, by=alice, at=clock.now())
    client.force_login(alice)
    form = {"kind": "promised", "who": "Una Marsh", "words": "how it ended", "minutes": "30"}
    answer = client.post(reverse("console-act", args=[incident.pk, "note-call"]), form, **FETCH)
    assert answer.status_code == 200
    assert 'id="incident"' in answer.text
    assert CallNote.objects.get().incident == incident


def test_each_is_handed_to_the_next_shift_with_its_time(note, dave):
    one = note(30)
    late = note(-5, kind="suspicious", who="a man with a hoarse voice", words="asked when nobody is there")
    items = {item["key"]: item for item in reads.hand_over(dave, at=clock.now()) if item["group"] == "calls"}
    due = one.due_at.astimezone(one.site.zone_info)
    assert items[f"calls:{one.pk}"]["words"] == (
        f"Pinewick Depot: call Una Marsh: whether the gate is shut, due {due:%H:%M}"
    )
    assert "beware of a caller, a man with a hoarse voice" in items[f"calls:{late.pk}"]["words"]
    assert "overdue since" in items[f"calls:{late.pk}"]["words"]
    actions.end_call(one.pk, ended="done", by=dave, at=clock.now())
    assert f"calls:{one.pk}" not in {item["key"] for item in reads.hand_over(dave, at=clock.now())}


def test_it_comes_up_beside_the_quiet_night_and_stays_there_when_overdue(note, alice, organisation):
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    shift = alice.shifts.get()
    note(30)
    note(-5, who="Late Call")
    note(60 * 5, who="Far Off")
    coming = [(one.late, one.words) for one in aside.coming(alice, shift, at=clock.now()) if "call " in one.words]
    assert [(late, words.split(":")[0]) for late, words in coming] == [
        (True, "call Late Call"),
        (False, "call Una Marsh"),
    ]


def test_overdue_ones_are_on_the_wall_and_others_are_not(client, note, sam):
    note(30)
    client.force_login(sam)
    assert "Call promised" not in client.get(reverse("console-wall")).text
    note(-5, who="Late Call")
    page = client.get(reverse("console-wall")).text
    assert "Late Call, Pinewick Depot" in page
    assert "Call promised" in page


def test_nobody_reads_the_calls_of_another_centre(note, oscar):
    note(-5)
    assert not calls.open_of(oscar).exists()
