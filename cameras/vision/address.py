"""Which camera addresses may be opened, and opening exactly the one that was checked.

A camera's address is typed in by somebody and then opened by a machine inside the network: FFmpeg alone would
open `file:`, `http:` and more, and a name may resolve to another place at the second look. So: rtsp and rtsps
only, one look-up, every answer checked against the allowed networks, and the URL that is opened carries the
checked number.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
DEFAULT_PORTS: Final = {"rtsp": 554, "rtsps": 322}
LONGEST_URL: Final = 2048

# Never a camera, whatever the settings allow: this host's "any", link-local, group and reserved addresses,
# and the addresses at which clouds hand out credentials.
_NEVER: Final[tuple[tuple[IPNetwork, str], ...]] = tuple(
    (ipaddress.ip_network(network), why)
    for network, why in (
        ("169.254.169.254/32", "a cloud metadata address"),
        ("100.100.100.200/32", "a cloud metadata address"),
        ("168.63.129.16/32", "a cloud metadata address"),
        ("192.0.0.192/32", "a cloud metadata address"),
        ("fd00:ec2::254/128", "a cloud metadata address"),
        ("fd20:ce::254/128", "a cloud metadata address"),
        ("0.0.0.0/8", "not the address of one device"),
        ("::/128", "not the address of one device"),
        ("169.254.0.0/16", "a link-local address"),
        ("fe80::/10", "a link-local address"),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        # What these wrap lies elsewhere in each number, by somebody else's choice: it cannot be judged.
        ("2001::/32", "a tunnel's address"),
        ("64:ff9b:1::/48", "a translator's address"),
    )
)
# The last 32 bits are an IPv4 address: NAT64, IPv4-translated and the old IPv4-compatible form.
_WRAPPING: Final = tuple(ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96"))
_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?\Z")
_NUMERIC: Final = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)(\.(0[xX][0-9a-fA-F]*|[0-9]+))*\Z")
_USERINFO: Final = re.compile(r"(?<=://)[^/@\s]*(?:@[^/@\s]*)*@")
_SECRET_PARAMETER: Final = re.compile(
    r"(?i)\b((?:user(?:name)?|usr|login|pass(?:w(?:or)?d)?|pwd|psw|token|key|auth|secret)=)[^&\s\"']*"
)


class AddressRefused(ValueError):
    """A camera address that must not or cannot be opened. `code` is stable; the message is for people."""

    def __init__(self, message: str, *, code: str = "refused") -> None:
        super().__init__(message)
        self.message, self.code = message, code


@dataclass(frozen=True, slots=True)
class Credentials:
    """A camera's user name and password. Neither appears in its repr."""

    username: str = field(repr=False)
    password: str = field(repr=False, default="")

    def __post_init__(self) -> None:
        if any(ord(c) < 32 or ord(c) == 127 for c in self.username + self.password):
            raise AddressRefused("The user name or password contains a control character.", code="credentials")

    def __bool__(self) -> bool:
        return bool(self.username or self.password)


@dataclass(frozen=True, slots=True)
class PinnedAddress:
    """A checked camera address: where to connect (`ip`, `port`), and what the camera was called (`host`).

    `str()` and `repr()` never show credentials.
    """

    scheme: str
    host: str
    ip: str
    port: int
    path: str
    credentials: Credentials | None = field(default=None, repr=False)

    @property
    def secure(self) -> bool:
        return self.scheme == "rtsps"

    @property
    def host_header(self) -> str:
        """The name and port as typed in, for a protocol that wants the name back."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def url(self) -> str:
        """The pinned URL without credentials: what requests to the camera name."""
        return f"{self.scheme}://{_bracketed(self.ip)}:{self.port}{self.path}"

    @property
    def url_for_ffmpeg(self) -> str:
        """The pinned URL with credentials, which FFmpeg takes in no other way. Never to be logged."""
        if not self.credentials:
            return self.url
        user, password = quote(self.credentials.username, safe=""), quote(self.credentials.password, safe="")
        return f"{self.scheme}://{user}:{password}@{_bracketed(self.ip)}:{self.port}{self.path}"

    def redact(self, text: str) -> str:
        """The text without this camera's credentials."""
        secrets = (self.credentials.password, self.credentials.username) if self.credentials else ()
        return redact(text, *secrets)

    def __str__(self) -> str:
        return redact(f"{self.scheme}://{self.host_header}{self.path}")


def redact(text: str, *secrets: str) -> str:
    """The text with user information of URLs, password-like parameters and the given secrets struck out."""
    text = _SECRET_PARAMETER.sub(r"\1…", _USERINFO.sub("…@", text))
    for secret in secrets:
        if len(secret) > 2:  # striking out single letters would only make noise
            text = text.replace(quote(secret, safe=""), "…").replace(secret, "…")
    return text


def split_credentials(url: str) -> tuple[str, Credentials | None]:
    """Take a user name and password out of a pasted URL: (the URL without them, the credentials or None)."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise AddressRefused("This is not an address.", code="malformed") from None
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url.strip(), None
    username, _, password = userinfo.partition(":")
    clean = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    return clean, Credentials(unquote(username), unquote(password))


def pin(
    url: str,
    *,
    networks: Iterable[str] = PRIVATE_NETWORKS,
    credentials: Credentials | None = None,
    resolve: Resolve | None = None,
) -> PinnedAddress:
    """Check a camera's address, look its name up once and pin the answer.

    1. rtsp or rtsps, one host, no credentials in it, nothing that could break a request line.
    2. Numbers in any notation are read as the operating system would read them (0x7f.1, 017700000001,
       2130706433).
    3. An address wrapped in IPv6 (mapped, compatible, 6to4, NAT64) is judged by what it wraps.
    4. The first answer inside `networks` (CIDRs) and outside what is never allowed is pinned, IPv4 first.

    Raises AddressRefused with words for the person who typed it in.
    """
    scheme, host, port, path = _parse(url)
    allowed = tuple(ipaddress.ip_network(network, strict=False) for network in networks)
    candidates = _addresses(host, port, resolve or _look_up)
    refused = ""
    for candidate in sorted(candidates, key=lambda ip: ip.version):
        why = _why_refused(candidate, allowed)
        if why is None:
            return PinnedAddress(scheme, host, str(candidate), port, path, credentials or None)
        refused = refused or why
    raise AddressRefused(refused, code="network")


def _parse(url: str) -> tuple[str, str, int, str]:
    if len(url) > LONGEST_URL:
        raise AddressRefused("The address is too long.", code="malformed")
    if any(ord(c) <= 32 or ord(c) == 127 or c in '\\"<>^`{|}' for c in url):
        raise AddressRefused("The address contains a space or another character that is not allowed.", code="malformed")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("This is not an address: check the host and the port number.", code="malformed") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise AddressRefused("A camera address begins with rtsp:// or rtsps://.", code="scheme")
    if "@" in parts.netloc:
        raise AddressRefused(
            "Enter the user name and password in their own fields, not in the address.", code="userinfo"
        )
    if parts.fragment or "#" in url:
        raise AddressRefused("The address contains a “#”.", code="malformed")
    host = parts.hostname or ""
    if not host:
        raise AddressRefused("The address names no host.", code="malformed")
    if port == 0:
        raise AddressRefused("The port must lie between 1 and 65535.", code="malformed")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
        f"?{quote(parts.query, safe=_QUERY)}" if parts.query else ""
    )
    return parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], path


_QUERY: Final = "/%:@!$&'()*+,;=~-._?"


def _addresses(host: str, port: int, resolve: Resolve) -> list[IPAddress]:
    if ":" in host:
        if "%" in host:
            raise AddressRefused(f"“{host}” names a network card: leave that out.", code="malformed")
        try:
            return [_unwrapped(ipaddress.IPv6Address(host))]
        except ValueError:
            raise AddressRefused(f"“{host}” is not an IPv6 address.", code="malformed") from None
    if _NUMERIC.match(host):
        try:
            return [ipaddress.IPv4Address(socket.inet_aton(host))]
        except OSError:
            raise AddressRefused(f"“{host}” is not an IPv4 address.", code="malformed") from None
    if not _HOST_NAME.match(host):
        raise AddressRefused(f"“{host}” is not a host name.", code="malformed")
    try:
        found = resolve(host, port)
    except OSError:
        found = ()
    if not found:
        raise AddressRefused(f"The name “{host}” could not be found. Check it, or enter the IP address.", code="name")
    return [_unwrapped(ipaddress.ip_address(answer.partition("%")[0])) for answer in found]


def _look_up(host: str, port: int) -> list[str]:
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _unwrapped(ip: IPAddress) -> IPAddress:
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip.sixtofour is not None:
            return ip.sixtofour
        if int(ip) > 1 and any(ip in network for network in _WRAPPING):  # but :: and ::1 are what they are
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _why_refused(ip: IPAddress, allowed: tuple[IPNetwork, ...]) -> str | None:
    for network, why in _NEVER:
        if ip.version == network.version and ip in network:
            return f"{ip} is {why}; cameras are never opened there."
    if any(ip.version == network.version and ip in network for network in allowed):
        return None
    return (
        f"{ip} is outside the networks cameras may be in. "
        "Use an address of the camera network, or have the administrator add this network to CAMERA_NETWORKS."
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
