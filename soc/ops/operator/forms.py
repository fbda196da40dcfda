"""Reading a page's forms, so that a script sends what a browser would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form: where it goes, what it would send untouched, and what each choice offers."""

    action: str
    method: str = "get"
    values: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self._open: Form | None = None
        self._select: tuple[Form, str] | None = None
        self._area: tuple[Form, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
            if given.get("id"):
                self.by_id[given["id"]] = self._open
            return
        form = self.by_id.get(given.get("form", ""), self._open)
        if form is None:
            return
        name = given.get("name", "")
        if tag == "option" and self._select:
            form, name = self._select
            value = given.get("value", "")
            form.options.setdefault(name, []).append(value)
            if "selected" in given or name not in form.values:
                form.values[name] = value
        elif not name:
            return
        elif tag == "select":
            self._select = (form, name)
        elif tag == "textarea":
            form.values[name] = ""
            self._area = (form, name)
        elif tag == "button" and given.get("aria-disabled") == "true":
            return  # shown, but not to be pressed now
        elif tag == "button":
            form.options.setdefault(name, []).append(given.get("value", ""))
        elif tag == "input" and given.get("type") in {"radio", "checkbox"}:
            form.options.setdefault(name, []).append(given.get("value", "on"))
            if "checked" in given:
                form.values[name] = given.get("value", "on")
        elif tag == "input":
            form.values[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            form, name = self._area
            form.values[name] += data


def forms(html: str) -> list[Form]:
    """Every form of a page, in order."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def find(html: str, ending: str) -> Form | None:
    """The first form whose address ends so."""
    return next((form for form in forms(html) if form.action.rstrip("/").endswith(ending.rstrip("/"))), None)
