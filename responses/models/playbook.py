from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from incidents.models import Incident
from responses.models.contact import Responder
from soc.core.models import PublishedVersion, SiteOwned


class Playbook(PublishedVersion):
    """What to do, in order. body: {"families": ["intrusion"], "steps": [{"id", "kind", "title", "help", "required"}, …]}

    kind is one of look, question, talk, relay, call, text, note, close; a relay says which: {"relay": "light"}.
    `answers` lists {"code", "label"}; one with "goto" names the later step that is asked next, and what lies between is not.
    """

    class Meta:
        verbose_name = _("playbook")
        verbose_name_plural = _("playbooks")
        constraints = [models.UniqueConstraint(fields=["organisation", "name", "number"], name="playbook_version")]


class Message(PublishedVersion):
    """Something said at the site. body: {"text": …, "audio": key of a file in static/voice, "needs": "" or one of NEEDS}

    What is said must be true: a message is refused until what it `needs` has happened.
    """

    # Each is fulfilled by a call that stands, to anybody or to a responder of that kind.
    NEEDS: ClassVar = {
        "call_placed": None,
        "guard_called": Responder.Kind.GUARD,
        "law_enforcement_called": Responder.Kind.LAW_ENFORCEMENT,
    }

    blocked: str = ""  # why it cannot be played now, filled by responses.actions.available_messages; not a column

    class Meta:
        verbose_name = _("recorded message")
        verbose_name_plural = _("recorded messages")
        constraints = [models.UniqueConstraint(fields=["organisation", "name", "number"], name="message_version")]


class PlaybookRun(SiteOwned):
    """A playbook's steps, frozen when the incident was first claimed, and what became of each."""

    incident = models.OneToOneField(Incident, models.PROTECT, related_name="run")
    playbook = models.ForeignKey(Playbook, models.PROTECT, related_name="runs")
    steps = models.JSONField(help_text="the version's steps as they were")
    # [{"id", "kind", "name", "goes_back"}]: what can be switched at the site. Steps for what is not there are left out.
    relays = models.JSONField(default=list)
    # {step id: {"state": "done" | "skipped", "at": ISO, "by": user id, "answer": …, "reason": …}}
    results = models.JSONField(default=dict)
