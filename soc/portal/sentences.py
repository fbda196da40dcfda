"""Plain sentences for customers, made when shown, in the reader's language."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents.models import Incident
from incidents.models.incident import State
from incidents.outcomes import Outcome, SiteState, Verdict
from soc.core.models import User
from soc.core.rights import Role

# What happened, while nobody has said otherwise. %(place)s is a zone or camera as the customer named it.
_SEEN: dict[str, Promise] = {
    "person": gettext_lazy("Someone was seen at %(place)s"),
    "group": gettext_lazy("Several people were seen at %(place)s"),
    "loitering": gettext_lazy("Someone stayed at %(place)s"),
    "line_crossing": gettext_lazy("Someone crossed the line at %(place)s"),
    "person_down": gettext_lazy("Someone lay on the ground at %(place)s"),
    "weapon": gettext_lazy("Someone with a weapon was seen at %(place)s"),
    "vehicle": gettext_lazy("A vehicle was seen at %(place)s"),
    "unfiltered_motion": gettext_lazy("Something moved at %(place)s"),
    "tamper_person": gettext_lazy("Someone tampered with the camera at %(place)s"),
    "blinded": gettext_lazy("The camera at %(place)s was covered"),
    "moved": gettext_lazy("The camera at %(place)s was moved"),
    "frozen": gettext_lazy("The picture from %(place)s stands still"),
    "dark": gettext_lazy("It is too dark to see at %(place)s"),
    "slow": gettext_lazy("Too few pictures come from %(place)s"),
    "armed_impaired": gettext_lazy("The site was armed while not every camera could see"),
    "drift": gettext_lazy("The clock of the camera at %(place)s is wrong"),
    "offline": gettext_lazy("No picture from %(place)s"),
    "site_lost": gettext_lazy("No pictures from the whole site"),
    "perception_down": gettext_lazy("Pictures could not be checked by machine"),
    "fire": gettext_lazy("Fire alarm"),
    "medical": gettext_lazy("Medical alarm"),
    "hold_up": gettext_lazy("Hold-up alarm"),
    "duress": gettext_lazy("Duress alarm"),
    "panic": gettext_lazy("Panic alarm"),
    "silent_guard": gettext_lazy("A guard did not answer"),
    "alarm": gettext_lazy("The alarm system went off"),
    "heartbeat_lost": gettext_lazy("The alarm system fell silent"),
    "unscheduled_disarm": gettext_lazy("The site was disarmed at an unusual time"),
    "early_open": gettext_lazy("The site was opened earlier than usual"),
    "late_close": gettext_lazy("The site was not closed in time"),
}

# What it turned out to be: names the incident once it is closed, where that says more than what was seen.
_WAS: dict[str, Promise] = {
    Outcome.STAFF: gettext_lazy("Your own staff at %(place)s"),
    Outcome.CONTRACTOR: gettext_lazy("A contractor at %(place)s"),
    Outcome.DELIVERY: gettext_lazy("A delivery at %(place)s"),
    Outcome.USER_ERROR: gettext_lazy("An alarm set off by mistake"),
    Outcome.TEST: gettext_lazy("A test"),
    Outcome.ANIMAL: gettext_lazy("An animal at %(place)s"),
    Outcome.WEATHER: gettext_lazy("Weather at %(place)s"),
    Outcome.LIGHT: gettext_lazy("Light at %(place)s"),
    Outcome.OUTSIDE_ZONE: gettext_lazy("Movement outside the watched area at %(place)s"),
    Outcome.DETECTOR: gettext_lazy("Nobody was at %(place)s"),
    Outcome.HOAX: gettext_lazy("A hoax"),
}

_ENDED: dict[str, Promise] = {
    Outcome.DETERRED: gettext_lazy("They left when they were spoken to."),
    Outcome.LEFT: gettext_lazy("They left before anybody stepped in."),
    Outcome.LOSS: gettext_lazy("Something was taken or damaged."),
    Outcome.DETAINED: gettext_lazy("Somebody was detained."),
    Outcome.ATTEMPT: gettext_lazy("It stayed an attempt."),
    Outcome.HOLD_UP: gettext_lazy("It was a hold-up."),
    Outcome.EMERGENCY: gettext_lazy("It was a real emergency."),
    Outcome.STAFF: gettext_lazy("It was your own staff. Nothing was needed."),
    Outcome.CONTRACTOR: gettext_lazy("It was a contractor. Nothing was needed."),
    Outcome.DELIVERY: gettext_lazy("It was a delivery. Nothing was needed."),
    Outcome.USER_ERROR: gettext_lazy("It was set off by mistake. Nothing was needed."),
    Outcome.TEST: gettext_lazy("It was a test."),
    Outcome.ANIMAL: gettext_lazy("It was an animal. Nothing was needed."),
    Outcome.WEATHER: gettext_lazy("It was the weather. Nothing was needed."),
    Outcome.LIGHT: gettext_lazy("It was a change of light. Nothing was needed."),
    Outcome.OUTSIDE_ZONE: gettext_lazy("It was outside the watched area. Nothing was needed."),
    Outcome.DETECTOR: gettext_lazy("Nobody was there. Nothing was needed."),
    Outcome.CAMERA: gettext_lazy("It was a fault of the camera."),
    Outcome.POWER: gettext_lazy("It was a fault of power or network."),
    Outcome.OBSTRUCTION: gettext_lazy("Something stood in the camera's way."),
    Outcome.PLATFORM: gettext_lazy("It was a fault on our side."),
    Outcome.HOAX: gettext_lazy("It was a hoax."),
    Outcome.BLINDING: gettext_lazy("Somebody blinded the camera on purpose."),
    Outcome.NOTHING_SEEN: gettext_lazy("We looked and saw nobody."),
    Outcome.NO_PICTURE: gettext_lazy("There was no picture to judge by."),
}

_LEFT_AS: dict[str, Promise] = {
    SiteState.SECURE: gettext_lazy("The site is secure and armed."),
    SiteState.REARMED: gettext_lazy("The site is armed again."),
    SiteState.LEFT_UNSET: gettext_lazy("The site was left unset, as you decided."),
    SiteState.INSECURE: gettext_lazy("The site is not secure; somebody follows up."),
}

_ROLES: dict[str, Promise] = {
    Role.OPERATOR: gettext_lazy("specialist"),
    Role.SUPERVISOR: gettext_lazy("shift lead"),
    Role.DUTY_MANAGER: gettext_lazy("duty manager"),
    Role.QA: gettext_lazy("quality review"),
    Role.OWNER: pgettext_lazy("a customer's person", "owner"),
    Role.VIEWER: pgettext_lazy("a customer's person", "viewer"),
}


def title(incident: Incident, place: str) -> str:
    """What happened, in one sentence without a full stop."""
    words = _WAS.get(incident.outcome) if incident.outcome else None
    words = words or _SEEN.get(incident.category) or gettext_lazy("An alarm at %(place)s")
    return str(words) % {"place": place}


def seen(category: str, place: str) -> str:
    """What a signal of this category says happened, whatever it turned out to be."""
    return str(_SEEN.get(category) or gettext_lazy("An alarm at %(place)s")) % {"place": place}


def sign(user: User | None) -> str:
    """A specialist by call-sign, never by name."""
    return (user.call_sign if user else "") or _("A specialist")


def role_word(role: str) -> str:
    return str(_ROLES.get(role, ""))


def calm(incident: Incident) -> bool:
    """Whether it ended with nothing needed."""
    return incident.state == State.CLOSED and incident.verdict in (Verdict.FALSE, Verdict.AUTHORISED)


def ending(incident: Incident) -> str:
    """How it ended; empty while it goes on."""
    return str(_ENDED[incident.outcome]) if incident.outcome else ""


def left_as(incident: Incident) -> str:
    return str(_LEFT_AS[incident.site_state]) if incident.site_state else ""


def gist(incident: Incident) -> str:
    """What a customer reads first: the specialist's own summary when there is one, else what is known."""
    if incident.state == State.CLOSED:
        return incident.summary or " ".join(filter(None, [_acts(incident), ending(incident)]))
    return " ".join(filter(None, [_now(incident), _acts(incident)]))


def _now(incident: Incident) -> str:
    who = {"sign": sign(incident.owner)}
    if incident.state == State.CLAIMED:
        return _("%(sign)s is looking at it now.") % who
    if incident.state == State.WAITING:
        return _("%(sign)s is on it and waits for an answer.") % who
    if incident.state == State.WORKING:
        if incident.verdict in (Verdict.REAL, Verdict.SUSPICIOUS):
            return _("%(sign)s takes it seriously and is acting.") % who
        return _("%(sign)s has looked and is finishing.") % who
    if incident.state == State.PARKED:
        return _("We have looked, and we will look again.")
    return _("A specialist will look at it again.")


def _acts(incident: Incident) -> str:
    said = []
    if incident.audio_sent_at:
        said.append(_("We spoke over the loudspeaker."))
    if incident.on_site_at:
        said.append(_("A responder came to the site."))
    elif incident.responder_accepted_at:
        said.append(_("A responder was sent."))
    elif incident.call_placed_at:
        said.append(_("We called a responder."))
    return " ".join(said)


def in_short(incident: Incident) -> str:
    """Two or three words beside the date in a list."""
    if calm(incident):
        return _("nothing needed")
    if incident.outcome:
        return Outcome(incident.outcome).label.lower()
    if incident.state in (State.CLAIMED, State.WORKING, State.WAITING):
        return _("%(sign)s is on it") % {"sign": sign(incident.owner)}
    return _("not finished")
