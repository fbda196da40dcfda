from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import models
from django.utils.translation import gettext_lazy as _

from soc.core.models import SiteOwned
from soc.core.telephone import written_out


def as_said(word: str) -> str:
    """A word as it is told on the telephone: neither case nor spaces count."""
    return " ".join(word.split()).casefold()


class SiteContact(SiteOwned):
    """Somebody of a site whom one can ask, and who proves it by a passcode. Only hashes of passcodes are kept.

    The duress word opens like the passcode, and tells the centre silently that its owner is being forced.
    """

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        STAFF = "staff", _("staff on site")
        KEYHOLDER = "keyholder", _("keyholder")
        CONTRACTOR = "contractor", _("contractor")
        INSTALLER = "installer", _("installer")

    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.STAFF)
    phone = models.CharField(
        _("phone"),
        max_length=20,
        blank=True,
        validators=[written_out],
    )
    rank = models.PositiveSmallIntegerField(_("order"), default=1, help_text=_("who is asked first"))
    enabled = models.BooleanField(_("in use"), default=True)
    passcode_hash = models.CharField(max_length=200, blank=True, editable=False)
    duress_hash = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("site contact")
        verbose_name_plural = _("site contacts")
        ordering = ["rank", "name"]

    def __str__(self) -> str:
        return self.name

    def set_passcode(self, passcode: str, duress: str = "") -> None:
        """Raises ValueError where the two are the same: nobody could be told from the other."""
        passcode, duress = as_said(passcode), as_said(duress)
        if passcode and passcode == duress:
            raise ValueError("passcode and duress word are the same")
        self.passcode_hash = make_password(passcode) if passcode else ""
        self.duress_hash = make_password(duress) if duress else ""

    def answers(self, said: str) -> str:
        """What a typed word is of this contact: "passcode", "duress" or "". Both are always compared: nobody can tell by the
        time it took which of them it was."""
        said = as_said(said)
        right = bool(self.passcode_hash) and check_password(said, self.passcode_hash)
        forced = bool(self.duress_hash) and check_password(said, self.duress_hash)
        return "duress" if forced else "passcode" if right else ""


class PasscodeTry(SiteOwned):
    """Somebody at a desk or a page typed a word as a passcode: whether it was right, never what it was. Limits guessing."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    right = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["site", "-at"], name="passcode_try_by_site")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.at:%Y-%m-%d %H:%M}"
