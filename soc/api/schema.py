"""The description of this door, for programs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import check_for_language
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response


class SchemaView(SpectacularAPIView):
    """In a language that is none of those we know it comes as where none is asked for; and there is one version."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if (wanted := request.GET.get("lang")) and not check_for_language(wanted):
            return self._get_schema_response(request)
        return super().get(request, *args, **kwargs)

    def _get_version_parameter(self, request: Request) -> None:
        """What is asked for would else stand in a header as it came."""
