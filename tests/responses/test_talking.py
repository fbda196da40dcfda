"""The voice at the site: true, audible where allowed, never repeated by itself."""

from __future__ import annotations

import wave
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from incidents import actions as incidents
from incidents.errors import Refused, Stale
from incidents.models import Incident
from responses import actions, adapters
from responses.actions import facts, performing, talking
from responses.deadlines import unfinished
from responses.models import Attempt, Message
from responses.ports import DeliveryError, Heard, Unclear
from responses.spoken import SPOKEN
from soc.core import clock
from soc.core.models import Event
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)


class Loudspeaker:
    """Stands where the backchannel stands."""

    def __init__(self) -> None:
        self.played: list[bytes] = []
        self.error: Exception | None = None
        self.took_some = True

    def talk(self, address, pcm, *, on_sound):
        self.played.append(pcm)
        if self.took_some:
            on_sound(clock.now())
        if self.error:
            raise self.error
        return Heard(clock.now(), len(pcm) / 16000, len(pcm) // 320)


@pytest.fixture
def speaker(monkeypatch, settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    speaker = Loudspeaker()
    monkeypatch.setattr(adapters, "talkdown", lambda: speaker)
    return speaker


@pytest.fixture
def say(incident, camera, alice):
    def say(message: Message, dedup: str = "t1", **changes) -> Attempt:
        given = {"message_id": message.pk, "camera_id": camera.pk, "token": incident.token, "by": alice, **changes}
        return actions.talk(incident.pk, at=clock.now(), dedup=dedup, **given)

    return say


def test_a_message_is_handed_over_and_stamped(say, live_camera, speaker, incident):
    attempt = say(live_camera)
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    incident.refresh_from_db()
    assert (attempt.status, attempt.ended_as) == ("done", "completed")
    assert attempt.data["seconds"] > 3
    assert incident.audio_sent_at == attempt.placed_at
    assert incident.audio_heard_at is None, "handed over is not heard"
    facts.heard(attempt.pk, at=clock.now(), how="microphone")
    incident.refresh_from_db()
    assert incident.audio_heard_at is not None


def test_the_same_key_press_twice_is_one_message(say, live_camera, speaker):
    attempt = say(live_camera)
    assert say(live_camera).pk == attempt.pk
    performing.perform(attempt.pk)
    performing.perform(attempt.pk)
    assert len(speaker.played) == 1


def test_nothing_is_heard_in_a_quiet_incident(say, live_camera, incident, speaker):
    Incident.objects.filter(pk=incident.pk).update(quiet=True)
    with pytest.raises(Refused) as refused:
        say(live_camera)
    assert refused.value.code == "quiet"
    incident.refresh_from_db()
    assert all(message.blocked for message in actions.available_messages(incident))


def test_an_incident_that_turns_quiet_silences_what_was_ordered(say, live_camera, incident, speaker):
    attempt = say(live_camera)
    Incident.objects.filter(pk=incident.pk).update(quiet=True)
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert attempt.status == "failed"
    assert speaker.played == []


def test_a_message_that_comes_too_late_is_not_played(say, live_camera, speaker):
    attempt = say(live_camera)
    Attempt.objects.filter(pk=attempt.pk).update(created_at=clock.now() - timedelta(minutes=2))
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert "in time" in attempt.error
    assert speaker.played == []


def test_a_refused_connection_is_said_and_not_repeated(say, live_camera, speaker, incident):
    speaker.error, speaker.took_some = DeliveryError("The camera refused.", permanent=False), False
    attempt = say(live_camera)
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    incident.refresh_from_db()
    assert (attempt.status, attempt.error) == ("failed", "The camera refused.")
    assert incident.audio_sent_at is None


def test_a_message_broken_off_is_left_to_the_operator(say, live_camera, speaker):
    speaker.error = Unclear("the camera ended it")
    attempt = say(live_camera)
    performing.perform(attempt.pk)
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.ended_as) == ("failed", "broken")
    assert "play it again if needed" in attempt.error
    assert len(speaker.played) == 1


def test_a_crash_while_talking_ends_in_words_not_in_a_repeat(say, live_camera, speaker):
    attempt = say(live_camera)
    performing.begin(attempt.pk, at=clock.db_now())
    later = clock.db_now() + timedelta(seconds=30)
    assert unfinished(later) == 1
    performing.settle(attempt.pk)
    attempt.refresh_from_db()
    assert attempt.status == "failed"
    assert speaker.played == []


def test_a_crash_after_the_first_sound_ends_too(say, live_camera, speaker):
    attempt = say(live_camera)
    performing.begin(attempt.pk, at=clock.db_now())
    facts.sounding(attempt.pk, at=clock.now())
    assert unfinished(clock.db_now() + timedelta(seconds=60)) == 1
    performing.settle(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.ended_as) == ("failed", "broken")


def test_two_messages_do_not_talk_over_each_other(say, live_camera, speaker):
    say(live_camera)
    with pytest.raises(Refused) as refused:
        say(live_camera, "t2")
    assert refused.value.code == "busy"


def test_only_who_holds_the_incident_talks(say, live_camera, dave, oscar, incident):
    with pytest.raises(Stale):
        say(live_camera, by=dave)
    with pytest.raises(Stale):
        say(live_camera, token=incident.token - 1)
    with pytest.raises(Incident.DoesNotExist):
        say(live_camera, by=oscar)


def test_other_sites_cameras_and_other_peoples_messages_are_not_used(
    say, live_camera, other_camera, other_organisation
):
    from responses.defaults import publish_defaults

    publish_defaults(other_organisation, at=make.NIGHT)
    theirs = Message.objects.filter(organisation=other_organisation)[0]
    for changes in ({"camera_id": other_camera.pk}, {"message_id": theirs.pk}):
        with pytest.raises(Refused):
            say(live_camera, **changes)


def test_the_camera_that_saw_something_talks_first(incident, site, camera):
    make.make_camera(site, "Back gate")
    make.make_camera(site, "Mute", speaker=False)
    assert [c.name for c in actions.talk_cameras(incident)] == ["Loading yard", "Back gate"]


@pytest.mark.parametrize("audio", ["../../etc/passwd", "missing.wav", "", "a/b.wav", "live-camera.WAV"])
def test_a_message_without_a_usable_recording_fails_in_words(organisation, audio):
    message = Message(organisation=organisation, name="x", number=1, body={"audio": audio})
    with pytest.raises(DeliveryError, match="recording"):
        talking.sound(message)


@pytest.mark.parametrize("name", SPOKEN)
def test_the_recordings_are_speech_a_loudspeaker_can_play(name):
    with wave.open(str(Path("static/voice") / f"{name}.wav")) as recording:
        assert (recording.getnchannels(), recording.getsampwidth(), recording.getframerate()) == (1, 2, 8000)
        samples = np.frombuffer(recording.readframes(recording.getnframes()), "<i2") / 32768
    words = len(SPOKEN[name].split())
    assert 1.0 + words * 0.2 < len(samples) / 8000 < 1.5 + words * 0.6, "about as long as the words take"
    chime, speech = samples[:2000], samples[int(0.47 * 8000) :]
    assert np.sqrt(np.mean(chime**2)) > 0.1
    assert np.sqrt(np.mean(speech**2)) > 0.1
    assert np.abs(samples).max() < 0.95


def test_a_call_wakes_nobody_at_the_site_and_closing_is_unhindered(incident, alice):
    """No step but looking and judging is required to close a false alarm."""
    at = clock.now()
    incidents.decide(incident.pk, verdict="false", token=incident.token, by=alice, at=at)
    with pytest.raises(Refused, match="Look at the clip"):
        _close(incident, alice)
    incidents.evidence_shown(incident.pk, by=alice, at=at)
    _close(incident, alice)
    assert Event.objects.filter(kind="incident.closed").count() == 1


def _close(incident, alice):
    incidents.close(
        incident.pk,
        outcome="false.animal",
        site_state="secure",
        summary="A fox.",
        token=incident.token,
        by=alice,
        at=clock.now(),
    )


def test_nothing_is_heard_at_a_site_where_a_quiet_incident_goes_on(
    say, live_camera, incident, site, speaker, on_hold_up
):
    hold_up = on_hold_up()
    with pytest.raises(Refused, match="quiet incident goes on") as refused:
        say(live_camera)
    assert refused.value.code == "quiet"
    assert all(message.blocked for message in actions.available_messages(incident))
    Incident.objects.filter(pk=hold_up.pk).update(state="closed")
    assert say(live_camera).status == "planned"


def test_a_message_ordered_before_the_hold_up_is_not_played_after_it(say, live_camera, speaker, on_hold_up):
    attempt = say(live_camera)
    on_hold_up()
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.status, speaker.played) == ("failed", [])


@pytest.fixture
def on_hold_up(site):
    """The hold-up button of the same site: an incident of its own, which nobody there may hear of."""
    return lambda: make.make_incident(site=site, category="hold_up", at=clock.now())
