"""Calls, messages and pages of them as Twilio writes them in JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

from soc.demo.phone.calls import rfc2822
from soc.demo.phone.records import Call, Message

API = "/2010-04-01"
CALL_PARTS = (
    "notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions",
    "user_defined_message_subscriptions", "user_defined_messages",
)  # fmt: skip
SEGMENT = 160

T = TypeVar("T", Call, Message)


def call_json(call: Call, account: str) -> dict[str, object]:
    """The Call resource."""
    uri = f"{API}/Accounts/{account}/Calls/{call.sid}"
    duration = call.duration_s
    return {
        "sid": call.sid,
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.updated),
        "parent_call_sid": None,
        "account_sid": account,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.sender,
        "from_formatted": call.sender,
        "phone_number_sid": None,
        "status": call.status,
        "start_time": _time(call.started),
        "end_time": _time(call.ended),
        "duration": None if duration is None else str(duration),
        "price": None,
        "price_unit": "USD",
        "direction": "outbound-api",
        "answered_by": None,
        "api_version": "2010-04-01",
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {part: f"{uri}/{_camel(part)}.json" for part in CALL_PARTS},
    }


def message_json(message: Message, account: str) -> dict[str, object]:
    """The Message resource."""
    uri = f"{API}/Accounts/{account}/Messages/{message.sid}"
    return {
        "sid": message.sid,
        "date_created": rfc2822(message.created),
        "date_updated": rfc2822(message.updated),
        "date_sent": _time(message.sent),
        "account_sid": account,
        "to": message.to,
        "from": message.sender or None,
        "messaging_service_sid": message.service or None,
        "body": message.body,
        "status": message.status,
        "num_segments": str(max(1, -(-len(message.body) // SEGMENT))),
        "num_media": "0",
        "direction": "outbound-api",
        "api_version": "2010-04-01",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def page_json(
    name: str,
    found: Sequence[T],
    show: Callable[[T, str], dict[str, object]],
    account: str,
    query: dict[str, str],
    page: int,
    size: int,
) -> dict[str, object]:
    """One page of a list, with the addresses of the pages beside it. ``query`` holds the filters."""
    base = f"{API}/Accounts/{account}/{name}.json"
    start = page * size
    shown = found[start : start + size]

    def address(number: int) -> str:
        return f"{base}?{urlencode(query | {'PageSize': str(size), 'Page': str(number)})}"

    return {
        name.lower(): [show(item, account) for item in shown],
        "page": page,
        "page_size": size,
        "start": start,
        "end": max(start, start + len(shown) - 1),
        "uri": address(page),
        "first_page_uri": address(0),
        "next_page_uri": address(page + 1) if start + size < len(found) else None,
        "previous_page_uri": address(page - 1) if page else None,
    }


def _time(at: datetime | None) -> str | None:
    return rfc2822(at) if at else None


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))
