"""The phone network, through Twilio's own SDK, validator and published description."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import pytest_asyncio
from twilio.base.exceptions import TwilioRestException

from soc.demo.phone import couriers
from soc.demo.phone.records import ANSWER, Policy
from soc.demo.phone.twiml import Invalid, parse
from soc.demo.world import World
from tests.demo.conftest import ACCOUNT, TOKEN, settings, until
from tests.demo.product import Product, sdk, serve
from tests.demo.twilio_spec import check_answer, check_request, needs_spec

RESPONDER, CENTRE = "+491701234567", "+15551230000"
ACCEPT = (
    '<Response><Gather numDigits="1" action="/pressed?attempt=7" timeout="10"><Say>A person is in the yard of '
    "Harbour Depot. Press 1 to accept.</Say></Gather><Say>No answer was given.</Say></Response>"
)
LOGIN = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
ALL = ["initiated", "ringing", "answered", "completed"]


@pytest_asyncio.fixture
async def product():
    made = Product(twiml={"/script": ACCEPT, "/pressed": "<Response><Say>Thank you.</Say></Response>"})
    runner = await serve(made)
    yield made
    await runner.cleanup()


async def call(world: World, **more):
    client = sdk(world)
    return await asyncio.to_thread(lambda: client.calls.create(**{"to": RESPONDER, "from_": CENTRE} | more))


async def status(world: World, wanted: str, sid: str):
    return await until(lambda: world.network.calls[sid].status == wanted)


async def test_a_responder_answers_hears_the_words_and_accepts_by_a_key(world, outside, product):
    made = await call(
        world,
        url=product.base + "/script",
        status_callback=product.base + "/status?call=7",
        status_callback_event=ALL,
    )
    assert (made.status, made.sid[:2], len(made.sid)) == ("queued", "CA", 34)
    await status(world, "ringing", made.sid)
    await outside.post(f"/phones/{RESPONDER}/answer")
    await until(lambda: world.network.calls[made.sid].wants_keys)
    await outside.post(f"/phones/{RESPONDER}/press", {"digit": "1"})
    await status(world, "completed", made.sid)
    await until(lambda: len(product.events()) == 4)
    assert product.events() == ["initiated", "ringing", "in-progress", "completed"]
    assert [p["SequenceNumber"] for path, p in product.received if path == "/status"] == ["0", "1", "2", "3"]
    pressed = product.form("/pressed")
    assert (pressed["Digits"], pressed["CallSid"], pressed["To"]) == ("1", made.sid, RESPONDER)
    assert int(product.form("/status")["CallDuration"]) >= 1
    assert product.unsigned == []
    (logged,) = (await outside.get("/log"))["calls"]
    assert [(line["kind"], line["text"]) for line in logged["heard"]] == [
        ("say", "A person is in the yard of Harbour Depot. Press 1 to accept."),
        ("pressed", "1"),
        ("say", "Thank you."),
    ]


async def test_a_phone_may_answer_and_press_by_itself(product):
    policy = Policy(ANSWER, answer_after_s=0.0, press=("1",), press_after_s=0.0)
    async with World(settings(policy=policy)) as world:
        made = await call(world, url=product.base + "/script")
        await status(world, "completed", made.sid)
        assert product.form("/pressed")["Digits"] == "1"


async def test_only_the_events_that_were_asked_for_are_told(world, outside, product):
    made = await call(
        world,
        twiml="<Response><Hangup/></Response>",
        status_callback=product.base + "/status",
        status_callback_event=["answered"],
    )
    await outside.post(f"/phones/{RESPONDER}/policy", {"kind": "answer", "answer_after_s": 0})
    await status(world, "completed", made.sid)
    silent = await call(world, twiml="<Response/>", status_callback=product.base + "/status")
    await status(world, "completed", silent.sid)
    await until(lambda: len(product.events()) == 2)
    assert product.events() == ["in-progress", "completed"]


@pytest.mark.parametrize(
    ("policy", "timeout", "outcome"),
    [("decline", 60, "busy"), ("ignore", 1, "no-answer"), ("fail", 60, "failed")],
)
async def test_a_call_that_is_not_answered_says_why(world, outside, product, policy, timeout, outcome):
    await outside.post(f"/phones/{RESPONDER}/policy", policy)
    made = await call(world, url=product.base + "/script", timeout=timeout, status_callback=product.base + "/status")
    await status(world, outcome, made.sid)
    await until(product.events)
    assert product.events() == [outcome]
    told = await asyncio.to_thread(lambda: sdk(world).calls(made.sid).fetch())
    assert (told.status, told.duration, told.start_time) == (outcome, None, None)


async def test_a_call_can_be_taken_back_while_it_rings(world, product):
    made = await call(world, url=product.base + "/script")
    await status(world, "ringing", made.sid)
    await asyncio.to_thread(lambda: sdk(world).calls(made.sid).update(status="canceled"))
    await status(world, "canceled", made.sid)


async def test_a_call_in_progress_can_be_led_elsewhere_and_ended(world, outside, product):
    made = await call(world, twiml='<Response><Pause length="60"/></Response>')
    await outside.post(f"/phones/{RESPONDER}/policy", {"kind": "answer", "answer_after_s": 0})
    await status(world, "in-progress", made.sid)
    live = sdk(world).calls(made.sid)
    await asyncio.to_thread(lambda: live.update(twiml='<Response><Say>Stand by.</Say><Pause length="60"/></Response>'))
    await until(lambda: any(line.text == "Stand by." for line in world.network.calls[made.sid].heard))
    await asyncio.to_thread(lambda: live.update(status="completed"))
    await status(world, "completed", made.sid)
    with pytest.raises(TwilioRestException) as refused:
        await asyncio.to_thread(lambda: live.update(twiml="<Response/>"))
    assert refused.value.code == 21220


async def test_hanging_up_ends_the_call(world, outside, product):
    made = await call(world, url=product.base + "/script")
    await status(world, "ringing", made.sid)
    await outside.post(f"/phones/{RESPONDER}/answer")
    await status(world, "in-progress", made.sid)
    await outside.post(f"/phones/{RESPONDER}/hangup")
    await status(world, "completed", made.sid)
    await outside.post(f"/phones/{RESPONDER}/hangup", status=409)
    await outside.post(f"/phones/{RESPONDER}/press", {"digit": "x"}, 400)


async def test_a_failing_script_is_said_to_the_phone_and_noted(world, outside, product):
    await outside.post("/phones/*/policy", {"kind": "answer", "answer_after_s": 0})
    made = await call(world, url=product.base + "/nowhere")
    await status(world, "completed", made.sid)
    kinds = [line.kind for line in world.network.calls[made.sid].heard]
    assert kinds == ["note", "say"]


async def test_play_fetches_the_sound_and_redirects_do_not_go_in_circles(world, outside, product):
    await outside.post("/phones/*/policy", {"kind": "answer", "answer_after_s": 0})
    product.twiml |= {
        "/sound.wav": "x" * 100,
        "/first": "<Response><Play>/second</Play></Response>",
        "/circle": "<Response><Redirect>/circle</Redirect></Response>",
    }
    made = await call(world, twiml=f"<Response><Play>{product.base}/sound.wav</Play></Response>")
    await status(world, "completed", made.sid)
    assert world.network.calls[made.sid].heard[0].text.endswith("(100 bytes)")
    circle = await call(world, url=product.base + "/circle")
    await status(world, "completed", circle.sid)
    assert "circles" in world.network.calls[circle.sid].heard[0].text


async def test_callbacks_are_tried_again_after_a_server_error(world, outside, product, monkeypatch):
    monkeypatch.setattr(couriers, "RETRIES_S", (0.01, 0.01, 0.01))
    product.statuses = [500, 503]
    await outside.post(f"/phones/{RESPONDER}/policy", "decline")
    await call(world, url=product.base + "/script", status_callback=product.base + "/status")
    await until(lambda: world.network.courier.deliveries)
    assert product.events() == ["busy"] * 3
    (delivery,) = world.network.courier.deliveries
    assert (delivery.status, delivery.attempts) == (204, 3)


async def test_callbacks_can_come_twice_and_out_of_order(world, outside, product, monkeypatch):
    monkeypatch.setattr(couriers, "DISORDER_S", 0.5)
    await outside.post("/control/phone/callbacks", {"twice": True, "disordered": True})
    await outside.post(f"/phones/{RESPONDER}/policy", "decline")
    await call(
        world,
        url=product.base + "/script",
        status_callback=product.base + "/status",
        status_callback_event=ALL,
    )
    await until(lambda: len(product.events()) == 6)
    assert sorted(product.events()) == ["busy"] * 2 + ["initiated"] * 2 + ["ringing"] * 2
    assert product.events()[0] == "ringing"


async def test_calls_are_counted_and_duplicates_noted(world, outside):
    for number in (RESPONDER, RESPONDER, "+15557654321"):
        await call(world, to=number, twiml="<Response/>")
    log = await outside.get("/log")
    assert (log["calls_placed"], len(log["calls"])) == (3, 3)
    assert len({one["sid"] for one in log["calls"]}) == 3
    (duplicate,) = log["duplicates"]
    assert (duplicate["to"], duplicate["same_script"]) == (RESPONDER, True)


async def test_calls_are_dialled_at_the_accounts_rate():
    async with World(settings(calls_per_second=2.0)) as world:
        first = await call(world, twiml="<Response/>")
        second = await call(world, twiml="<Response/>")
        await status(world, "ringing", first.sid)
        assert world.network.calls[second.sid].status == "queued"
        await status(world, "ringing", second.sid)


async def test_a_text_is_delivered_and_shown(world, outside, product):
    client = sdk(world)
    made = await asyncio.to_thread(
        lambda: client.messages.create(
            to=RESPONDER, from_=CENTRE, body="Go to Harbour Depot", status_callback=product.base + "/status"
        )
    )
    assert made.status == "queued"
    await until(lambda: len(product.events()) == 2)
    assert product.events() == ["sent", "delivered"]
    assert product.unsigned == []
    (phone,) = (await outside.get("/phones"))["phones"]
    assert (phone["number"], phone["messages"][0]["body"]) == (RESPONDER, "Go to Harbour Depot")
    told = await asyncio.to_thread(lambda: client.messages(made.sid).fetch())
    assert (told.status, told.direction) == ("delivered", "outbound-api")


async def test_after_a_time_out_the_network_can_be_asked_what_happened(world):
    before = datetime.now(UTC) - timedelta(seconds=5)
    sids = [(await call(world, twiml="<Response/>")).sid for _ in range(3)]
    client = sdk(world)

    def asked(**filters):
        return [one.sid for one in client.calls.list(to=RESPONDER, page_size=2, **filters)]

    assert await asyncio.to_thread(lambda: asked(start_time_after=before)) == sids[::-1]
    assert await asyncio.to_thread(lambda: asked(start_time_before=before)) == []
    assert await asyncio.to_thread(lambda: asked(status="completed")) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"to": "12345"}, 21211),
        ({"to": "+0123456789"}, 21211),
        ({"from_": "centre"}, 21212),
        ({"to": "+15005550002"}, 21214),
        ({"url": "ftp://somewhere/x"}, 21205),
        ({"twiml": ""}, 21205),
        ({"status_callback": "nowhere"}, 21609),
        ({"status_callback_event": ["answered", "ended"]}, 21626),
    ],
)
async def test_a_bad_call_is_refused_in_twilios_words(world, more, code):
    with pytest.raises(TwilioRestException) as refused:
        await call(world, **({"twiml": "<Response/>"} | more))
    assert (refused.value.status, refused.value.code) == (400, code)
    assert not world.network.calls


@pytest.mark.parametrize(
    ("more", "code"),
    [({"to": "x"}, 21211), ({"body": ""}, 21602), ({"body": "x" * 1_601}, 21617), ({"to": "+15005550009"}, 21614)],
)
async def test_a_bad_text_is_refused_in_twilios_words(world, more, code):
    wanted = {"to": RESPONDER, "from_": CENTRE, "body": "hello"} | more
    with pytest.raises(TwilioRestException) as refused:
        await asyncio.to_thread(lambda: sdk(world).messages.create(**wanted))
    assert (refused.value.status, refused.value.code) == (400, code)


async def test_nobody_calls_with_a_wrong_token(world, session):
    with pytest.raises(TwilioRestException) as refused:
        await asyncio.to_thread(lambda: sdk(world, "wrong").calls("CA" + "0" * 32).fetch())
    assert (refused.value.status, refused.value.code) == (401, 20003)
    url = f"http://127.0.0.1:{world.phone_port}/2010-04-01/Accounts/{ACCOUNT}/Calls/CA{'0' * 32}.json"
    async with session.get(url, headers=LOGIN) as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, 20404)


@needs_spec
async def test_requests_and_answers_are_as_twilio_describes_them(world, session, product):
    base = f"http://127.0.0.1:{world.phone_port}/2010-04-01/Accounts/{ACCOUNT}"

    async def ask(path: str, door: str, form: dict | None = None) -> dict:
        method = "get" if form is None else "post"
        if form is not None:
            check_request(door, form)
        async with session.request(method, base + path, headers=LOGIN, data=form) as answer:
            body = await answer.json()
            check_answer(door, method, answer.status, body)
            return body

    made = await ask(
        "/Calls.json",
        "/Calls.json",
        {
            "To": RESPONDER,
            "From": CENTRE,
            "Url": product.base + "/script",
            "Method": "POST",
            "Timeout": "25",
            "StatusCallback": product.base + "/status",
            "StatusCallbackEvent": "answered",
            "StatusCallbackMethod": "POST",
        },
    )
    await ask("/Calls.json?PageSize=1", "/Calls.json")
    await ask(f"/Calls/{made['sid']}.json", "/Calls/{Sid}.json")
    await ask(f"/Calls/{made['sid']}.json", "/Calls/{Sid}.json", {"Status": "canceled"})
    await status(world, "canceled", made["sid"])
    await ask(f"/Calls/{made['sid']}.json", "/Calls/{Sid}.json")
    text = await ask("/Messages.json", "/Messages.json", {"To": RESPONDER, "From": CENTRE, "Body": "hello"})
    await ask("/Messages.json", "/Messages.json")
    await ask(f"/Messages/{text['sid']}.json", "/Messages/{Sid}.json")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<Response><Say>",
        "<Answer/>",
        "<Response><Dial>+1</Dial></Response>",
        "<Response><Gather><Hangup/></Gather></Response>",
        '<!DOCTYPE x [<!ENTITY a "aa">]><Response><Say>&a;</Say></Response>',
    ],
)
def test_instructions_that_cannot_be_read_are_refused(document):
    with pytest.raises(Invalid):
        parse(document)


# -- the page and its doors --------------------------------------------------------------------------------------------


async def test_the_page_carries_everything_itself(outside):
    page = (await outside.bytes("/")).decode()
    assert "http" not in page.replace("http-equiv", "")
    for file in ("/page/phones.css", "/page/phones.js"):
        assert file in page
        assert b"https://" not in await outside.bytes(file)


async def test_the_page_waits_for_changes(world, outside):
    version = (await outside.get("/phones"))["version"]
    waiting = asyncio.create_task(outside.get(f"/phones?after={version}&wait=10"))
    await call(world, twiml="<Response/>")
    assert (await asyncio.wait_for(waiting, 5))["version"] > version
    await outside.get("/phones?after=soon", 400)


async def test_another_web_page_cannot_press_the_buttons(outside):
    await outside.post(f"/phones/{RESPONDER}/answer", status=403, headers={"Origin": "http://evil.example"})
    await outside.post(f"/phones/{RESPONDER}/answer", status=409, headers={"Origin": outside.base})


@pytest.mark.parametrize("policy", ["sleep", {"kind": "answer", "press": "1"}, {"answer_after_s": -1}, [1]])
async def test_a_policy_that_makes_no_sense_is_refused(outside, policy):
    await outside.post(f"/phones/{RESPONDER}/policy", policy, 400)
