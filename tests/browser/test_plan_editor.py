"""The plan editor as people use it: by mouse, by keyboard, by numbers."""

from __future__ import annotations

from playwright.sync_api import expect

from cameras.models import Camera, SitePlan
from tests import factories as make
from tests.browser import scenes

SHED = {"kind": "building", "points": [[5, 5], [25, 5], [25, 15], [5, 15]], "words": "Shed"}


def a_picture_is_laid_under_it(page, plan, folder, screenshot):
    """And its size is told by two of its points, whose distance somebody knows."""
    page.goto(page.url.split("/admin/")[0] + f"/admin/cameras/siteplan/{plan.pk}/change/")
    page.get_by_role("link", name="Picture from above").click()
    (folder / "long.jpg").write_bytes(scenes.jpeg() + bytes(9_000_000))
    page.get_by_label("Picture of the ground").set_input_files(folder / "long.jpg")
    expect(page.locator(".said")).to_contain_text("larger than 8 MB")
    (folder / "ground.jpg").write_bytes(scenes.jpeg(figure=False))  # 16 to 9: 60 m wide are 33.75
    page.get_by_label("Picture of the ground").set_input_files(folder / "ground.jpg")
    expect(page.locator(".said")).to_have_text("")
    page.get_by_role("button", name="Lay it under the plan").click()
    expect(page.locator(".messagelist")).to_contain_text("lies under the plan")
    editor = page.locator("plan-editor")
    editor.get_by_role("button", name="Say its size by two points").click()
    first = editor.get_by_role("button", name="Point A")
    expect(first).to_be_focused()
    page.keyboard.press("Shift+ArrowRight")
    expect(first).to_have_accessible_name("Point A: 20 m across, 16.9 m down")
    editor.get_by_label("from A to B m").fill("50")  # they were 25 m apart
    expect(editor.get_by_role("button", name="Point B")).to_have_accessible_name("Point B: 70 m across, 16.9 m down")
    expect(editor.get_by_label("is wide m")).to_have_value("120")
    expect(editor.get_by_label("begins across m")).to_have_value("-20")
    editor.get_by_role("button", name="Make the ground as large as the picture").click()
    camera = editor.get_by_role("button", name="Camera 2, Loading yard")
    expect(camera).to_have_accessible_name("Camera 2, Loading yard: 49.5 m across, 41.9 m down, looks 95°")
    page.get_by_text("Choose a camera").scroll_into_view_if_needed()
    screenshot(page, "plan-picture-1366")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("changed")
    plan.refresh_from_db()
    assert plan.picture_place == {"x": 0, "y": 0, "width": 120, "height": 67.5}
    assert (plan.width_m, plan.height_m) == (120, 67.5)


def test_a_camera_is_put_on_the_plan_dragged_and_turned_and_a_fence_is_drawn(live, camera, admin, screenshot, tmp_path):
    make.make_camera(camera.site, "Gate lane", speaker=False)
    plan = SitePlan.objects.create(site=camera.site, width_m=60, height_m=40, shapes=[SHED])
    page = live.log_in(admin, f"/admin/cameras/siteplan/{plan.pk}/change/")
    editor = page.locator("plan-editor")
    editor.get_by_role("button", name="Put 2, Loading yard, on the plan").click()
    mark = editor.get_by_role("button", name="Camera 2, Loading yard")
    expect(mark).to_be_focused()
    board = editor.locator(".pl-board").bounding_box()

    def drag(handle, x, y):
        handle.hover()
        page.mouse.down()
        page.mouse.move(board["x"] + board["width"] * x / 60, board["y"] + board["height"] * y / 40, steps=3)
        page.mouse.up()

    drag(mark, 30, 20)
    expect(mark).to_have_accessible_name("Camera 2, Loading yard: 30 m across, 20 m down, looks 0°")
    drag(editor.get_by_role("button", name="Camera 2 looks this way"), 45, 20)
    expect(mark).to_have_accessible_name("Camera 2, Loading yard: 30 m across, 20 m down, looks 90°")

    mark.focus()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press(".")
    expect(mark).to_have_accessible_name("Camera 2, Loading yard: 29.5 m across, 25 m down, looks 95°")
    expect(mark).to_be_focused()
    editor.get_by_label("angle °").fill("80")
    expect(editor.locator(".pl-cone")).to_have_css("fill-opacity", "0.25")  # it is the chosen one's

    editor.get_by_role("button", name="Fence").click()
    expect(editor.get_by_role("button", name="Fence, corner 1")).to_be_focused()
    expect(editor.locator(".pl-cone")).to_have_css("fill-opacity", "0.1")
    page.keyboard.press("a")
    expect(editor.get_by_role("button", name="Fence, corner 2")).to_be_focused()
    page.keyboard.press("Shift+ArrowUp")
    editor.get_by_label("Words on it").fill("North fence")
    screenshot(page, "plan-editor-1366")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("changed")
    placed = Camera.objects.get(pk=camera.pk).on_plan
    assert placed == {"x": 29.5, "y": 25, "heading": 95, "angle": 80, "reach": 15}
    _, fence = SitePlan.objects.get().shapes
    assert (fence["kind"], fence["words"], len(fence["points"])) == ("fence", "North fence", 3)
    a_picture_is_laid_under_it(page, plan, tmp_path, screenshot)
    assert live.trouble == []
