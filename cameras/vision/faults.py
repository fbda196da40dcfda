"""Everything that can be wrong with a camera, as codes to store and translate and as words to act on."""

from __future__ import annotations

from typing import Final, Literal

Fault = Literal[
    "refused",
    "unreachable",
    "timed_out",
    "unauthorised",
    "not_found",
    "busy",
    "redirected",
    "no_video",
    "garbage",
    "too_large",
    "stalled",
    "ended",
    "no_tls",
    "no_backchannel",
    "silenced",
    "crashed",
]

WORDS: Final[dict[Fault, str]] = {
    "refused": "The camera refused the connection: is it on, and is the port right?",
    "unreachable": "The camera cannot be reached: check its address and the network.",
    "timed_out": "The camera did not answer in time.",
    "unauthorised": "The camera did not accept the user name and password.",
    "not_found": "The camera answered, but has no stream at this path.",
    "busy": "The camera is busy: it serves no more connections.",
    "redirected": "The camera sends its visitors to another address, which is not followed.",
    "no_video": "The camera answered, but sends no video.",
    "garbage": "What answered is not a camera stream, or the stream is damaged.",
    "too_large": "The camera's picture is too large: set a smaller one, or give the address of its small picture too.",
    "stalled": "The camera is connected but sends no new pictures.",
    "ended": "The camera closed the connection.",
    "no_tls": "The camera does not speak TLS: use rtsp:// instead of rtsps://.",
    "no_backchannel": "This camera has no loudspeaker connection (ONVIF backchannel).",
    "silenced": "The camera stopped the sound.",
    "crashed": "The camera sent something that brought the test down; it is not used. Check what it is.",
}

# Trying again soon gives the same answer: somebody has to change something first.
PERMANENT: Final[frozenset[Fault]] = frozenset(
    (
        "unauthorised",
        "not_found",
        "redirected",
        "no_video",
        "too_large",
        "no_tls",
        "no_backchannel",
        "silenced",
        "crashed",
    )
)


class CameraError(Exception):
    """A camera that cannot be used as asked. `fault` is the code, `permanent` says whether to try again.

    The message is `WORDS` and at most an error's name or a status: never a URL, never credentials.
    """

    def __init__(self, fault: Fault, detail: str = "") -> None:
        self.fault: Fault = fault
        self.detail = detail
        self.message = f"{WORDS[fault]} ({detail})" if detail else WORDS[fault]
        self.permanent = fault in PERMANENT
        super().__init__(self.message)
