"""Adapters: the ports in the vendors' languages. The only place of this app that opens connections."""

from responses.adapters.backchannel import Backchannel
from responses.adapters.onvif import OnvifRelays
from responses.adapters.twilio import TwilioText, TwilioVoice
from responses.ports import Relays, Talkdown, Text, Voice


def voice() -> Voice:
    return TwilioVoice()


def text() -> Text:
    return TwilioText()


def talkdown() -> Talkdown:
    return Backchannel()


def relays() -> Relays:
    return OnvifRelays()
