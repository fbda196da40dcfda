"""Refusals in Twilio's words and codes (https://www.twilio.com/docs/api/errors)."""

from __future__ import annotations

import re

E164 = re.compile(r"^\+[1-9]\d{6,14}$")


class Refused(Exception):
    """An error answer."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, object]:
        """The JSON that Twilio sends."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def unauthorized() -> Refused:
    return Refused(20003, "Authenticate", 401)


def not_found(path: str) -> Refused:
    return Refused(20404, f"The requested resource {path} was not found", 404)


# The numbers that Twilio keeps for trying errors (test credentials).
_CALL_MAGIC = {
    "+15005550001": (21217, "Phone number is not valid"),
    "+15005550002": (21214, "'To' phone number cannot be reached"),
    "+15005550003": (21215, "Account not authorized to call this number"),
    "+15005550004": (21216, "Account not allowed to call this number"),
}
_TEXT_MAGIC = {
    "+15005550001": (21211, "The 'To' number is not a valid phone number."),
    "+15005550002": (21612, "The 'To' phone number is not currently reachable via SMS"),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region"),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "'To' number is not a valid mobile number"),
}


def check_call_numbers(to: str, sender: str) -> None:
    """Refuse what a carrier could not dial."""
    if not to:
        raise Refused(21201, "No 'To' number is specified")
    if not sender:
        raise Refused(21213, "Caller phone number is required")
    if not E164.match(to):
        raise Refused(21211, f"Invalid 'To' Phone Number: {to}")
    if not E164.match(sender):
        raise Refused(21212, f"Invalid 'From' Phone Number: {sender}")
    if to in _CALL_MAGIC:
        raise Refused(*_CALL_MAGIC[to])


def check_text(to: str, sender: str, service: str, body: str, media: str) -> None:
    """Refuse a text that could not be sent."""
    if not to:
        raise Refused(21604, "A 'To' phone number is required.")
    if not sender and not service:
        raise Refused(21603, "A 'From' phone number is required.")
    if not E164.match(to):
        raise Refused(21211, f"Invalid 'To' Phone Number: {to}")
    if sender and not E164.match(sender) and not re.match(r"^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$", sender):
        raise Refused(21212, f"Invalid 'From' Phone Number: {sender}")
    if not body and not media:
        raise Refused(21602, "Message body is required.")
    if len(body) > 1_600:
        raise Refused(21617, "The concatenated message body exceeds the 1600 character limit.")
    if to in _TEXT_MAGIC:
        raise Refused(*_TEXT_MAGIC[to])


def check_url(url: str, code: int, name: str) -> None:
    """Refuse what is no absolute web address."""
    if url and not re.match(r"^https?://[^\s/]+", url):
        raise Refused(code, f"{name} is not a valid URL: {url[:200]}")
