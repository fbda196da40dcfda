"""Administration and the REST door's description as people see them: no script, style or picture is blocked."""

from __future__ import annotations

from playwright.sync_api import expect

from tests import factories as make


def test_a_camera_is_probed_by_a_button_and_the_cause_is_readable(live, zone, admin):
    """This machine is no camera's place unless the settings say so, and the page says what would have to be set."""
    page = live.log_in(admin, f"/admin/cameras/camera/{zone.camera.pk}/change/")
    expect(page.locator("polygon-editor .pe-own")).to_be_visible()
    page.get_by_role("button", name="Probe").click()
    expect(page.locator(".messagelist")).to_contain_text("CAMERA_NETWORKS")
    assert live.trouble == []


def test_a_new_key_is_shown_once(live, site, admin):
    source, _key = make.make_source(site)
    page = live.log_in(admin, f"/admin/cameras/signalsource/{source.pk}/change/")
    page.get_by_role("button", name="New key").click()
    key = page.locator(".key").inner_text()
    source.refresh_from_db()
    assert source.key_sha256 == source.hash_key(key)
    page.get_by_role("link", name="Copied: back to the source").click()
    assert key not in page.content()
    assert live.trouble == []


def test_the_description_of_the_door_draws_itself_from_this_server_alone(live):
    page = live.page()
    page.goto(live.url + "/api/docs")
    expect(page.locator("body")).to_contain_text("Report a signal")
    assert live.trouble == []
