"""Finds words in templates that no translator would ever see.

Text between tags and in title, alt, aria-label and placeholder must come from a template tag or variable.
Text inside `blocktranslate` counts as translated; scripts, styles, comments and <code> do not count as text.
A line with `{# untranslated: reason #}` is allowed: brand names, key caps.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from soc.ops.paths import CHECKOUT

ATTRIBUTES = ("title", "alt", "aria-label", "aria-description", "placeholder")
# Erased by blanks of equal length, so that line numbers stay true.
_ERASED = [
    re.compile(r"{%\s*comment\b.*?{%\s*endcomment\s*%}", re.S),
    re.compile(r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", re.S),
    # Blocks that fill a class or a list of attributes are no text.
    re.compile(r"{%\s*block\s+\w*(?:class|attributes)\s*%}.*?{%\s*endblock\b[^%]*%}", re.S),
    re.compile(r"<!--.*?-->", re.S),
    re.compile(r"<(script|style|code|kbd|svg|template-source)\b[^>]*>.*?</\1\s*>", re.S | re.I),
    re.compile(r"<!doctype[^>]*>", re.I),
    re.compile(r"{#.*?#}"),
    re.compile(r"{%.*?%}", re.S),
    re.compile(r"{{.*?}}", re.S),
    re.compile(r"&#?\w+;"),
]
_ATTRIBUTE = re.compile(rf"""\s({"|".join(ATTRIBUTES)})\s*=\s*("[^"]*"|'[^']*')""", re.I)
_TAG = re.compile(r"<[a-zA-Z/][^>]*>", re.S)
_WORD = re.compile(r"[^\W\d_]{2,}")
_ALLOWED = re.compile(r"{#\s*untranslated:\s*\S.*?#}")


def template_files(root: Path) -> list[Path]:
    """Every template of ours under `root`: HTML, and the text of messages."""
    folders = [
        root / "templates",
        *(root / app / "templates" for app in ("cameras", "incidents", "responses")),
    ]
    folders += sorted((root / "soc").glob("*/templates"))
    return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in {".html", ".txt"})


def untranslated(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, words) for each piece of text that is not translated."""
    allowed = {number for number, line in enumerate(text.splitlines(), 1) if _ALLOWED.search(line)}
    for pattern in _ERASED:
        text = pattern.sub(_blank, text)
    found = [(hit.start(2), hit.group(2)[1:-1]) for hit in _ATTRIBUTE.finditer(text)]
    outside = _TAG.sub(_blank, text)
    found += [(hit.start(), hit.group()) for hit in re.finditer(r"\S[^\n]*", outside)]
    for position, words in sorted(found):
        line = text.count("\n", 0, position) + 1
        if line not in allowed and _WORD.search(words):
            yield line, " ".join(words.split())


def _blank(hit: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", hit.group())


def main() -> int:
    """Print each finding as file:line; 1 when there is any."""
    count = 0
    for path in template_files(CHECKOUT):
        for line, words in untranslated(path.read_text(encoding="utf-8")):
            print(f"{path.relative_to(CHECKOUT)}:{line}: not translated: {words}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
