"""The demonstration's rows: complete, repeatable, and never in the way of what people changed."""

from __future__ import annotations

import io
import json
import stat
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from cameras.actions import in_force, standing
from cameras.actions.arming import arm_by_customer
from cameras.context.schedule import ArmState
from cameras.models import Camera, Policy, SignalSource, SiteContact, SitePlan, Zone
from responses.models import Message, Playbook, Responder
from soc.core.models import Customer, Membership, Organisation, Site, User
from soc.core.rights import Act
from tests import factories as make

pytestmark = pytest.mark.django_db
MODELS = (
    Organisation, Customer, Site, Camera, Zone, Policy, SignalSource, SitePlan, SiteContact, Responder, Playbook, Message,
    User, Membership,
)  # fmt: skip


@pytest.fixture(autouse=True)
def place(settings, tmp_path, monkeypatch):
    """A VAR of its own, and cameras on this machine allowed, as the world of `make run` has it."""
    settings.VAR = tmp_path
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    for name in ("DEMO_PASSWORD", "DEMO_CAMERA_PASSWORD", "DEMO_PANEL_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DEMO_RTSP_PORT", "9554")
    return tmp_path


def run(command: str = "seed_demo") -> str:
    out = io.StringIO()
    call_command(command, stdout=out)
    return out.getvalue()


def counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in MODELS}


def kept_password(place) -> str:
    return str(json.loads((place / "demo_logins.json").read_text())["password"])


def test_seeding_twice_is_seeding_once(place):
    run()
    first = counts()
    files = {path.name: path.read_text() for path in place.iterdir()}
    run()
    assert counts() == first
    assert {path.name: path.read_text() for path in place.iterdir()} == files
    assert all(first.values())


def test_what_people_changed_stays(place):
    run()
    Site.objects.filter(name="Pinewick Depot").update(hazards="Dogs")
    make.set_policy(Site.objects.get(name="Quay Street Lot"))
    Zone.objects.filter(camera__name="Loading yard", name="Yard").update(dwell_s=9)
    user = User.objects.get(username="ines")
    user.set_password("her own choice")
    user.save()
    run()
    assert Site.objects.get(name="Pinewick Depot").hazards == "Dogs"
    assert in_force(Site.objects.get(name="Quay Street Lot")).body == {"time_zone": "Europe/London"}
    assert Zone.objects.get(camera__name="Loading yard", name="Yard").dwell_s == 9
    assert User.objects.get(username="ines").check_password("her own choice")


def test_cameras_follow_the_simulated_worlds_port_but_a_real_camera_stays(monkeypatch):
    run()
    assert Camera.objects.get(name="Loading yard").address == "rtsp://127.0.0.1:9554/yard"
    Camera.objects.filter(name="Back yard").update(address="rtsp://192.168.1.20/stream1")
    monkeypatch.setenv("DEMO_RTSP_PORT", "9666")
    run()
    assert Camera.objects.get(name="Loading yard").address == "rtsp://127.0.0.1:9666/yard"
    assert Camera.objects.get(name="Back yard").address == "rtsp://192.168.1.20/stream1"


def test_the_first_run_shows_something_at_any_hour():
    run()
    for hour in range(24):
        at = datetime(2026, 6, 3, hour, 30, tzinfo=UTC)
        assert standing(Site.objects.get(name="Pinewick Depot")).arm(at).armed
    quay = Site.objects.get(name="Quay Street Lot")
    assert standing(quay).arm(datetime(2026, 6, 3, 23, tzinfo=UTC)).armed
    assert not standing(quay).arm(datetime(2026, 6, 3, 12, tzinfo=UTC)).armed


def test_speakers_are_where_the_simulated_world_has_them():
    run()
    assert set(Camera.objects.filter(speaker=True).values_list("name", flat=True)) == {"Loading yard", "Back yard"}


def test_the_password_is_made_once_and_private(place):
    run()
    path = place / "demo_logins.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    word = kept_password(place)
    assert len(word) >= 12
    for username in ("ines", "dana", "admin", "bea"):
        assert Client().login(request=_request(), username=username, password=word)
    assert word in run("demo_logins")


def test_a_password_of_the_environment_is_used_and_never_written(place, monkeypatch):
    run()
    monkeypatch.setenv("DEMO_PASSWORD", "given by the environment")
    run()
    assert User.objects.get(username="tomas").check_password("given by the environment")
    assert not (place / "demo_logins.json").exists()
    said = run("demo_logins")
    assert "given by the environment" not in said
    monkeypatch.delenv("DEMO_PASSWORD")
    run()
    assert User.objects.get(username="tomas").check_password(kept_password(place))


def test_the_log_ins_name_everyone_and_their_rights():
    run()
    said = run("demo_logins")
    for user in User.objects.all():
        assert user.username in said
    assert "operator of Northlight Monitoring" in said


def test_the_panels_key_opens_the_door_and_is_private(place):
    run()
    path = place / "demo_panel.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = path.read_text().strip()
    said = {"kind": "test", "dedup": "1", "at": datetime.now(UTC).isoformat()}
    answer = Client().post(
        "/api/signals", json.dumps(said), content_type="application/json", headers={"Authorization": f"Key {key}"}
    )
    assert answer.status_code == 201


def test_a_panel_key_of_the_environment_is_used(place, monkeypatch):
    run()
    monkeypatch.setenv("DEMO_PANEL_KEY", "a-key-that-the-simulated-world-has")
    run()
    assert SignalSource.objects.get().key_sha256 == SignalSource.hash_key("a-key-that-the-simulated-world-has")
    assert (place / "demo_panel.key").read_text().strip() == "a-key-that-the-simulated-world-has"


def test_a_lost_key_file_gets_a_new_key(place):
    run()
    (place / "demo_panel.key").unlink()
    run()
    key = (place / "demo_panel.key").read_text().strip()
    assert SignalSource.objects.get().key_sha256 == SignalSource.hash_key(key)


def test_everyone_sees_their_own_sites():
    run()
    expected = {
        "ines": {"Pinewick Depot", "Pinewick Showroom", "Quay Street Lot", "Glasshouse"},
        "noor": {"Pinewick Depot", "Pinewick Showroom", "Quay Street Lot", "Glasshouse"},
        "dana": {"Pinewick Depot", "Pinewick Showroom"},
        "luis": {"Pinewick Depot", "Pinewick Showroom"},
        "harold": {"Quay Street Lot"},
        "dealer": {"Pinewick Depot", "Pinewick Showroom", "Quay Street Lot"},
        "bea": {"Saltmarsh Unit 4"},
    }
    for username, sites in expected.items():
        user = User.objects.get(username=username)
        assert set(Site.objects.visible_to(user).values_list("name", flat=True)) == sites
    assert User.objects.get(username="petra").may_anywhere(Act.ADMINISTER)


def test_both_organisations_have_playbooks_messages_and_responders():
    run()
    for organisation in Organisation.objects.all():
        assert Playbook.objects.filter(organisation=organisation).count() == 3
        assert Message.objects.filter(organisation=organisation).exists()
        assert organisation.responders.exists()


def test_every_site_with_cameras_of_the_first_centre_has_a_plan_and_its_cameras_a_place_on_it():
    run()
    for name in ("Pinewick Depot", "Quay Street Lot", "Glasshouse"):
        site = Site.objects.get(name=name)
        plan = SitePlan.objects.get(site=site)
        for camera in site.cameras.all():
            assert 0 <= camera.on_plan["x"] <= plan.width_m
            assert 0 <= camera.on_plan["y"] <= plan.height_m


def test_a_camera_that_somebody_moved_on_the_plan_stays():
    run()
    moved = {"x": 1, "y": 1, "heading": 0, "angle": 60, "reach": 9}
    Camera.objects.filter(name="Loading yard").update(on_plan=moved)
    run()
    assert Camera.objects.get(name="Loading yard").on_plan == moved


def test_the_passcodes_are_private_printed_with_the_log_ins_and_right(place):
    run()
    path = place / "demo_passcodes.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    words = json.loads(path.read_text())
    dana = SiteContact.objects.get(name="Dana Kell")
    assert (dana.answers(words["passcode"]), dana.answers(words["duress"])) == ("passcode", "duress")
    said = run("demo_logins")
    assert words["passcode"] in said
    assert "Dana Kell, owner, Pinewick Depot" in said


def test_lost_passcodes_are_made_anew(place):
    run()
    (place / "demo_passcodes.json").unlink()
    run()
    words = json.loads((place / "demo_passcodes.json").read_text())
    for name in ("Dana Kell", "Harold Quill"):
        assert SiteContact.objects.get(name=name).answers(words["passcode"]) == "passcode"


def test_one_site_is_armed_by_its_owner():
    run()
    site, at = Site.objects.get(name="Pinewick Showroom"), datetime.now(UTC)
    assert not standing(site).arm(at).armed
    arm_by_customer(site, armed=True, until=None, by=User.objects.get(username="dana"), at=at)
    assert standing(site).arm(datetime.now(UTC)).armed


def test_where_cameras_on_this_machine_are_not_allowed_it_says_what_to_set(settings):
    settings.CAMERA_NETWORKS = ["10.0.0.0/8"]
    with pytest.raises(CommandError, match="CAMERA_NETWORKS"):
        run()
    assert not Organisation.objects.exists()


def test_a_port_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("DEMO_RTSP_PORT", "many")
    with pytest.raises(CommandError, match="DEMO_RTSP_PORT"):
        run()


def test_footage_is_one_camera_armed_around_the_clock(monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "for the script")
    run("seed_footage")
    run("seed_footage")
    camera = Camera.objects.get()
    zone = Zone.objects.get()
    assert camera.address == "rtsp://127.0.0.1:9554/footage"
    assert zone.polygon == [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert zone.dwell_s == Zone._meta.get_field("dwell_s").default
    assert standing(Site.objects.get()).arm(make.NIGHT) == ArmState(True, "schedule", None, None)
    assert User.objects.get().check_password("for the script")


def test_footage_needs_a_password_to_be_given():
    with pytest.raises(CommandError, match="DEMO_PASSWORD"):
        run("seed_footage")


def _request():
    from django.test import RequestFactory

    return RequestFactory().post("/login/")
