"""The polygon editor as people use it: by mouse, by keyboard, by numbers."""

from __future__ import annotations

from playwright.sync_api import expect

from cameras.models import Zone
from tests import factories as make
from tests.browser import scenes


def test_a_zone_is_drawn_by_mouse_and_by_keyboard_and_what_crosses_itself_is_not_saved(live, zone, admin, screenshot):
    make.give(admin, "supervisor", zone.organisation)  # who may see pictures
    camera = zone.camera
    camera.reference = make.make_media(zone.site, content=scenes.jpeg(figure=False))
    camera.privacy_masks = [[[0.7, 0.05], [1, 0.02], [1, 0.3]]]
    camera.save()
    page = live.log_in(admin, f"/admin/cameras/zone/{zone.pk}/change/")
    editor = page.locator('polygon-editor[data-kind="zone"]')
    expect(editor.locator(".pe-status")).to_have_text("5 corners, does not cross itself")
    expect(editor.locator("img")).to_be_visible()
    expect(editor.locator(".pe-masked")).to_have_count(1)

    stage = editor.locator(".pe-stage").bounding_box()
    corner = editor.get_by_role("button", name="Corner 3")
    corner.hover()
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.8, stage["y"] + stage["height"] * 0.6, steps=3)
    page.mouse.up()
    expect(corner).to_have_accessible_name("Corner 3, 80.0 across, 60.0 down")

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    expect(corner).to_have_accessible_name("Corner 3, 79.5 across, 65.0 down")
    page.keyboard.press("Tab")
    page.keyboard.press("a")
    expect(editor.locator(".pe-status")).to_contain_text("6 corners")
    page.keyboard.press("Delete")
    expect(editor.locator(".pe-status")).to_contain_text("5 corners")
    screenshot(page, "polygon-editor")

    editor.get_by_label("Corner 1 across").fill("90")
    editor.get_by_label("Corner 1 down").fill("70")
    expect(editor.locator(".pe-status")).to_contain_text("crosses itself")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(editor.locator(".pe-status")).to_be_in_viewport()
    assert Zone.objects.get().polygon == zone.polygon
    editor.get_by_label("Corner 1 across").fill("140")
    expect(editor.locator(".pe-status")).to_contain_text("outside the picture")

    editor.get_by_label("Corner 1 across").fill("40")
    editor.get_by_label("Corner 1 down").fill("30")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("changed")
    assert Zone.objects.get().polygon[2] == [0.795, 0.65]
    assert live.trouble == []
