"""Evidence is kept as long as its site says, longer where an incident needs it, and never half."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from cameras.models import Angle, SitePlan
from incidents.models import Incident
from soc.core import media, retention
from soc.core.models import Event, Media
from soc.core.models.media import evidence_store
from soc.core.store import PART, EvidenceFiles
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
LATER = NIGHT + timedelta(days=31)
SOON = NIGHT + timedelta(hours=1)


def seen_on(camera, decision="raise", **fields):
    candidate = make.make_candidate(camera=camera, decision=decision, **fields)
    candidate.clip = make.make_media(camera.site, kind="clip", content=b"film")
    candidate.snapshot = make.make_media(camera.site)
    candidate.save()
    return candidate


def finished(candidate) -> Incident:
    incident = make.make_incident(candidate)
    Incident.objects.filter(pk=incident.pk).update(state="closed", closed_at=NIGHT)
    return incident


def lies_there(item) -> bool:
    return evidence_store().exists(item.key)


def erased(*items) -> list[bool]:
    return [Media.objects.get(pk=item.pk).erased_at is not None for item in items]


def test_what_is_older_than_the_sites_days_is_erased_and_its_row_stays_with_its_hash(camera):
    ignored, raised = seen_on(camera, "ignore"), seen_on(camera)
    finished(raised)
    assert retention.keep_house(NIGHT + timedelta(days=29)) == 0
    before = raised.clip.sha256, raised.clip.size
    assert retention.keep_house(LATER) == 8  # four rows, four files
    items = (ignored.clip, ignored.snapshot, raised.clip, raised.snapshot)
    assert erased(*items) == [True] * 4
    assert not any(map(lies_there, items))
    row = Media.objects.get(pk=raised.clip.pk)
    assert (row.sha256, row.size, row.kept_days, row.there) == (*before, 31, False)
    assert Event.objects.get(kind="evidence.erased").data == {"count": 4, "why": "retention"}
    assert retention.keep_house(LATER) == 0


def test_each_site_has_its_own_days(camera, other_camera):
    camera.site.retention_days = 3
    camera.site.save()
    here, there = seen_on(camera, "ignore"), seen_on(other_camera, "ignore")
    retention.keep_house(NIGHT + timedelta(days=4))
    assert erased(here.clip, there.clip) == [True, False]


@pytest.mark.parametrize("how", ["goes on", "on hold"])
def test_an_incident_that_goes_on_or_is_on_hold_keeps_all_its_evidence(camera, other_camera, how):
    raised = seen_on(camera)
    beside = make.make_media(camera.site, kind="clip", content=b"from beside")
    second = make.make_camera(camera.site, "Second")
    Angle(site=camera.site, candidate=raised, camera=second, trigger_at=NIGHT, done_at=NIGHT, clip=beside).save()
    incident = make.make_incident(raised)
    kept = {"state": "closed", "hold_at": NIGHT} if how == "on hold" else {"state": "parked"}
    Incident.objects.filter(pk=incident.pk).update(**kept)
    retention.keep_house(LATER)
    items = (raised.clip, raised.snapshot, beside)
    assert erased(*items) == [False] * 3
    assert all(map(lies_there, items))
    Incident.objects.filter(pk=incident.pk).update(state="closed", hold_at=None)
    retention.keep_house(LATER)
    assert erased(*items) == [True] * 3


def test_the_picture_that_a_view_is_told_by_stays(camera):
    camera.reference = make.make_media(camera.site)
    camera.save()
    retention.keep_house(LATER)
    assert erased(camera.reference) == [False]


def test_the_ground_under_a_plan_stays_as_long_as_it_lies_there(site):
    ground = make.make_media(site, kind="plan")
    plan = SitePlan.objects.create(site=site, width_m=60, height_m=40, picture=ground)
    never_laid = make.make_media(site, kind="plan")
    retention.keep_house(SOON)
    assert erased(ground, never_laid) == [False, True]
    retention.keep_house(LATER)
    assert erased(ground) == [False]
    SitePlan.objects.filter(pk=plan.pk).update(picture=None)
    retention.keep_house(LATER)
    assert erased(ground) == [True]
    assert not lies_there(ground)


def test_what_a_crash_left_half_erased_is_found_and_finished(camera, monkeypatch):
    ignored = seen_on(camera, "ignore")
    with monkeypatch.context() as patch:
        patch.setattr(retention, "remove_files", lambda at: 0)  # dies between row and file
        retention.keep_house(LATER)
    assert lies_there(ignored.clip)
    assert erased(ignored.clip) == [True]
    retention.keep_house(LATER)
    assert not lies_there(ignored.clip)
    assert Media.objects.get(pk=ignored.clip.pk).removed_at == LATER


def test_a_disk_that_does_not_erase_is_tried_again(camera, monkeypatch):
    ignored = seen_on(camera, "ignore")

    def stuck(self, name):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(EvidenceFiles, "delete", stuck)
        retention.keep_house(LATER)
    assert erased(ignored.clip) == [True]
    retention.keep_house(LATER)
    assert not lies_there(ignored.clip)


def test_a_first_clip_that_nobody_points_to_any_more_goes_after_a_while(camera):
    raised = seen_on(camera)
    first = make.make_media(camera.site, kind="clip", content=b"first")
    speech = make.make_media(camera.site, kind="audio", content=b"a recording", content_type="audio/mp4", suffix="m4a")
    retention.keep_house(NIGHT + timedelta(minutes=10))
    assert erased(first) == [False]
    retention.keep_house(SOON)
    assert erased(first, raised.clip, raised.snapshot, speech) == [True, False, False, False]
    assert not lies_there(first)


def test_what_was_never_written_whole_goes_and_was_never_seen(client, sam, camera):
    half = make.make_media(camera.site, kind="clip", content=b"half")
    Media.objects.filter(pk=half.pk).update(writing=True)
    client.force_login(sam)
    assert client.get(reverse("media", args=[half.pk])).status_code == 404
    retention.keep_house(SOON)
    assert lies_there(half)
    retention.keep_house(NIGHT + timedelta(hours=7))
    assert not lies_there(half)


def test_while_nobody_has_told_what_is_kept_nothing_is_erased(camera, monkeypatch):
    ignored = seen_on(camera, "ignore")
    monkeypatch.setattr(retention, "_keepers", {})
    assert retention.keep_house(LATER) == 0
    assert lies_there(ignored.clip)


def test_a_site_that_is_busy_waits_for_the_next_round(camera, monkeypatch):
    """Where the days were changed between the look and the lock, nothing is erased by the old ones."""
    ignored = seen_on(camera, "ignore")
    stale = type(camera.site).objects.get(pk=camera.site.pk)
    type(camera.site).objects.filter(pk=camera.site.pk).update(retention_days=90)
    assert retention._at_site(stale, LATER) == 0
    assert erased(ignored.clip) == [False]


def test_whoever_may_see_it_is_told_that_it_is_erased_and_nobody_else(client, carol, bob, camera):
    raised = seen_on(camera)
    finished(raised)
    retention.keep_house(LATER)
    client.force_login(carol)
    answer = client.get(reverse("media", args=[raised.clip.pk]), headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.content.decode()) == (410, "Erased after 31 days")
    assert not Event.objects.filter(kind="media.viewed").exists()
    client.force_login(bob)
    assert client.get(reverse("media", args=[raised.clip.pk])).status_code == 404


# --- writing


def test_a_full_disk_leaves_neither_a_row_nor_a_part_of_a_file(site, monkeypatch, tmp_path):
    def chunks(self, chunk_size=None):
        yield b"the first part"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ContentFile, "chunks", chunks)
    with pytest.raises(OSError, match="No space"):
        media.store(
            site, kind="clip", content=b"x" * 100, content_type="video/mp4", suffix="mp4", started_at=NIGHT, at=NIGHT
        )
    assert not Media.objects.exists()
    assert [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()] == []


def test_half_a_file_never_stands_under_its_own_name(site, monkeypatch, tmp_path):
    """A machine that stops in the middle leaves a part that says so, and that goes with its row."""
    store = evidence_store()
    seen = []

    def chunks(self, chunk_size=None):
        yield b"the first part"
        seen.extend(path.name for path in (tmp_path / "evidence").rglob("*") if path.is_file())
        yield b"the rest"

    with monkeypatch.context() as patch:
        patch.setattr(ContentFile, "chunks", chunks)
        store.save("a/clip/one.mp4", ContentFile(b"whatever"))
    assert seen == [f"one.mp4{PART}"]
    assert store.open("a/clip/one.mp4").read() == b"the first partthe rest"
    Path(f"{store.path('a/clip/one.mp4')}{PART}").write_bytes(b"left by a crash")
    store.delete("a/clip/one.mp4")
    assert [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()] == []


def test_a_store_that_writes_in_place_would_leave_half_a_file(site, settings, monkeypatch, tmp_path):
    """Weakened on purpose: Django's own store, with the disk full in the middle."""
    weak = {**settings.STORAGES["evidence"], "BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = {**settings.STORAGES, "evidence": weak}
    with pytest.raises(AssertionError):
        test_a_full_disk_leaves_neither_a_row_nor_a_part_of_a_file(site, monkeypatch, tmp_path)


def test_a_retention_that_does_not_ask_what_is_kept_would_erase_what_is_on_hold(camera, other_camera, monkeypatch):
    """Weakened on purpose: nothing tells it of incidents."""
    monkeypatch.setattr(retention, "_keepers", {"cameras.reference": retention._keepers["cameras.reference"]})
    with pytest.raises(AssertionError):
        test_an_incident_that_goes_on_or_is_on_hold_keeps_all_its_evidence(camera, other_camera, "on hold")


def test_one_file_that_cannot_be_removed_keeps_no_other(camera, monkeypatch):
    stuck, other = seen_on(camera, "ignore"), seen_on(camera, "ignore")
    remove = EvidenceFiles.delete

    def refusing(store, name: str) -> None:
        if name == stuck.clip.key:
            raise PermissionError(errno.EACCES, "Permission denied")
        remove(store, name)

    monkeypatch.setattr(EvidenceFiles, "delete", refusing)
    retention.keep_house(LATER)
    items = (stuck.clip, stuck.snapshot, other.clip, other.snapshot)
    assert [lies_there(item) for item in items] == [True, False, False, False]
    assert erased(*items) == [True] * 4
    monkeypatch.setattr(EvidenceFiles, "delete", remove)
    retention.keep_house(LATER)
    assert not lies_there(stuck.clip)
