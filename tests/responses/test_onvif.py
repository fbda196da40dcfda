"""A device at a site that answers what nobody should believe, or never to an end."""

from __future__ import annotations

import socket
import threading
import time
from xml.etree import ElementTree

import pytest

from responses.adapters import onvif
from responses.ports import Output, Unclear


@pytest.mark.parametrize("named", ["@elsewhere.example/x", ".elsewhere.example/x", "elsewhere.example/x", "http:@e/x"])
def test_a_device_that_names_no_path_names_no_other_host_either(named):
    root = ElementTree.fromstring(f"<a><x>{named}</x></a>")
    assert onvif._path(root, "x") == ""


def test_the_path_of_an_address_is_kept(monkeypatch):
    root = ElementTree.fromstring("<a><x>http://elsewhere.example/onvif/events?id=1</x></a>")
    assert onvif._path(root, "x") == "/onvif/events?id=1"


@pytest.fixture
def device(monkeypatch):
    """Answers with a head, and then with one byte after the other."""
    monkeypatch.setattr(onvif, "WHOLE_S", 0.5)
    over, door = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def answer(head: bytes) -> None:
        line, _who = door.accept()
        with line:
            line.recv(65536)
            line.sendall(head)
            while not over.wait(0.05):
                try:
                    line.sendall(b" ")
                except OSError:
                    return  # hung up on, as it should be

    def begin(head: bytes, **login: str) -> Output:
        threading.Thread(target=answer, args=[head], daemon=True).start()
        host = f"127.0.0.1:{door.getsockname()[1]}"
        return Output(f"http://{host}", "/", host, "light", **login)

    yield begin
    over.set()
    door.close()


@pytest.mark.parametrize(
    ("head", "login"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", {}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", {}),
        (
            b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="a", nonce="b"\r\nContent-Length: 9999\r\n\r\n',
            {"username": "a", "password": "b"},
        ),
    ],
    ids=["head", "body", "log-in"],
)
def test_a_device_that_answers_byte_by_byte_holds_nobody_up(device, head, login):
    began = time.monotonic()
    with pytest.raises(Unclear):
        onvif.OnvifRelays().switch(device(head, **login), on=True)
    assert time.monotonic() - began < 6
