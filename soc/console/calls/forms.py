"""What a form about a call says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from incidents.errors import Refused


def fields(form: QueryDict) -> dict[str, Any]:
    """For `note_call`, but for the site."""
    return {name: form.get(name, "") for name in ("kind", "who", "number", "words")} | {"minutes": minutes(form)}


def minutes(form: QueryDict) -> int:
    """0 for what is no number: it is refused in words."""
    said = form.get("minutes", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0


def site(form: QueryDict) -> UUID:
    """Raises Refused."""
    try:
        return UUID(form.get("site", ""))
    except ValueError as error:
        raise Refused("site", _("Choose the site that it is about.")) from error
