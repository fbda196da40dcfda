"""Calls promised, and callers to beware of: open until somebody says what became of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions
from incidents.deadlines import call_notes
from incidents.errors import Refused
from incidents.models import CallNote, Incident
from soc.core.models import Event, Site
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
HALF_AN_HOUR = NIGHT + timedelta(minutes=30)


@pytest.fixture
def promise(site, alice):
    def promise(**changes) -> CallNote:
        given = {"kind": "promised", "who": "Una Marsh", "words": "whether the gate is shut", "minutes": 30, **changes}
        return actions.note_call(changes.pop("at_site", site.pk), **{"by": alice, "at": NIGHT, **given})

    return promise


def told(note: CallNote) -> list[str]:
    return list(Event.objects.filter(subject_id=note.pk).order_by("id").values_list("kind", flat=True))


def test_a_promised_call_is_owed_until_somebody_made_it(promise, site, dave):
    note = promise(number="+44 1632 960001")
    assert list(actions.open_calls([site])) == [note]
    actions.end_call(note.pk, ended="done", by=dave, at=HALF_AN_HOUR)
    assert not actions.open_calls([site]).exists()
    note.refresh_from_db()
    assert (note.ended, note.ended_by) == ("done", dave), "whoever sits there by then"
    assert told(note) == ["callnote.made", "callnote.ended"]


def test_what_an_event_tells_names_nobody(promise):
    note = promise(number="+44 1632 960001")
    data = str(Event.objects.get(subject_id=note.pk).data)
    assert not any(words in data for words in ("Una", "960001", "gate"))


def test_the_sweep_says_once_that_it_is_overdue_and_again_where_it_was_put_off(promise, alice):
    note = promise()
    assert call_notes(HALF_AN_HOUR - timedelta(seconds=1)) == 0
    assert (call_notes(HALF_AN_HOUR), call_notes(HALF_AN_HOUR)) == (1, 0)
    actions.put_off_call(note.pk, minutes=15, by=alice, at=HALF_AN_HOUR)
    assert call_notes(HALF_AN_HOUR) == 0
    assert call_notes(HALF_AN_HOUR + timedelta(minutes=15)) == 1
    assert told(note).count("callnote.overdue") == 2


def test_a_call_that_was_made_is_never_overdue(promise, alice):
    note = promise()
    actions.end_call(note.pk, ended="dropped", by=alice, at=NIGHT)
    assert call_notes(HALF_AN_HOUR) == 0


def test_who_comes_second_hears_that_it_was_ended(promise, alice, dave):
    note = promise()
    actions.end_call(note.pk, ended="done", by=alice, at=NIGHT)
    with pytest.raises(Refused, match="meanwhile: done"):
        actions.end_call(note.pk, ended="dropped", by=dave, at=NIGHT)
    with pytest.raises(Refused):
        actions.put_off_call(note.pk, minutes=5, by=dave, at=NIGHT)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "other"}, {"who": "  "}, {"who": "x" * 121}, {"words": ""}, {"words": "x" * 401}, {"number": "1" * 31},
     {"minutes": 0}, {"minutes": 7 * 24 * 60 + 1}],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_in_words(wrong, promise):
    with pytest.raises(Refused) as refused:
        promise(**wrong)
    assert str(refused.value.message)
    assert not CallNote.objects.exists()


def test_only_who_handles_a_site_notes_and_ends_its_calls(promise, oscar, carol):
    note = promise()
    for stranger in (oscar, carol):
        with pytest.raises(Site.DoesNotExist):
            promise(by=stranger)
        with pytest.raises(CallNote.DoesNotExist):
            actions.end_call(note.pk, ended="done", by=stranger, at=NIGHT)


def test_it_names_an_incident_of_its_own_site_only_and_none_of_a_drill(promise, zone, other_site):
    incident = make.make_incident(zone=zone)
    assert promise(incident=incident.pk).incident == incident
    with pytest.raises(Incident.DoesNotExist):
        promise(incident=make.make_incident(site=other_site).pk)
    Incident.objects.filter(pk=incident.pk).update(drill=True)
    with pytest.raises(Refused, match="drill"):
        promise(incident=incident.pk)
