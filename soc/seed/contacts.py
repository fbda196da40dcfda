"""Whom one can ask at the demonstration's sites; their passcodes are made on the first run and kept in VAR."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Final

from django.conf import settings

from cameras.models import SiteContact
from soc.core.models import Site
from soc.seed.rows import ensure, keep_private, read_private

# Of things that are told apart on a bad line.
WORDS: Final = (
    "anchor",
    "barley",
    "canyon",
    "dragon",
    "ember",
    "falcon",
    "garnet",
    "harbour",
    "indigo",
    "juniper",
    "kettle",
)


def passcodes_file() -> Path:
    return Path(settings.VAR) / "demo_passcodes.json"


def passcodes() -> tuple[dict[str, str], bool]:
    """{"passcode": …, "duress": …}, and whether they were made now."""
    kept: dict[str, str] = json.loads(read_private(passcodes_file()) or "{}")
    if kept.get("passcode") and kept.get("duress"):
        return kept, False
    first, second = secrets.SystemRandom().sample(WORDS, 2)
    made = {"passcode": f"{first} {secrets.randbelow(90) + 10}", "duress": f"{second} {secrets.randbelow(90) + 10}"}
    keep_private(passcodes_file(), json.dumps(made) + "\n")
    return made, True


def put_contact(
    site: Site, name: str, role: SiteContact.Role, phone: str, *, rank: int = 1, words: dict[str, str] | None = None,
    anew: bool = False,
) -> None:  # fmt: skip
    """Somebody of a site, and the words they prove it by. One that is there keeps their own, unless they are to be given `anew`:
    the file that tells them was lost, and nobody could try them."""
    contact, made = ensure(SiteContact, site=site, name=name, defaults={"role": role, "phone": phone, "rank": rank})
    if words and (made or anew):
        contact.set_passcode(words["passcode"], words["duress"])
        contact.save()


def printed() -> str:
    """The passcodes, for the terminal; "" where there are none."""
    words: dict[str, str] = json.loads(read_private(passcodes_file()) or "{}")
    holders = SiteContact.objects.exclude(passcode_hash="").select_related("site").order_by("site__name", "rank")
    if not words or not holders:
        return ""
    lines = [f"On the telephone: passcode “{words['passcode']}”, duress word “{words['duress']}”"]
    lines += [f"  {contact.name}, {contact.get_role_display()}, {contact.site.name}" for contact in holders]
    return "\n".join(lines)
