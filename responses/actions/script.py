"""What is said to a responder, on the telephone and as a text. Words only; only what is true whenever it is said."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from twilio.twiml.voice_response import Gather, VoiceResponse

from incidents.models import Incident
from incidents.subjects import current, sentence
from responses.models import Attempt

LISTEN_S = 6  # silence before the question is repeated
LONGEST_SEEN = (
    600  # characters: a text of more than 1,600 is refused and nobody reads it; the responder's page has all cards
)
ACCEPT, DECLINE, ON_SITE = "1", "2", "3"


def marker(incident: Incident) -> str:
    """What every text about an incident contains and no other does."""
    return f"{incident.reference}."


def text_body(incident: Incident) -> str:
    """Where to go and how to answer. No media: a text may be read by anyone who holds the phone."""
    words = _(
        "%(centre)s: please go to %(site)s, %(address)s. %(seen)sReference %(marker)s "
        "Reply YES to accept, NO to decline, HERE when you are on site."
    )
    return words % _names(incident)


def with_link(body: str, address: str) -> str:
    """The text as it is sent: what was planned, and where the rest is read and answered."""
    return f"{body} " + _("Details and answers: %(address)s") % {"address": address}


def question(attempt: Attempt, *, gather_url: str) -> str:
    """The call: who calls, where to go, and the keys; asked twice, then it hangs up. Returns TwiML."""
    incident = attempt.incident
    asked = _(
        "This is %(centre)s, monitoring centre. Please go to %(site)s, %(address)s. %(seen)sReference %(spelled)s. "
        "To accept, press 1. To decline, press 2."
    )
    response = VoiceResponse()
    for _round in range(2):
        response.append(_listen(asked % _names(incident), gather_url))
    response.say(_("You gave no answer, so somebody else is asked. Goodbye."))
    response.hangup()
    return str(response)


def page_body(incident: Incident, address: str) -> str:
    """What whoever is on call reads: that nobody claims it, or that its owner has gone, and where it is taken up. No word of what
    is seen there."""
    if incident.absent_since is not None:
        words = _(
            "%(centre)s: whoever had %(marker)s has gone, nobody took over. Priority %(priority)s, %(site)s. Open it: %(link)s"
        )
    else:
        words = _("%(centre)s: nobody has claimed %(marker)s Priority %(priority)s, %(site)s. Open it: %(link)s")
    return words % {**_names(incident), "priority": incident.priority, "link": address}


def approval_body(incident: Incident, address: str) -> str:
    """What whoever is on call reads where an operator waits for their word. No word of what is seen there."""
    words = _("%(centre)s: an operator waits for a supervisor's word on %(marker)s %(site)s. Decide: %(link)s")
    return words % {**_names(incident), "link": address}


def page(attempt: Attempt, *, gather_url: str) -> str:
    """The call to whoever is on call: what waits, and the key that says it was heard. Returns TwiML."""
    incident = attempt.incident
    said = _(
        "This is %(centre)s. Nobody looks after incident %(spelled)s, priority %(priority)s, at %(site)s. "
        "To say that you have heard this and look after it, press 1. If you cannot, press 2."
    )
    names = {**_names(incident), "priority": incident.priority}
    response = VoiceResponse()
    for _round in range(2):
        response.append(_listen(said % names, gather_url))
    response.say(_("You gave no answer. Goodbye."))
    response.hangup()
    return str(response)


def accepted(attempt: Attempt, *, gather_url: str) -> str:
    """After "yes": the address once more, and the key for being there. Returns TwiML."""
    said = _(
        "Thank you. You are expected at %(site)s, %(address)s. Entrance: %(entrance)s. "
        "If you are there already, press 3. If you cannot come after all, press 2. "
        "Otherwise hang up, and text HERE when you are there."
    )
    if not attempt.site.entrance:
        said = _(
            "Thank you. You are expected at %(site)s, %(address)s. "
            "If you are there already, press 3. If you cannot come after all, press 2. "
            "Otherwise hang up, and text HERE when you are there."
        )
    response = VoiceResponse()
    response.append(_listen(said % _names(attempt.incident), gather_url))
    response.say(_("Goodbye."))
    response.hangup()
    return str(response)


def farewell(words: str) -> str:
    """One sentence, then the line is closed. Returns TwiML."""
    response = VoiceResponse()
    response.say(words)
    response.hangup()
    return str(response)


def silence() -> str:
    """Hang up without a word. Returns TwiML."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def _listen(words: str, gather_url: str) -> Gather:
    gather = Gather(num_digits=1, action=gather_url, method="POST", timeout=LISTEN_S, input="dtmf")
    gather.say(words)
    return gather


def _seen(incident: Incident) -> str:
    """Whom they may meet, as the operator last described them: “Seen: one man, red jacket. ”; "" where nobody is described.
    Whoever is armed is told of first, and of the rest as much as a text can hold."""
    cards = [
        sentence(card)
        for card in sorted(current(incident), key=lambda card: card.facts.get("weapon", "none") == "none")
    ]
    shown: list[str] = []
    length = 0
    for card in cards:
        length += len(card) + 2
        if shown and length > LONGEST_SEEN:
            break
        shown.append(card)
    if not shown:
        return ""
    if left := len(cards) - len(shown):
        shown.append(ngettext("and %(n)s more", "and %(n)s more", left) % {"n": left})
    return _("Seen: %(who)s.") % {"who": "; ".join(shown)} + " "


def _names(incident: Incident) -> dict[str, str]:
    site = incident.site
    return {
        "centre": incident.organisation.name,
        "site": site.name,
        "address": site.address,
        "entrance": site.entrance,
        "seen": _seen(incident),
        "marker": marker(incident),
        "spelled": " ".join(incident.reference.replace("-", "")),
    }
