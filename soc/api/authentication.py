"""Who is at the REST door: a source with its key, or a person with a session."""

from __future__ import annotations

import hmac
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from cameras.models import SignalSource
from soc.core.prepared import Given, prepared

SCHEME = "Key"
LONGEST_KEY = 200


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Key <key>`. `request.auth` is the SignalSource; `request.user` stays nobody."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, SignalSource] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != SCHEME.lower().encode():
            return None
        if len(words) != 2 or len(words[1]) > LONGEST_KEY:
            raise AuthenticationFailed(_("The header is “Authorization: Key” and one key."), code="key")
        digest = SignalSource.hash_key(words[1].decode("latin-1"))
        # Found by the hash of a random 256-bit key, so the index tells a guesser nothing; compared in constant time still.
        source = next(iter(_sources(Given(digest))), None)
        if source is None or not hmac.compare_digest(source.key_sha256, digest):
            raise AuthenticationFailed(_("This key is not known. Have the administrator make a new one."), code="key")
        if not source.enabled:
            raise AuthenticationFailed(
                _("This source is out of use. Have the administrator put it in use again."), code="disabled"
            )
        return AnonymousUser(), source

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


@prepared
def _sources(digest: Given) -> QuerySet[SignalSource]:
    return SignalSource.objects.select_related("site__customer").filter(key_sha256=digest)


class HoldsKey(BasePermission):
    """A known key, and nothing else, opens the door for signals."""

    message = _("A key is needed: “Authorization: Key” and the source's key.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, SignalSource)


class SessionOfTheConsole(SessionAuthentication):
    """The session of a person who logged in; 401 rather than 403 for somebody who did not."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "soc.api.authentication.KeyAuthentication"
    name = "sourceKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "“Key ” and the key of the signal source, as shown once when it was made.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "soc.api.authentication.SessionOfTheConsole"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
