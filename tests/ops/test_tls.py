"""https on a closed network: an authority of one's own, once, and a certificate for every name of this machine."""

from __future__ import annotations

import http.server
import ssl
import threading
import urllib.error
import urllib.request

import pytest

from soc.ops import tls


def test_a_client_that_trusts_the_authority_trusts_the_server(tmp_path):
    files = tls.ensure(tmp_path, "127.0.0.2")
    server = http.server.HTTPServer(("127.0.0.2", 0), http.server.SimpleHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    try:
        trusting = ssl.create_default_context(cafile=str(files.authority))
        address = f"https://127.0.0.2:{server.server_port}/nothing-here"
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting)
        )
        with pytest.raises(urllib.error.HTTPError, match="404"):
            opener.open(address, timeout=10)
    finally:
        thread.join(10)
        server.server_close()


def test_the_authority_stays_and_a_new_name_gets_a_new_certificate(tmp_path):
    first = tls.ensure(tmp_path, "127.0.0.1")
    authority, certificate = first.authority.read_bytes(), first.certificate.read_bytes()
    again = tls.ensure(tmp_path, "127.0.0.1")
    assert again.certificate.read_bytes() == certificate
    other = tls.ensure(tmp_path, "127.0.0.3")
    assert other.certificate.read_bytes() != certificate
    assert other.authority.read_bytes() == authority
    assert other.key.stat().st_mode & 0o077 == 0
