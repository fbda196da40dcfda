"""A socket is opened by our own pages only, under whichever of our addresses they were fetched."""

import asyncio

import pytest

from soc.core.origins import OwnOrigin, same_host


@pytest.fixture(autouse=True)
def house(settings):
    settings.ALLOWED_HOSTS = ["desk.example", "192.168.1.20"]
    settings.SECURE = False


@pytest.mark.parametrize("host", ["desk.example", "desk.example:8000", "192.168.1.20:8000"])
def test_a_page_may_listen_where_it_was_fetched(host):
    assert same_host(f"http://{host}", host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", "desk.example"),  # another site's page
        ("http://evil.example", "evil.example"),  # a name that is not ours, rebound to our address
        ("http://desk.example:9000", "desk.example:8000"),  # another program on the same machine
        ("https://desk.example", "desk.example"),  # not our scheme
        ("null", "desk.example"),
        ("", ""),
        ("http://", ""),
        ("http://[", "["),
    ],
)
def test_no_other_page_may(origin, host):
    assert not same_host(origin, host)


def test_a_secure_desk_listens_to_secure_pages_only(settings):
    settings.SECURE = True
    assert same_host("https://desk.example", "desk.example")
    assert not same_host("http://desk.example", "desk.example")


@pytest.mark.django_db  # a socket that is refused looks after the connections of its thread
@pytest.mark.parametrize(("cookie", "opened"), [(b"sessionid=abc", True), (b'sessionid="\\000bcdefghij"', False)])
def test_a_cookie_that_no_row_can_have_opens_no_socket(cookie, opened):
    reached, said = [], []
    messages = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}]

    async def app(scope, receive, send):
        reached.append(scope)

    async def receive():
        return messages.pop(0)

    async def send(message):
        said.append(message["type"])

    headers = [(b"origin", b"http://desk.example"), (b"host", b"desk.example"), (b"cookie", cookie)]
    scope = {"type": "websocket", "path": "/ws/feed", "headers": headers}
    asyncio.run(OwnOrigin(app, [])(scope, receive, send))
    assert (bool(reached), said) == (opened, [] if opened else ["websocket.close"])
