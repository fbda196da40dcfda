import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from soc.core.models import Customer, Organisation
from soc.core.telephone import written_out


class Responder(models.Model):
    """A vetted responder whom an operator can send. Not an emergency service, whose numbers are not kept here.

    What is said at the site follows the kind: “law enforcement is on the way” is true of sworn officers only.
    """

    class Kind(models.TextChoices):
        GUARD = "guard", _("guard")
        KEYHOLDER = "keyholder", _("keyholder")
        LAW_ENFORCEMENT = "law_enforcement", _("sworn officers under contract")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="responders")
    customers = models.ManyToManyField(
        Customer, blank=True, related_name="responders", help_text=_("none: serves every customer")
    )
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=Kind.choices,
        default=Kind.GUARD,
        help_text=_("what is said at the site must be true of them; never the number of an emergency service"),
    )
    phone = models.CharField(
        _("phone"),
        max_length=20,
        validators=[written_out],
    )
    minutes = models.PositiveSmallIntegerField(_("usual arrival"), default=15, help_text=_("minutes"))
    rank = models.PositiveSmallIntegerField(_("order"), default=1, help_text=_("who is called first"))
    enabled = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("responder")
        verbose_name_plural = _("responders")
        ordering = ["rank", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def masked(self) -> str:
        """The number as it may be shown in a record: the last three digits."""
        return "•••" + self.phone[-3:]
