"""https under a name that is not loopback's. To a browser only https makes such a page secure, so what it says is proof."""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Error as PlaywrightError

from bench.desk import Desk, chrome, log_in, new_page
from soc.ops.world import World, free_ports

# Nobody's name outside; the browser is told that it is this machine, as a control room's own name server would.
NAME = "desk.nightdesk.test"
ADDRESS = "127.0.0.2"
SECURE = "[isSecureContext, Boolean(navigator.mediaDevices?.getUserMedia), typeof VideoDecoder]"


@dataclass
class Product:
    """A product behind https: `url` as people type it, `authority` the file that their browsers are told to trust."""

    world: World
    password: str
    port: int
    authority: Path

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"


@pytest.fixture
def product() -> Iterator[Product]:
    var = Path(tempfile.mkdtemp(prefix="nightdesk-https-"))
    ports, password = free_ports(), secrets.token_urlsafe(16)
    env = {
        "PUBLIC_URL": f"https://{NAME}:{ports.web}",
        "DEMO_PASSWORD": password,
        "DEMO_CAMERAS": "none",
        "LOG_LEVEL": "WARNING",
    }
    world = World(var, ports=ports, host=ADDRESS, https=True, only={"web", "spine"}, throwaway=True, env=env)
    try:
        with world:
            world.wait_healthy(120)
            assert world.authority is not None
            yield Product(world, password, ports.web, world.authority)
    finally:
        world.remove()


def certificate_of(product: Product, trust: ssl.SSLContext) -> bytes:
    """The server's certificate as DER. Raises SSLCertVerificationError where `trust` does not reach it."""
    with (
        socket.create_connection((ADDRESS, product.port), timeout=20) as plain,
        trust.wrap_socket(plain, server_hostname=NAME) as secure,
    ):
        certificate = secure.getpeercert(binary_form=True)
        assert certificate is not None
        return certificate


def test_the_console_is_a_secure_page_under_a_name_of_its_own(product):
    with pytest.raises(ssl.SSLCertVerificationError):
        certificate_of(product, ssl.create_default_context())
    certificate = certificate_of(product, ssl.create_default_context(cafile=str(product.authority)))

    # A browser that trusts this server's key and no other, as one does that was given the authority.
    key = x509.load_der_x509_certificate(certificate).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    trust = f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}"
    with chrome(f"--host-resolver-rules=MAP {NAME} {ADDRESS}", trust) as browser:
        page = new_page(browser)
        log_in(page, product.url, "ines", product.password)
        desk = Desk(page, product.url)
        desk.sit_down()
        desk.wait_quiet()

        assert page.evaluate("location.origin") == product.url
        assert page.evaluate(SECURE) == [True, True, "function"]
        desk.until(lambda: desk.feed.beats, lambda beats: beats > 1, "the feed's beats")
        assert all(address.startswith(f"wss://{NAME}:") for address in desk.feed.sockets)
        cookies = {cookie["name"]: cookie for cookie in page.context.cookies(product.url)}
        assert {"sessionid", "csrftoken"} <= cookies.keys()
        assert all(cookie["secure"] for cookie in cookies.values())
        assert cookies["sessionid"]["httpOnly"]
        assert desk.trouble.said == []
    warns_a_browser_that_was_not_told(product)


def warns_a_browser_that_was_not_told(product: Product) -> None:
    with chrome(f"--host-resolver-rules=MAP {NAME} {ADDRESS}") as browser:
        page = new_page(browser)
        with pytest.raises(PlaywrightError, match="ERR_CERT_AUTHORITY_INVALID"):
            page.goto(f"{product.url}/login/")
