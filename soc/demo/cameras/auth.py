"""RTSP's Basic and Digest authentication (RFC 2617, MD5 as cameras do it)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from soc.demo.cameras.messages import Request

REALM = "camera"
_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True)
class Login:
    """The one account of the cameras, and the nonce of this process."""

    user: str
    password: str
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    def challenges(self) -> str:
        """The header with which access is refused. Digest alone: a client that can do both would be let choose."""
        return f'Digest realm="{REALM}", nonce="{self.nonce}"'

    def admits(self, request: Request) -> bool:
        """Whether the request carries the right Basic or Digest credentials."""
        scheme, _, rest = request.header("authorization").partition(" ")
        if scheme.lower() == "basic":
            return self._basic(rest)
        return scheme.lower() == "digest" and self._digest(rest, request.method)

    def _basic(self, token: str) -> bool:
        try:
            given = base64.b64decode(token, validate=True)
        except binascii.Error:
            return False
        return hmac.compare_digest(given, f"{self.user}:{self.password}".encode())

    def _digest(self, rest: str, method: str) -> bool:
        given = {name: quoted or plain for name, quoted, plain in _PAIR.findall(rest)}
        if given.get("username") != self.user or given.get("nonce") != self.nonce:
            return False
        account = _md5(f"{self.user}:{REALM}:{self.password}")
        act = _md5(f"{method}:{given.get('uri', '')}")
        middle = self.nonce
        if "qop" in given:
            middle += f":{given.get('nc', '')}:{given.get('cnonce', '')}:{given['qop']}"
        return hmac.compare_digest(given.get("response", ""), _md5(f"{account}:{middle}:{act}"))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
