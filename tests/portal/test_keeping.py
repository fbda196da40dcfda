"""What a customer sees of other cameras' views, of what is not kept any more, and the copy they may take."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cameras.models import Angle
from soc.core import retention
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db


def page(client, incident, **asked: str) -> str:
    answer = client.get(reverse("portal-incident", args=[incident.pk]), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_another_cameras_view_is_one_more_video_and_who_watched_it_is_told(client, carol, sam, closed):
    candidate = closed.alerts.get().candidate
    gate = make.make_camera(closed.site, "East gate")
    clip = make.make_media(closed.site, kind="clip", duration_s=14.0)
    angle = Angle(site=closed.site, candidate=candidate, camera=gate, trigger_at=NIGHT, done_at=NIGHT, clip=clip)
    angle.save()
    client.force_login(sam)
    client.get(reverse("media", args=[clip.pk]))
    client.force_login(carol)
    whole = page(client, closed)
    assert "from East gate" in whole
    assert f"?clip={angle.pk}" in whole
    assert "Joel" in whole
    assert f'src="/media/{clip.pk}"' in page(client, closed, clip=str(angle.pk))


def test_alerts_that_share_a_video_show_it_once(client, carol, closed, zone):
    first = closed.alerts.get()
    second = make.make_candidate(zone=zone, at=NIGHT + timedelta(seconds=3))
    second.clip = first.candidate.clip
    second.save()
    type(first).objects.create(
        site=closed.site, incident=closed, candidate=second, category="person", priority=1,
        captured_at=second.captured_at, raised_at=second.judged_at,
    )  # fmt: skip
    client.force_login(carol)
    assert "More from this incident" not in page(client, closed)


def test_what_is_erased_says_so_instead_of_a_player(client, carol, closed):
    candidate = closed.alerts.get().candidate
    retention.keep_house(NIGHT + timedelta(days=31))
    client.force_login(carol)
    whole = page(client, closed)
    assert "Erased after 31 days" in whole
    for gone in (candidate.clip_id, candidate.snapshot_id):
        assert str(gone) not in whole
        assert str(gone) not in client.get(reverse("portal-timeline")).content.decode()


def test_an_owner_takes_a_copy_and_a_viewer_and_a_neighbour_do_not(client, carol, bob, customer, closed):
    url = reverse("portal-export", args=[closed.pk])
    client.force_login(carol)
    assert url in page(client, closed)
    answer = client.get(url)
    assert b"".join(answer.streaming_content).startswith(b"PK")
    assert Event.objects.get(kind="incident.exported").by == carol
    for other in (make.make_user("vera", "viewer", customer), bob):
        client.force_login(other)
        assert client.get(url).status_code == 404
    client.force_login(make.make_user("vik", "viewer", customer))
    assert url not in page(client, closed)
