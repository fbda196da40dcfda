"""A socket is opened by our own pages only, under whichever of our addresses they were fetched."""

import pytest

from soc.core.origins import same_host


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
