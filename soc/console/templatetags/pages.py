"""`{% page_links as links %}`: the pages that the reader of this one finds in its top bar."""

from __future__ import annotations

from typing import Any

from django import template

from soc.console import pages

register = template.Library()


@register.simple_tag(takes_context=True)
def page_links(context: Any) -> list[pages.Link]:
    """See soc/console/pages.py. Nothing where a page was rendered without a request."""
    request = context.get("request")
    return pages.links(request) if request is not None else []
