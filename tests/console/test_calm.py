"""Nothing on a page flashes more than three times a second, whatever happens at a site."""

from __future__ import annotations

import re
from pathlib import Path

STYLES = Path(__file__).parents[2] / "static"
FASTEST_MS = 1000 / 3
# Movements that go on by themselves: “meter 900ms ease-in-out infinite alternate”.
ENDLESS = re.compile(r"animation(?:-iteration-count)?:([^;}]*\binfinite\b[^;}]*)")


def too_fast(style: str) -> list[str]:
    """What goes on for ever and comes round in less than a third of a second, or says not how long that takes."""
    found = []
    for told in ENDLESS.findall(style):
        spans = [float(n) * (1 if unit == "ms" else 1000) for n, unit in re.findall(r"([\d.]+)(ms|s)\b", told)]
        if not spans or spans[0] < FASTEST_MS:
            found.append(told.strip())
    return found


def test_no_style_sheet_has_anything_flash_faster_than_three_times_a_second():
    sheets = sorted(STYLES.glob("*.css"))
    assert sheets
    assert {sheet.name: found for sheet in sheets if (found := too_fast(sheet.read_text()))} == {}


def test_what_would_is_found():
    assert too_fast(".a { animation: blink 200ms infinite; } .b { animation: .9s calm infinite alternate; }") == [
        "blink 200ms infinite"
    ]
    assert too_fast(".a { animation-name: blink; animation-iteration-count: infinite; }") == ["infinite"]
