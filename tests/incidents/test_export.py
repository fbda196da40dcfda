"""An exported incident can be checked by anybody: what was changed, taken out or put in is named."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command

from cameras.models import Angle
from incidents import actions
from incidents.export import checking, package
from incidents.export.checking import BadPackage, check, public_key
from incidents.export.package import Package
from soc.core import chain, heads
from soc.core.models import Event, Media
from soc.core.models.media import evidence_store
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
FILM = bytes(range(256)) * 3000  # several chunks


@pytest.fixture
def incident(zone, alice):
    candidate = make.make_candidate(zone=zone)
    overlay = {"tracks": [{"id": 1, "path": [[0.0, 0.1, 0.2, 0.3, 0.4]]}]}
    candidate.clip = make.make_media(zone.site, kind="clip", content=FILM, overlay=overlay, duration_s=14.0)
    candidate.snapshot = make.make_media(zone.site)
    candidate.save()
    gate = make.make_camera(zone.site, "Gäte №2")
    beside = make.make_media(zone.site, kind="clip", content=b"the same moment from the gate")
    Angle(site=zone.site, candidate=candidate, camera=gate, trigger_at=NIGHT, done_at=NIGHT, clip=beside).save()
    incident = make.make_incident(candidate)
    at = NIGHT + timedelta(seconds=9)
    token = actions.claim(incident.pk, by=alice, at=at).token
    actions.decide(incident.pk, verdict="real", token=token, by=alice, at=at)
    actions.add_note(incident.pk, text="He limps. Tell nobody.", by=alice, at=at)
    actions.close(
        incident.pk,
        outcome="genuine.attempt_only",
        site_state="secure",
        summary="He left.",
        token=token,
        by=alice,
        at=at,
    )
    chain.seal()
    incident.refresh_from_db()
    return incident


def exported(incident, by, tmp_path: Path, *, reader: str = "centre") -> Path:
    path = tmp_path / f"{reader}.zip"
    path.write_bytes(b"".join(Package(incident, by=by, reader=reader, at=NIGHT).begin()))
    return path


def read(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith(f"/{name}")))


def manifest(path: Path) -> dict:
    return json.loads(read(path, "manifest.json"))


def own_key():
    return heads.key().public_key()


def changed(path: Path, tmp_path: Path, edit) -> Path:
    """The package with its files as `edit(name, content)` leaves them: bytes, None to take one out."""
    target = tmp_path / "changed.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = edit(name.partition("/")[2], source.read(name))
            if content is not None:
                copy.writestr(name, content)
    return target


def test_a_package_has_every_picture_and_video_as_stored_and_stands(incident, sam, tmp_path):
    path = exported(incident, sam, tmp_path)
    found = check(path, own_key())
    assert (found.incident, found.not_intact) == (incident.reference, ())
    files = [entry for entry in manifest(path)["files"] if "media" in entry]
    assert [(entry["kind"], entry["camera"], entry["view_of_another_camera"]) for entry in files] == [
        ("clip", "Loading yard", False),
        ("snapshot", "Loading yard", False),
        ("clip", "Gäte №2", True),
    ]
    assert read(path, files[0]["name"]) == FILM
    assert files[0]["sha256"] == files[0]["sha256_when_stored"] == hashlib.sha256(FILM).hexdigest()
    assert json.loads(read(path, files[0]["name"] + ".json"))["tracks"]
    with zipfile.ZipFile(path) as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert all(name.isascii() and name.startswith(f"{incident.reference}/") for name in archive.namelist())


def test_the_centre_is_told_everything_and_the_customer_what_their_pages_show(incident, sam, carol, tmp_path):
    ours, theirs = (exported(incident, who, tmp_path, reader=r) for who, r in ((sam, "centre"), (carol, "customer")))
    told = json.loads(read(ours, "facts.json"))
    assert told["notes"][0]["text"] == "He limps. Tell nobody."
    assert told["handled_by"] == "Ines"
    assert told["clock"]["claimed"] == (NIGHT + timedelta(seconds=9)).isoformat()
    with zipfile.ZipFile(theirs) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")
    for secret in ("limps", "alice", "offered", "incident.claimed", str(incident.owner_id)):
        assert secret not in everything, secret
    assert json.loads(read(theirs, "facts.json"))["summary"] == "He left."


def test_the_places_in_the_record_are_those_of_the_chain(incident, sam, tmp_path):
    path = exported(incident, sam, tmp_path)
    places = json.loads(read(path, "events.json"))
    assert {"candidate.raised", "incident.claimed"} & {place["kind"] for place in places} == {"incident.claimed"}
    for place in places:
        if place["seq"] is not None:
            assert Event.objects.get(seq=place["seq"]).hash == place["hash"]
    assert manifest(path)["record"] == dict(zip(("seq", "hash"), chain.head(), strict=True))


def test_an_export_and_what_it_was_are_recorded_and_count_as_viewing(incident, carol, tmp_path):
    path = exported(incident, carol, tmp_path, reader="customer")
    begun, ended = (Event.objects.get(kind=f"incident.{verb}") for verb in ("exported", "export_signed"))
    assert (begun.by, ended.by, begun.data["export"]) == (carol, carol, ended.data["export"])
    assert ended.data["manifest"] == hashlib.sha256(read(path, "manifest.json")).hexdigest()
    assert Event.objects.filter(kind="media.viewed", by=carol).count() == 3


def test_a_download_that_is_broken_off_was_recorded_all_the_same(incident, sam):
    parts = Package(incident, by=sam, reader="centre", at=NIGHT).begin()
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert Event.objects.filter(kind="incident.exported").count() == 1
    assert not Event.objects.filter(kind="incident.export_signed").exists()


def test_it_is_written_as_it_is_read(incident, sam):
    """Never the whole of a file at once."""
    assert max(map(len, Package(incident, by=sam, reader="centre", at=NIGHT).begin())) < 300_000


def test_what_is_not_as_it_was_stored_is_named_and_not_hidden(incident, sam, tmp_path):
    clip, picture, beside = (Media.objects.get(kind=kind, size=size) for kind, size in sizes(incident))
    Path(evidence_store().path(clip.key)).write_bytes(FILM[:-1] + b"!")
    evidence_store().delete(picture.key)
    Media.objects.filter(pk=beside.pk).update(erased_at=NIGHT)
    path = exported(incident, sam, tmp_path)
    files = {entry["media"]: entry for entry in manifest(path)["files"] if "media" in entry}
    states = {item.pk: files[str(item.pk)]["state"] for item in (clip, picture, beside)}
    assert states == {clip.pk: "damaged", picture.pk: "missing", beside.pk: "erased"}
    damaged = files[str(clip.pk)]
    assert damaged["sha256"] != damaged["sha256_when_stored"]
    found = check(path, own_key())  # the package itself stands
    assert [state for _, state in found.not_intact] == ["damaged", "missing", "erased"]
    with pytest.raises(CommandError, match="damaged before it was exported") as error:
        call_command("verify_export", path, stdout=io.StringIO())
    assert error.value.returncode == 2


def sizes(incident):
    candidate = incident.alerts.get().candidate
    angle = candidate.angles.get()
    return [(item.kind, item.size) for item in (candidate.clip, candidate.snapshot, angle.clip)]


@pytest.mark.parametrize("what", ["a byte of the video", "a fact", "the list", "a file less", "a file more", "cut off"])
def test_the_first_bad_file_is_named(incident, sam, tmp_path, what):
    path = exported(incident, sam, tmp_path)
    film = next(entry["name"] for entry in manifest(path)["files"] if entry.get("kind") == "clip")
    edits = {
        "a byte of the video": (film, lambda name, data: data[:-1] + b"!" if name == film else data),
        "a fact": ("facts.json", lambda name, data: data.replace(b"real", b"fals") if name == "facts.json" else data),
        "the list": (
            "manifest.json",
            lambda name, data: data.replace(b"intact", b"intakt") if name == "manifest.json" else data,
        ),
        "a file less": (film, lambda name, data: None if name == film else data),
    }
    if what == "cut off":
        bad, name = tmp_path / "cut.zip", ""
        bad.write_bytes(path.read_bytes()[:-500])
    elif what == "a file more":
        bad, name = tmp_path / "more.zip", "media/planted.mp4"
        shutil.copy(path, bad)
        with zipfile.ZipFile(bad, "a") as archive:
            archive.writestr(f"{incident.reference}/{name}", b"planted")
    else:
        name, edit = edits[what]
        bad = changed(path, tmp_path, edit)
    with pytest.raises(BadPackage) as found:
        check(bad, own_key())
    assert found.value.file == name
    with pytest.raises(CommandError, match=name or "not a readable package"):
        call_command("verify_export", bad)


def test_a_byte_flipped_anywhere_in_the_archive_is_noticed_or_changes_no_file(incident, sam, tmp_path):
    path = exported(incident, sam, tmp_path)
    whole = path.read_bytes()
    bad = tmp_path / "flipped.zip"
    for place in [*range(0, 400, 7), *range(400, len(whole), len(whole) // 60)]:
        flipped = bytearray(whole)
        flipped[place] ^= 0x55
        bad.write_bytes(flipped)
        try:
            found = check(bad, own_key())
        except BadPackage:
            continue
        assert found.files == check(path, own_key()).files
        with zipfile.ZipFile(bad) as one, zipfile.ZipFile(path) as other:
            assert [one.read(n) for n in one.namelist()] == [other.read(n) for n in other.namelist()], place


def test_a_package_signed_with_another_key_does_not_stand(incident, sam, tmp_path):
    path = exported(incident, sam, tmp_path)
    stranger = Ed25519PrivateKey.generate()

    def forged(name, data):
        return stranger.sign(read(path, "manifest.json")) if name == "manifest.sig" else data

    with pytest.raises(BadPackage, match="not what was signed with this key"):
        check(changed(path, tmp_path, forged), own_key())


def test_the_command_says_that_it_stands_by_our_key_or_by_one_that_is_given(incident, sam, tmp_path):
    path, key, said = exported(incident, sam, tmp_path), tmp_path / "key.pem", io.StringIO()
    key.write_bytes(read(path, "public_key.pem"))
    assert key.read_bytes() == package.public_key()
    call_command("verify_export", path, stdout=said)
    call_command("verify_export", path, key=key, stdout=said)
    assert said.getvalue().count("files are what was signed") == 2
    key.write_text("no key")
    with pytest.raises(CommandError, match="cannot be checked"):
        call_command("verify_export", path, key=key)
    with pytest.raises(CommandError, match="cannot be checked"):
        call_command("verify_export", tmp_path / "absent.zip")


def test_what_the_readme_says_works_without_us(incident, sam, tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine")
    with zipfile.ZipFile(exported(incident, sam, tmp_path)) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / incident.reference
    line = next(line for line in (folder / "README.txt").read_text().splitlines() if "openssl" in line)
    done = subprocess.run([openssl, *line.split()[1:]], cwd=folder, capture_output=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert public_key((folder / "public_key.pem").read_bytes())
    assert checking.FORMAT in (folder / "manifest.json").read_text()


def test_a_package_that_trusts_the_rows_instead_of_the_bytes_is_condemned(incident, sam, tmp_path, monkeypatch):
    """Weakened on purpose: the list says what the database says. What lies on the disk was changed."""
    clip = incident.alerts.get().candidate.clip
    Path(evidence_store().path(clip.key)).write_bytes(FILM[:-1] + b"!")
    honest = Package._copied

    def trusting(self, archive, sink, file, entry):
        yield from honest(self, archive, sink, file, entry)
        entry["sha256"] = entry["sha256_when_stored"]

    monkeypatch.setattr(Package, "_copied", trusting)
    with pytest.raises(BadPackage, match="not what was exported"):
        check(exported(incident, sam, tmp_path), own_key())
