"""What the pane says there is to see: of shared clips, of other cameras, and of what is not there any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cameras.models import Angle, Candidate
from incidents.models import Incident
from soc.console.evidence import evidence
from soc.core import retention
from soc.core.models import Media
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
LATER = NIGHT + timedelta(minutes=5)


@pytest.fixture
def candidate(zone) -> Candidate:
    candidate = make.make_candidate(zone=zone)
    moments = [
        {"id": "another", "trigger_s": 6.0, "zone": [[0, 0], [1, 0], [1, 1]]},
        {"id": candidate.dedup, "trigger_s": 31.5, "zone": [[0.5, 0.5], [1, 0.5], [1, 1]]},
    ]
    overlay = {"tracks": [], "zone": moments[0]["zone"], "alerts": moments}
    start = NIGHT - timedelta(seconds=31)
    candidate.clip = make.make_media(zone.site, kind="clip", started_at=start, duration_s=44.0, overlay=overlay)
    best = {"box": [0.1, 0.2, 0.5, 0.9], "score": 0.97, "at": NIGHT.isoformat()}
    candidate.snapshot = make.make_media(zone.site, overlay={"best": best})
    candidate.save()
    return candidate


def shown(candidate: Candidate):
    incident = Incident.objects.filter(alerts__candidate=candidate).first() or make.make_incident(candidate)
    return evidence(Incident.objects.get(pk=incident.pk), chosen=None, at=LATER)


def test_of_a_clip_that_several_alerts_share_the_chosen_ones_moment_and_zone_are_shown(candidate):
    seen = shown(candidate)
    assert (seen.kind, seen.key_s, seen.begin_s) == ("clip", 31.5, 25.5)
    assert seen.zone == "M0.5000 0.5000 1.0000 0.5000 1.0000 1.0000Z"


def test_a_short_clip_is_played_from_its_begin(candidate):
    candidate.clip.duration_s = 14.0
    candidate.clip.save()
    assert shown(candidate).begin_s == 0


def test_the_box_on_the_best_picture_is_that_pictures_own(candidate):
    candidate.clip = None
    candidate.save()
    seen = shown(candidate)
    assert seen.kind == "snapshot"
    assert seen.tracks[0]["path"] == [[0, 0.1, 0.2, 0.5, 0.9]]
    assert seen.tracks[0]["score"] == 0.97


def test_other_cameras_show_the_same_moment_or_why_not(candidate):
    site = candidate.site
    gate, roof, fence = (make.make_camera(site, name) for name in ("Gate", "Roof", "Fence"))
    clip = make.make_media(site, kind="clip", started_at=NIGHT - timedelta(seconds=6), duration_s=14.0)
    Angle(site=site, candidate=candidate, camera=gate, trigger_at=NIGHT, done_at=NIGHT, clip=clip).save()
    Angle(site=site, candidate=candidate, camera=roof, trigger_at=NIGHT, done_at=NIGHT, words="too old").save()
    Angle(site=site, candidate=candidate, camera=fence, trigger_at=NIGHT).save()  # still to come
    views = shown(candidate).views
    assert [(view["name"], bool(view["url"]), bool(view["words"])) for view in views] == [
        ("Gate", True, False),
        ("Roof", False, True),
    ]
    assert (views[0]["key_s"], views[0]["url"]) == (6.0, f"/media/{clip.pk}")


@pytest.mark.parametrize(
    ("cause", "words"), [("full", "The store of evidence was full"), ("failed", "The clip was lost"), ("", "No clip")]
)
def test_why_there_is_no_clip_is_said(candidate, cause, words):
    candidate.clip = None
    candidate.evidence = {**candidate.evidence, **({"lost": cause} if cause else {})}
    candidate.save()
    assert shown(candidate).note.startswith(words)


def test_what_is_erased_is_said_and_no_player_is_shown(client, sam, candidate):
    incident = make.make_incident(candidate)
    Incident.objects.filter(pk=incident.pk).update(state="closed", closed_at=NIGHT)
    retention.keep_house(NIGHT + timedelta(days=31))
    seen = shown(Candidate.objects.get(pk=candidate.pk))
    assert (seen.kind, seen.note) == ("none", "Erased after 31 days")
    assert "kept for 30 days" in seen.more
    client.force_login(sam)
    page = client.get(reverse("console-incident", args=[incident.pk])).content.decode()
    assert "Erased after 31 days" in page
    assert f"/media/{candidate.clip_id}" not in page


def test_a_supervisor_puts_on_hold_and_exports_and_an_operator_is_not_offered_it(client, sam, alice, candidate):
    incident = make.make_incident(candidate)
    client.force_login(alice)
    page = client.get(reverse("console-incident", args=[incident.pk])).content.decode()
    assert "kept for 30 days" in page
    assert "Put on hold" not in page
    assert "export/" not in page
    assert client.get(reverse("console-export", args=[incident.pk])).status_code == 404
    assert client.post(reverse("console-act", args=[incident.pk, "hold"]), {"reason": "x"}).status_code == 404
    client.force_login(sam)
    url = reverse("console-act", args=[incident.pk, "hold"])
    refused = client.post(url, {"reason": " "}, headers={"X-Requested-With": "fetch"})
    assert refused.status_code == 409
    assert "Say why" in refused.content.decode()
    held = client.post(url, {"reason": "the police asked"}, headers={"X-Requested-With": "fetch"}).content.decode()
    assert "On hold by Joel" in held
    assert "the police asked" in held
    answer = client.get(reverse("console-export", args=[incident.pk]))
    assert answer["Content-Disposition"] == f'attachment; filename="{incident.reference}.zip"'
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    lifted = client.post(reverse("console-act", args=[incident.pk, "lift-hold"]), {"reason": "done"})
    assert lifted.status_code == 302
    incident.refresh_from_db()
    assert incident.hold_at is None


def test_a_blinded_camera_is_held_against_its_last_good_view_and_nothing_newer(zone):
    camera = zone.camera
    camera.reference = make.make_media(camera.site, started_at=NIGHT - timedelta(days=1))
    camera.reference_at = camera.reference.started_at
    camera.save()
    blinded = make.make_candidate(camera=camera, category="blinded")
    found = shown(blinded)
    assert (found.kind, found.url, found.tracks) == ("snapshot", f"/media/{camera.reference.pk}", [])
    assert "earlier" in found.caption
    Media.objects.filter(pk=camera.reference.pk).update(started_at=NIGHT + timedelta(minutes=1))
    assert shown(blinded).kind == "none"


def test_a_person_without_a_picture_is_never_shown_as_an_old_view(zone):
    camera = zone.camera
    camera.reference = make.make_media(camera.site, started_at=NIGHT - timedelta(days=1))
    camera.save()
    assert shown(make.make_candidate(zone=zone)).kind == "none"
