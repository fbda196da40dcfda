"""What the pictures say of the camera: nothing on a quiet night nor a busy day, and each trouble when there is one."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from functools import cache
from itertools import count

import av
import cv2
import numpy as np
import pytest

from cameras.vision.condition import Change, ConditionWatch, Hold, Limits
from cameras.vision.look import View, look_at

from .conftest import FOOTAGE

U8 = np.ndarray
rng = np.random.default_rng(5)
SECONDS = 60
SIZE = (384, 288)


@cache
def clip(name: str) -> list[U8]:
    """Luma of a clip's keyframes, one a second."""
    path = FOOTAGE / f"{name}.mp4"
    if not path.exists():
        pytest.skip(f"footage {name} is not there")
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.skip_frame = "NONKEY"
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return [cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA) for picture in pictures]


@cache
def _noise(shape: tuple[int, ...]) -> list[np.ndarray]:
    return [rng.normal(0, 1, shape).astype(np.float32) for _ in range(17)]


_taken = count()


def grainy(image: np.ndarray, sigma: float = 2.0) -> U8:
    """With a sensor's grain, never the same twice in seventeen pictures."""
    noise = _noise(image.shape)[next(_taken) % 17]
    return cv2.add(image.astype(np.float32), noise * np.float32(sigma)).clip(0, 255).astype(np.uint8)


def scene(name: str, second: int, sigma: float = 2.0) -> U8:
    """A clip that goes on for ever, each time with new grain."""
    pictures = clip(name)
    return grainy(pictures[second % len(pictures)].astype(np.float32), sigma)


def told(changes: Iterable[Change]) -> list[str]:
    return [f"{'+' if change.began else '-'}{change.kind}" for change in changes]


def run(
    watch: ConditionWatch, picture: Callable[[int], U8], *, begins: int = 0, seconds: int = SECONDS, fps: float = 10.0
) -> list[Change]:
    return [change for n in range(begins, begins + seconds) for change in watch.update(picture(n), float(n), fps=fps)]


def began(changes: Iterable[Change]) -> list[str]:
    return [change.kind for change in changes if change.began]


def spot(shape: tuple[int, ...]) -> np.ndarray:
    """An infrared lamp: the middle is lit, the corners are not."""
    height, width = shape
    y, x = np.mgrid[:height, :width]
    return np.exp(-(((x - width / 2) / (width * 0.35)) ** 2 + ((y - height * 0.6) / (height * 0.35)) ** 2))


def moved(image: np.ndarray, across: float, down: float = 0.0, angle: float = 0.0) -> np.ndarray:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turn[:, 2] += (across * width, down * height)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT)


# --- nothing


@pytest.mark.parametrize("name", ["empty", "quiet", "street", "foliage", "intrusion_a", "intrusion_b"])
@pytest.mark.parametrize("with_reference", [True, False])
def test_the_footage_as_it_is_has_no_condition(name, with_reference):
    """People walk through, a cloud passes, leaves move."""
    watch = ConditionWatch(reference=clip(name)[0] if with_reference else None)
    changes = run(watch, lambda n: scene(name, n))
    assert began(changes) == []
    assert watch.presentable or name == "foliage"


@pytest.mark.parametrize("name", ["empty", "street", "foliage"])
@pytest.mark.parametrize("sigma", [0.7, 14.0])
def test_noise_is_no_condition(name, sigma):
    assert began(run(ConditionWatch(reference=clip(name)[0]), lambda n: scene(name, n, sigma))) == []


LIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "half": lambda image: image * 0.5,
    "a third": lambda image: image * 0.33,
    "glaring": lambda image: image * 1.6,
    "infrared": lambda image: image * spot(image.shape) * 1.2 + 10,
    "lit from elsewhere": lambda image: (image - cv2.GaussianBlur(image, (0, 0), 15)) * 0.7 + 120 * spot(image.shape),
    "a headlight": lambda image: image + 220 * np.roll(spot(image.shape), 100, axis=1),
}


@pytest.mark.parametrize("light", LIGHTS)
def test_a_change_of_light_is_no_condition_at_once_or_slowly_and_back(light):
    name = "street"
    watch = ConditionWatch(reference=clip(name)[0])

    def at(n: int) -> U8:
        image = clip(name)[n % len(clip(name))].astype(np.float32)
        if n < 20 or n >= 90:
            return grainy(image)
        part = 1.0 if n >= 60 else (n - 20) / 40  # by degrees, then stays, then suddenly back
        return grainy(image * (1 - part) + LIGHTS[light](image) * part, 3.0)

    assert began(run(watch, at, seconds=120)) == []
    sudden = ConditionWatch(reference=clip(name)[0])
    switched = lambda n: grainy(  # noqa: E731
        LIGHTS[light](clip(name)[n % 5].astype(np.float32)) if 30 <= n < 70 else clip(name)[n % 5]
    )
    assert began(run(sudden, switched, seconds=100)) == []


@pytest.mark.parametrize("name", ["street"])
def test_nightfall_is_no_blinding_and_no_other_view(name):
    """By dusk through an hour into the dark (here two hundred times as fast as evenings are): too dark, in the end."""
    watch = ConditionWatch(reference=clip(name)[0])
    dim = lambda n: grainy(clip(name)[n % 5] * 0.97**n + 14, 1.5)  # noqa: E731
    changes = run(watch, dim, seconds=200)
    assert began(changes) == ["dark"]
    dawn = run(watch, lambda n: grainy(clip(name)[n % 5] * 0.97 ** (400 - n) + 14, 1.5), begins=200, seconds=200)
    assert [mark for mark in told(dawn) if mark != "-moved"] == ["-dark"]


@pytest.mark.parametrize("name", ["empty", "street"])
def test_a_truck_that_passes_before_the_lens_is_no_condition(name):
    def at(n: int) -> U8:
        image = clip(name)[n % 5].astype(np.float32)
        if 40 <= n < 44:
            image[:, :] = np.tile(np.linspace(90, 120, image.shape[1]), (image.shape[0], 1))
        return grainy(image)

    assert began(run(ConditionWatch(reference=clip(name)[0]), at)) == []


def test_sway_in_the_wind_is_no_other_view():
    at = lambda n: grainy(moved(clip("empty")[n % 5].astype(np.float32), 0.008 * np.sin(n), 0.008 * np.cos(n)))  # noqa: E731
    assert began(run(ConditionWatch(reference=clip("empty")[0]), at)) == []


# --- each trouble, on every scene, by day and by infrared light

BLINDED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sprayed": lambda image: np.full_like(image, 60),
    "a bag": lambda image: np.full_like(image, 100) + np.linspace(0, 40, image.shape[1], dtype=np.float32),
    "greased": lambda image: cv2.GaussianBlur(image, (0, 0), 18),
    "most of it covered": lambda image: np.where(np.arange(image.shape[1]) < image.shape[1] * 0.85, 45, image),
    "dazzled": lambda image: image + 300,
    "a cap": lambda image: np.full_like(image, 17),
}


@pytest.mark.parametrize(("name", "with_reference"), [("street", True), ("street", False), ("foliage", True)])
@pytest.mark.parametrize("how", BLINDED)
def test_a_lens_that_is_covered_or_blinded_is_told_in_seconds_and_when_it_is_over(name, how, with_reference):
    watch = ConditionWatch(reference=clip(name)[0] if with_reference else None)
    assert began(run(watch, lambda n: scene(name, n), seconds=20)) == []
    blind = run(watch, lambda n: grainy(BLINDED[how](scene(name, n).astype(np.float32))), begins=20, seconds=12)
    assert began(blind) == ["blinded"], told(blind)
    change = next(change for change in blind if change.began)
    assert change.since == 20.0
    assert change.detail["cause"] in {"covered", "lost", "dazzled", "black"}
    assert "-blinded" in told(run(watch, lambda n: scene(name, n), begins=32, seconds=13))


@pytest.mark.parametrize("how", ["sprayed", "dazzled"])
def test_a_lens_blinded_while_nobody_looked_is_told_by_the_reference(how):
    watch = ConditionWatch(reference=clip("street")[0])
    blind = run(watch, lambda n: grainy(BLINDED[how](scene("street", n).astype(np.float32))), seconds=20)
    assert began(blind) == ["blinded"]


MOVED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a little": lambda image: moved(image, 0.04, 0.02),
    "aside": lambda image: moved(image, 0.15),
    "up": lambda image: moved(image, 0.0, -0.2),
    "turned away": lambda image: image[:, ::-1],
    "hanging": lambda image: moved(image, 0.1, 0.2, 12),
}


@pytest.mark.parametrize(("name", "with_reference"), [("street", True), ("street", False), ("foliage", True)])
@pytest.mark.parametrize("how", MOVED)
def test_a_view_that_has_moved_is_told_and_so_is_its_return(name, how, with_reference):
    watch = ConditionWatch(reference=clip(name)[0] if with_reference else None)
    assert began(run(watch, lambda n: scene(name, n), seconds=20)) == []
    away = run(watch, lambda n: grainy(MOVED[how](scene(name, n).astype(np.float32))), begins=20, seconds=23)
    assert began(away) == ["moved"], told(away)
    back = run(watch, lambda n: scene(name, n), begins=43, seconds=14)
    assert "-moved" in told(back)
    assert began(back) == []


def test_a_view_that_moved_while_nobody_looked_is_told_by_the_reference_even_by_another_light():
    watch = ConditionWatch(reference=clip("street")[0])
    infrared = LIGHTS["infrared"]
    changes = run(
        watch, lambda n: grainy(infrared(moved(scene("street", n).astype(np.float32), 0.15)), 3.0), seconds=60
    )
    assert began(changes) == ["moved"]
    shift = next(change for change in changes if change.began).detail["shift"]
    assert shift == pytest.approx([0.15, 0.0], abs=0.02)


def test_the_view_that_is_accepted_is_the_view_from_then_on():
    watch = ConditionWatch(reference=clip("empty")[0])
    run(watch, lambda n: scene("empty", n), seconds=40)
    aside = lambda n: grainy(moved(scene("empty", n).astype(np.float32), 0.2))  # noqa: E731
    assert began(run(watch, aside, begins=40, seconds=40)) == ["moved"]
    watch.refer(aside(0), anew=True)
    assert began(run(watch, aside, begins=80, seconds=60)) == []


def test_what_a_privacy_mask_hides_says_nothing():
    """The mask's own outline stays where it is when the camera is moved."""
    hidden = (((0.1, 0.1), (0.6, 0.1), (0.6, 0.8), (0.1, 0.8)),)

    def masked(image: np.ndarray) -> U8:
        height, width = image.shape
        seen = image.copy()
        seen[int(0.1 * height) : int(0.8 * height), int(0.1 * width) : int(0.6 * width)] = 16
        return seen.astype(np.uint8)

    watch = ConditionWatch(reference=masked(clip("street")[0]), masks=hidden)
    assert began(run(watch, lambda n: masked(scene("street", n)), seconds=20)) == []
    away = run(watch, lambda n: masked(moved(scene("street", n), 0.1)), begins=60, seconds=40)
    assert began(away) == ["moved"]


def test_a_dark_place_is_dark_and_neither_blinded_nor_frozen():
    watch = ConditionWatch()
    changes = run(watch, lambda n: np.full((288, 384), 17, np.uint8), seconds=120)
    assert began(changes) == ["dark"]


# --- frozen


@cache
def encoded(kind: str) -> list[U8]:
    """A minute from an encoder, one picture a second: of a scene that stands still, or of one with a sensor's grain."""
    base = cv2.resize(clip("empty")[0], SIZE).astype(np.float32)
    strong = kind == "alive, strongly compressed"
    file = io.BytesIO()
    rate, seconds = 5, 60
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {
            "preset": "ultrafast",
            "bf": "0",
            "crf": "32" if strong else "24",
            "g": "50" if strong else "10",
        }
        for _ in range(rate * seconds):
            picture = base.astype(np.uint8) if kind == "still" else grainy(base, 1.0)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")))
        out.mux(stream.encode())
    file.seek(0)
    with av.open(file) as source:
        return [
            f.to_ndarray(format="gray") for n, f in enumerate(source.decode(video=0)) if n % rate == n // rate % rate
        ]


def test_an_encoded_picture_that_stands_still_is_frozen_after_half_a_minute():
    pictures = encoded("still")
    changes = run(ConditionWatch(), lambda n: pictures[n], seconds=len(pictures))
    assert began(changes) == ["frozen"]
    assert next(change for change in changes if change.began).since < 30


@pytest.mark.parametrize("kind", ["alive", "alive, strongly compressed"])
def test_a_scene_in_which_nothing_moves_is_not_frozen(kind):
    pictures = encoded(kind)
    assert began(run(ConditionWatch(), lambda n: pictures[n], seconds=len(pictures))) == []


def test_a_frozen_picture_is_told_though_a_clock_runs_in_it_and_its_end_too():
    watch = ConditionWatch()
    frozen = clip("street")[0].copy()

    def with_clock(n: int) -> U8:
        picture = frozen.copy()
        cv2.putText(picture, f"12:00:{n:02}", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 1, (255,), 2)
        return picture

    assert began(run(watch, with_clock, seconds=60)) == ["frozen"]
    assert told(run(watch, lambda n: scene("street", n), begins=32, seconds=13)) == ["-frozen"]


@pytest.mark.parametrize("every", [10, 11])
def test_a_recording_that_is_played_again_and_again_is_no_frozen_picture(every):
    """As the simulated cameras do, in twelve seconds at the shortest."""
    path = FOOTAGE / "empty.mp4"
    if not path.exists():
        pytest.skip("the footage is not there")
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    watch = ConditionWatch()
    assert began(run(watch, lambda n: pictures[n * every % len(pictures)])) == []


def test_ten_pictures_repeated_for_ever_are_frozen():
    pictures = [scene("street", n) for n in range(10)]
    assert began(run(ConditionWatch(), lambda n: pictures[n * 7 % 10], seconds=60)) == ["frozen"]


def test_a_grain_judge_that_averages_pixels_would_miss_the_grain():
    """The broken variant: on averaged pictures a live scene looks frozen."""
    pictures = [cv2.resize(picture, (40, 30), interpolation=cv2.INTER_AREA) for picture in encoded("alive")]
    assert began(run(ConditionWatch(), lambda n: pictures[n], seconds=60)) == ["frozen"]


# --- slow


def test_half_the_usual_rate_for_the_night_is_usual_and_a_third_is_slow():
    watch = ConditionWatch()
    assert began(run(watch, lambda n: scene("empty", n), seconds=30, fps=25)) == []
    assert began(run(watch, lambda n: scene("empty", n), begins=30, seconds=30, fps=12.5)) == []
    slow = run(watch, lambda n: scene("empty", n), begins=60, seconds=30, fps=5)
    assert began(slow) == ["slow"]
    assert next(change for change in slow if change.began).detail["fps"] == 5
    assert told(run(watch, lambda n: scene("empty", n), begins=90, seconds=30, fps=20)) == ["-slow"]


def test_a_lower_rate_that_is_accepted_is_the_usual_one_from_then_on():
    watch = ConditionWatch()
    run(watch, lambda n: scene("empty", n), seconds=30, fps=25)
    assert began(run(watch, lambda n: scene("empty", n), begins=30, seconds=60, fps=5)) == ["slow"]
    watch.refer(None, anew=True)
    assert "-slow" in told(run(watch, lambda n: scene("empty", n), begins=90, seconds=30, fps=5))
    assert began(run(watch, lambda n: scene("empty", n), begins=120, seconds=30, fps=2)) == ["slow"]


def test_less_than_one_a_second_is_slow_whatever_is_usual():
    watch = ConditionWatch()
    assert began(run(watch, lambda n: scene("empty", n), seconds=30, fps=0.5)) == ["slow"]


# --- the parts


def test_a_trouble_begins_and_ends_when_it_has_lasted_and_what_nothing_is_known_of_counts_for_neither():
    hold = Hold(over_s=5)
    said = [
        hold.feed(seen, float(now), begin_s=3) for now, seen in enumerate([True, True, None, True, True, True, True])
    ]
    assert said == [None] * 6 + [True]
    assert hold.since == 3
    said = [
        hold.feed(seen, float(now), begin_s=3) for now, seen in enumerate([False] * 4 + [True] + [False] * 6, start=7)
    ]
    assert said == [None] * 10 + [False]
    assert hold.since == 12


def test_a_camera_that_is_well_says_so_once_so_that_a_row_left_open_is_closed():
    watch = ConditionWatch(reference=clip("empty")[0])
    changes = run(watch, lambda n: scene("empty", n), seconds=60)
    assert sorted(told(changes)) == ["-blinded", "-dark", "-frozen", "-moved", "-slow"]


def test_a_break_in_the_connection_counts_for_nothing():
    watch = ConditionWatch()
    still = clip("empty")[0]
    run(watch, lambda n: still, seconds=25)
    watch.reconnected()
    assert began(run(watch, lambda n: still, begins=300, seconds=25)) == []


def test_another_size_of_picture_is_the_same_view():
    watch = ConditionWatch(reference=cv2.resize(clip("street")[0], (1280, 720)))
    assert began(run(watch, lambda n: cv2.resize(scene("street", n), (640, 360 if n % 2 else 480)), seconds=40)) == []


def test_an_input_is_never_written_to():
    picture = scene("empty", 0)
    picture.flags.writeable = False
    ConditionWatch(reference=picture).update(picture, 0.0, fps=10)


def test_limits_are_parameters():
    still = clip("empty")[0]
    watch = ConditionWatch(limits=Limits(frozen_s=5.0))
    assert began(run(watch, lambda n: still, seconds=8)) == ["frozen"]


@pytest.mark.parametrize("factor", [0.1, 0.2, 0.5, 1.0, 1.5])
def test_edges_agree_whatever_the_light(factor):
    picture = clip("empty")[0].astype(np.float32)
    match = View(look_at(picture.astype(np.uint8))).match(look_at(grainy(picture * factor)))
    assert match.agree > 0.8


@pytest.mark.slow
def test_a_second_of_watching_costs_under_two_milliseconds():
    """Held loosely: other programs may have the machine. 1.3 ms were measured, on 720p."""
    pictures = [cv2.resize(scene("street", n), (1280, 720)) for n in range(10)]
    watch = ConditionWatch(reference=pictures[0])
    spent = []
    for n in range(60):
        at = time.thread_time()
        watch.update(pictures[n % 10], float(n), fps=10)
        spent.append(time.thread_time() - at)
    assert sorted(spent)[30] < 0.004
