"""Points and lists in templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def points(value: float | None) -> str:
    """“2.8”; “–” where there is none."""
    return "–" if value is None else number_format(value, 1)


@register.filter
def at(found: Mapping[str, Any], key: str) -> Any:
    """What a table has under a key; "" for nothing."""
    return found.get(key, "")


@register.filter
def word(pairs: Sequence[tuple[Any, Any]], key: Any) -> Any:
    """The second of the pair whose first is `key`."""
    return dict(pairs).get(key, "")


@register.filter
def span(length: timedelta | None) -> str:
    """“7 min”, “1 h 12 min”."""
    if length is None:
        return ""
    hours, minutes = divmod(round(length.total_seconds() / 60), 60)
    both = {"hours": hours, "minutes": minutes}
    return _("%(hours)s h %(minutes)s min") % both if hours else _("%(minutes)s min") % both
