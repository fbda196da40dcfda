"""TwiML: read, and checked as far as a phone needs it (https://www.twilio.com/docs/voice/twiml)."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree

NESTED_IN_GATHER = ("Say", "Play", "Pause")
VERBS = (*NESTED_IN_GATHER, "Gather", "Redirect", "Hangup", "Reject")


class Invalid(Exception):
    """The instructions cannot be read."""


@dataclass(frozen=True)
class Verb:
    """One instruction."""

    name: str
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    inner: tuple[Verb, ...] = ()

    def number(self, name: str, default: float) -> float:
        """A numeric attribute; Invalid if it is none."""
        value = self.attributes.get(name, "")
        if not value:
            return default
        try:
            return float(value)
        except ValueError as error:
            raise Invalid(f'{self.name} {name}="{value}" is no number') from error


def parse(document: str) -> list[Verb]:
    """The verbs of a TwiML document. Raises Invalid."""
    if "<!DOCTYPE" in document or "<!ENTITY" in document:
        raise Invalid("a document type is not allowed")
    try:
        # Without a document type there are no entities to expand.
        root = ElementTree.fromstring(document.strip())  # noqa: S314
    except ElementTree.ParseError as error:
        raise Invalid(f"no XML: {error}") from error
    if root.tag != "Response":
        raise Invalid(f"the root is {root.tag}, not Response")
    return [_verb(element, VERBS) for element in root]


def _verb(element: ElementTree.Element, allowed: tuple[str, ...]) -> Verb:
    if element.tag not in allowed:
        raise Invalid(f"{element.tag} is not understood here")
    inner = tuple(_verb(child, NESTED_IN_GATHER) for child in element) if element.tag == "Gather" else ()
    # Say may hold SSML: only its words are heard.
    text = "" if element.tag == "Gather" else " ".join("".join(element.itertext()).split())
    return Verb(element.tag, text, dict(element.attrib), inner)
