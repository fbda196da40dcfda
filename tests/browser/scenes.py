"""What the console's tests look at: a clip that browsers play, with a figure that walks and its overlay."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import av
import cv2
import numpy as np

from cameras.models import Candidate, Zone
from soc.core.models import Media
from tests import factories as make

WIDTH, HEIGHT, FPS, SECONDS = 768, 432, 10, 5


def yard(t: float = 2.0, *, figure: bool = True) -> np.ndarray:
    """A yard at night at `t` seconds: BGR picture, the figure walking east."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = np.linspace(30, 70, HEIGHT).astype(np.uint8)[:, None, None]
    cv2.fillPoly(picture, [np.array([[0, 130], [WIDTH, 90], [WIDTH, HEIGHT], [0, HEIGHT]])], (62, 60, 58))
    cv2.rectangle(picture, (40, 20), (330, 140), (44, 42, 40), -1)
    for n in range(5):
        cv2.rectangle(picture, (60 + n * 54, 44), (96 + n * 54, 84), (78, 92, 96), -1)
    cv2.line(picture, (520, 40), (520, 250), (96, 96, 94), 4)
    cv2.ellipse(picture, (520, 250), (200, 60), 0, 0, 360, (84, 84, 82), -1)
    if figure:
        x1, y1, x2, y2 = (round(v) for v in np.multiply(box(t), (WIDTH, HEIGHT, WIDTH, HEIGHT)))
        middle = (x1 + x2) // 2
        cv2.circle(picture, (middle, y1 + 10), 9, (18, 18, 18), -1)
        cv2.rectangle(picture, (middle - 11, y1 + 18), (middle + 11, y2 - 44), (24, 22, 22), -1)
        stride = int(9 * np.sin(t * 8))
        for side in (-1, 1):
            cv2.line(picture, (middle, y2 - 46), (middle + side * stride, y2), (14, 14, 14), 8)
    return picture


def box(t: float) -> list[float]:
    """Where the figure is at `t`: x1, y1, x2, y2 in 0..1."""
    x = 0.50 + 0.07 * t
    return [x - 0.035, 0.48, x + 0.035, 0.79]


def jpeg(t: float = 2.0, *, figure: bool = True) -> bytes:
    ok, data = cv2.imencode(".jpg", yard(t, figure=figure))
    assert ok
    return data.tobytes()


def mp4(size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """H.264 in MP4, as the product's own clips are."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for n in range(FPS * SECONDS):
            frame = av.VideoFrame.from_ndarray(cv2.resize(yard(n / FPS), size), format="bgr24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file.getvalue()


def with_evidence(zone: Zone, *, at: datetime, clip: bool = True, **of_clip: Any) -> Candidate:
    """A raised candidate with its snapshot, and its clip unless that is still to come."""
    candidate = make.make_candidate(zone=zone, at=at)
    started = at - timedelta(seconds=2)
    candidate.evidence = {**candidate.evidence, "box": box(2.0)}
    candidate.snapshot = make.make_media(zone.site, content=jpeg(), started_at=at, at=at)
    if clip:
        candidate.clip = clip_of(zone, started_at=started, **of_clip)
    candidate.save()
    return candidate


def clip_of(
    zone: Zone, *, started_at: datetime, size: tuple[int, int] = (WIDTH, HEIGHT), seen_from: float = 0
) -> Media:
    """A clip of that many pixels, whose figure the detector has seen from that second on."""
    path = [[n / 10, *box(n / 10)] for n in range(round(seen_from * 10), SECONDS * 10, 2)]
    overlay = {"tracks": [{"id": 1, "label": "person", "score": 0.91, "path": path}], "zone": zone.polygon}
    return make.make_media(
        zone.site,
        kind="clip",
        content=mp4(size),
        started_at=started_at,
        at=started_at,
        duration_s=SECONDS,
        overlay=overlay,
    )
