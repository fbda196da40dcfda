from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cameras.context.arming import Interval, overlap
from soc.core.models import SiteOwned


class ArmingInterval(SiteOwned):
    """One weekly armed interval of a site, in the site's own time; an end at or before the start is on the next day.

    A site without intervals is never armed by schedule: only threats are raised there.
    """

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday.choices)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("to"), help_text=_("at or before “from”: on the next day; the same time: 24 hours"))

    class Meta:
        verbose_name = _("armed interval")
        verbose_name_plural = _("arming schedule")
        ordering = ["weekday", "starts"]
        constraints = [
            models.UniqueConstraint(fields=["site", "weekday", "starts"], name="one_interval_per_start"),
            models.CheckConstraint(name="weekday_exists", condition=Q(weekday__lte=6)),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}–{self.ends:%H:%M}"

    def interval(self) -> Interval:
        return Interval(self.weekday, self.starts, self.ends)

    def clean(self) -> None:
        super().clean()
        others = list(ArmingInterval.objects.filter(site_id=self.site_id).exclude(pk=self.pk))
        for other in others:
            if overlap(self.interval(), other.interval()):
                raise ValidationError(
                    _("This interval overlaps %(other)s. Change one of them or join them."),
                    params={"other": other},
                )
