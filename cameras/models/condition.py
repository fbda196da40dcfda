from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cameras.models.camera import Camera
from soc.core.models import SiteOwned


class Condition(SiteOwned):
    """A time during which something was wrong with a camera: its history, and while `ended_at` is null its state."""

    class Kind(models.TextChoices):
        OFFLINE = "offline", _("no picture")
        FROZEN = "frozen", _("frozen picture")
        BLINDED = "blinded", _("covered or blinded")
        MOVED = "moved", _("view has moved")
        DARK = "dark", _("too dark to see")
        DRIFT = "drift", _("clock is wrong")
        SLOW = "slow", _("too few pictures")
        RUNAWAY = "runaway", _("too many false alarms")

    camera = models.ForeignKey(Camera, models.CASCADE, related_name="conditions")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    began_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("until"), null=True)
    # When its alert was raised: while armed at once, else with the next arming; null where none was.
    alert_at = models.DateTimeField(null=True)
    # What was measured: {"sharpness": …, "light": …, "shift": [x, y], "fps": …}
    detail = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("camera condition")
        verbose_name_plural = _("camera conditions")
        constraints = [
            models.UniqueConstraint(
                fields=["camera", "kind"], condition=Q(ended_at=None), name="condition_once_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["camera", "-began_at"], name="condition_history"),
            models.Index(fields=["site", "kind"], condition=Q(ended_at=None), name="condition_now"),
        ]

    def __str__(self) -> str:
        return f"{self.camera} · {self.get_kind_display()}"
