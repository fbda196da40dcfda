import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from soc.core.models import Organisation


class Shift(models.Model):
    """An operator at a desk. Incidents are offered to people on shift whose screen was heard of lately."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="shifts")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(help_text="the console's last heartbeat")
    free_since = models.DateTimeField(null=True, help_text="let their last incident go; null: none yet in this shift")
    desk = models.CharField(max_length=40, blank=True, help_text="what the workstation is called")
    sound_heard_at = models.DateTimeField(null=True, help_text="they said that they heard the test")
    microphone = models.CharField(max_length=10, blank=True, help_text="ok | none | failed")
    # A person at the desk, and not only a page: the last key or press, and when a page was last in sight.
    active_at = models.DateTimeField(null=True)
    awake_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True, help_text="are you there? unanswered since then")
    silent_at = models.DateTimeField(null=True, help_text="did not answer: supervisors were told")
    break_from = models.DateTimeField(null=True)
    break_until = models.DateTimeField(null=True, help_text="on a break: nothing is offered")
    last_words = models.TextField(max_length=2000, blank=True, help_text="for whoever sits down next")

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(ended_at__isnull=True), name="one_open_shift")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.started_at:%Y-%m-%d %H:%M}"


class Desk(models.Model):
    """The console of somebody without an open shift: a supervisor who takes over is there all the same."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    seen_at = models.DateTimeField(help_text="the console's last heartbeat")
    awake_at = models.DateTimeField(null=True, help_text="when a page of theirs was last in sight")

    def __str__(self) -> str:
        return f"{self.user_id} {self.seen_at:%Y-%m-%d %H:%M}"
