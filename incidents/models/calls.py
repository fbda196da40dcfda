"""Calls that outlast whoever took them: promised to somebody, or from somebody who was not who they said."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.models.incident import Incident
from soc.core.models import SiteOwned

LONGEST_WHO: Final = 120
LONGEST_NUMBER: Final = 30
LONGEST_WORDS: Final = 400


class CallNote(SiteOwned):
    """A call that the desk owes somebody, or a caller to beware of. It is open until somebody says what became of it, whoever
    sits at the desk by then; when it is due it is shown as overdue.
    """

    class Kind(models.TextChoices):
        PROMISED = "promised", _("call promised")
        SUSPICIOUS = "suspicious", _("suspicious caller")

    class Ended(models.TextChoices):
        DONE = "done", _("done")
        DROPPED = "dropped", _("not needed any more")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, related_name="call_notes")
    who = models.CharField(_("who"), max_length=LONGEST_WHO)
    number = models.CharField(_("number"), max_length=LONGEST_NUMBER, blank=True)
    words = models.CharField(_("what about"), max_length=LONGEST_WORDS)
    due_at = models.DateTimeField(_("due"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    overdue_at = models.DateTimeField(
        null=True, help_text="when the sweep found that it was due and nobody had ended it"
    )
    put_off = models.PositiveSmallIntegerField(default=0, help_text="how often it was put off")
    ended = models.CharField(max_length=10, choices=Ended.choices, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("call note")
        verbose_name_plural = _("call notes")
        constraints = [
            models.CheckConstraint(
                condition=Q(ended="", ended_at=None) | ~Q(ended="") & Q(ended_at__isnull=False), name="call_note_ended"
            )
        ]
        indexes = [
            models.Index(fields=["site", "due_at"], condition=Q(ended_at__isnull=True), name="call_note_open"),
            models.Index(
                fields=["due_at"], condition=Q(ended_at__isnull=True, overdue_at__isnull=True), name="call_note_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.who}"
