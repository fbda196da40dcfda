"""What every view of the REST door has in common: JSON in UTF-8, bounded, refusals in one shape."""

from __future__ import annotations

import json
from typing import IO, Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.views import APIView

from soc.api.errors import TooLarge, answer

MAX_BODY = 16 * 1024


class AlwaysJSON(DefaultContentNegotiation):
    """A panel that sends a strange Accept header is answered all the same."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class BoundedJSON(JSONParser):
    """JSON of at most 16 kB, in UTF-8 whatever the charset parameter claims."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Raises TooLarge and ParseError."""
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise TooLarge
        try:
            return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not JSON in UTF-8."), code="not_json") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class DoorView(APIView):
    parser_classes = [BoundedJSON]
    content_negotiation_class = AlwaysJSON

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Django believes a charset in Content-Type for the query too, and some codecs are not even text.
        request.encoding = "utf-8"
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length[:12]) > MAX_BODY:
            raise TooLarge
        super().initial(request, *args, **kwargs)

    def get_exception_handler(self) -> Any:
        return answer
