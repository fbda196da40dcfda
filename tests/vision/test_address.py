from __future__ import annotations

import pytest

from cameras.vision import address
from cameras.vision.address import AddressRefused, Credentials, PinnedAddress, pin, redact, split_credentials


def answers(*addresses: str):
    return lambda host, port: addresses


def refused(url: str, **kwargs) -> AddressRefused:
    with pytest.raises(AddressRefused) as caught:
        pin(url, **{"resolve": answers("192.168.1.9"), **kwargs})
    assert caught.value.message.endswith((".", "”."))
    return caught.value


def test_a_private_camera_is_pinned_to_the_number_that_was_checked():
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["192.168.1.20"]

    camera = pin("rtsp://cam-3.site.lan/stream1?channel=1", resolve=resolve)
    assert camera.url_for_ffmpeg == "rtsp://192.168.1.20:554/stream1?channel=1"
    assert camera.host_header == "cam-3.site.lan:554"
    assert asked == ["cam-3.site.lan"]


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.1/x",
        "file:///etc/passwd",
        "rtspu://192.168.1.1/",
        "concat:a|b",
        "subfile,,start,0,end,0,,:/etc/passwd",
        "data:video/mp4;base64,AAAA",
        "pipe:0",
        "unix:/run/secret.sock",
        "/etc/passwd",
        "../../etc/passwd",
        "C:\\Windows\\win.ini",
        "rtmp://192.168.1.1/x",
        "srt://192.168.1.1:9000",
        "udp://192.168.1.1:9000",
        "ftp://192.168.1.1/x",
        "gopher://192.168.1.1/x",
        "rtsph://192.168.1.1/",
        "rtsp:192.168.1.1",
        "javascript:alert(1)",
        "RTSP_X://192.168.1.1/",
        "//192.168.1.1/",
        "192.168.1.1",
        "",
    ],
)
def test_only_rtsp_is_opened(url: str):
    assert refused(url).code in ("scheme", "malformed")


def test_capitals_in_the_scheme_are_no_other_scheme():
    assert pin("RTSP://192.168.1.1/").url == "rtsp://192.168.1.1:554/"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "8.8.8.8",
        "0x7f.1",
        "017700000001",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[::8.8.8.8]",
        "[::ffff:0:127.0.0.1]",
        "[2001:db8::1]",
        "[fec0::1]",
        "0177.0.0.1",
        "0x7F.0x0.0x0.0x1",
        "127.0.1",
        "00000177.1",
        "134744072",
        "172.32.0.1",
        "192.169.0.1",
        "100.64.0.1",
        "198.18.0.1",
    ],
)
def test_what_is_outside_the_allowed_networks_is_refused_however_it_is_written(host: str):
    assert refused(f"rtsp://{host}/").code == "network"


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "[::ffff:169.254.169.254]",
        "169.254.3.4",
        "100.100.100.200",
        "0.0.0.0",
        "0",
        "224.0.0.5",
        "255.255.255.255",
        "[::]",
        "[fe80::1]",
        "[ff02::1]",
        "[fd00:ec2::254]",
        "0251.0376.0251.0376",
        "169.16689662",
        "[::169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::1]",
        "[::ffff:0:169.254.169.254]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[2001:0:a9fe:a9fe::1]",
        "168.63.129.16",
        "192.0.0.192",
        "[fd20:ce::254]",
        "[febf::1]",
        "0.1.2.3",
    ],
)
def test_some_addresses_are_never_opened_whatever_the_settings_say(host: str):
    assert refused(f"rtsp://{host}/", networks=["0.0.0.0/0", "::/0"]).code == "network"


def test_a_name_that_leads_to_a_forbidden_place_is_refused():
    assert refused("rtsp://cam.example/", resolve=answers("169.254.169.254")).code == "network"
    assert refused("rtsp://cam.example/", resolve=answers("::1", "127.0.0.1")).code == "network"


def test_a_name_that_leads_elsewhere_at_the_second_look_is_not_followed_there(monkeypatch):
    """Rebinding: what was checked is what is opened, and the next connection checks anew."""
    given = iter([["10.0.0.9"], ["169.254.169.254"], ["::ffff:127.0.0.1"], ["10.0.0.10"]])
    monkeypatch.setattr(address, "_look_up", lambda host, port: next(given))
    first = pin("rtsp://cam.example:8554/x")
    assert (first.ip, first.url_for_ffmpeg) == ("10.0.0.9", "rtsp://10.0.0.9:8554/x")
    for _ in range(2):
        with pytest.raises(AddressRefused) as caught:
            pin("rtsp://cam.example:8554/x")
        assert caught.value.code == "network"
    assert pin("rtsp://cam.example:8554/x").ip == "10.0.0.10"


def test_of_several_answers_an_allowed_one_is_pinned():
    camera = pin("rtsp://cam.example/", resolve=answers("fe80::1%eth0", "8.8.8.8", "10.1.2.3"))
    assert camera.ip == "10.1.2.3"


def test_an_unknown_name_says_what_to_do():
    assert "IP address" in refused("rtsp://nowhere.lan/", resolve=answers()).message


def test_loopback_is_opened_where_the_settings_add_it():
    assert pin("rtsp://127.0.0.1:8554/yard", networks=["127.0.0.0/8"]).port == 8554
    assert pin("rtsp://0x7f.1/", networks=["127.0.0.0/8"]).url == "rtsp://127.0.0.1:554/"
    assert pin("rtsp://[::ffff:10.0.0.1]/").ip == "10.0.0.1"
    assert pin("rtsps://[fd12::5]/a").url == "rtsps://[fd12::5]:322/a"


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://192.168.1.1/a b",
        "rtsp://192.168.1.1/a\r\nSETUP x",
        "rtsp://192.168.1.1/a\x00",
        "rtsp://192.168.1.1:0/",
        "rtsp://192.168.1.1:70000/",
        "rtsp://192.168.1.1:abc/",
        "rtsp:///nohost",
        "rtsp://192.168.1.1/#x",
        "rtsp://-cam/",
        "rtsp://192.168.1.1\\@evil/",
        "rtsp://999.1.1.1/",
        "rtsp://[fe80::zz]/",
        "rtsp://[fd12::5%25eth0]/",
        "rtsp://[::ffff:2130706433]/",
        "rtsp://0x/",
        "rtsp://1.2.3.4.5/",
        "rtsp://4294967296/",
        "rtsp://127.0.0.1\t.evil/",
        "rtsp://\u2460\u2461\u2466.0.0.1/",
        "rtsp://\uff11\uff12\uff17.0.0.1/",
        "rtsp://" + "a" * 3000,
    ],
)
def test_malformed_addresses_are_refused_in_words(url: str):
    assert refused(url).code == "malformed"


def test_credentials_belong_into_their_own_fields():
    assert refused("rtsp://admin:secret@192.168.1.1/").code == "userinfo"
    assert "secret" not in refused("rtsp://admin:secret@192.168.1.1/").message
    clean, found = split_credentials("rtsp://ad%40min:s%3Ae@192.168.1.1:554/x?y=1")
    assert clean == "rtsp://192.168.1.1:554/x?y=1"
    assert found == Credentials("ad@min", "s:e")
    assert split_credentials("rtsp://192.168.1.1/") == ("rtsp://192.168.1.1/", None)


def test_credentials_are_never_shown():
    camera = pin("rtsp://192.168.1.1/a?user=bob&pwd=hunter22", credentials=Credentials("admin", "p@ss:w/rd"))
    assert camera.url_for_ffmpeg == "rtsp://admin:p%40ss%3Aw%2Frd@192.168.1.1:554/a?user=bob&pwd=hunter22"
    for shown in (repr(camera), str(camera), camera.redact(camera.url_for_ffmpeg), repr(camera.credentials)):
        assert "p@ss" not in shown
        assert "p%40ss" not in shown
        assert "admin" not in shown
    assert "hunter22" not in str(camera)


def test_redact_strikes_out_what_is_secret_and_keeps_the_rest():
    text = "rtsp://u:p@10.0.0.1/live?password=abc&x=1 failed with topsecret"
    assert redact(text, "topsecret") == "rtsp://…@10.0.0.1/live?password=…&x=1 failed with …"
    assert redact("rtsp://a@b:c@10.0.0.1/x") == "rtsp://…@10.0.0.1/x"


def test_control_characters_in_a_password_are_refused():
    with pytest.raises(AddressRefused):
        Credentials("admin", "x\r\nInjected: yes")


def test_a_pinned_address_may_be_made_of_its_parts():
    assert PinnedAddress("rtsp", "h", "10.0.0.1", 554, "/x").url == "rtsp://10.0.0.1:554/x"
