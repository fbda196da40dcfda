from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.vision.address import AddressRefused, pin
from soc.core.crypto import SecretField
from soc.core.models import SiteOwned

PORT: Final = 80


class Relay(SiteOwned):
    """Something at the site that is switched by a camera's or a panel's output: a light, a siren, a gate."""

    class Kind(models.TextChoices):
        LIGHT = "light", _("light")
        SIREN = "siren", _("siren")
        GATE = "gate", _("gate")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=80, help_text=_("what operators read: “Yard lights”"))
    address = models.CharField(
        _("address"),
        max_length=240,
        help_text=_("of the camera's or panel's ONVIF device service: http://10.0.0.5/onvif/device_service"),
    )
    output = models.CharField(
        _("output"),
        max_length=64,
        validators=[RegexValidator(r"^[\x21-\x7e]+$", _("Write the output's token as the device names it."))],
        help_text=_("the token by which the device names it"),
    )
    username = models.CharField(_("user name"), max_length=80, blank=True)
    password = SecretField(_("password"), blank=True)
    goes_back = models.BooleanField(
        _("goes back by itself"),
        default=False,
        help_text=_("the device ends it after its own time (monostable): as a siren and a gate's button do"),
    )
    enabled = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("relay")
        verbose_name_plural = _("relays")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="relay_name_in_site")]

    def __str__(self) -> str:
        return f"{self.site.name} · {self.name}"

    def clean(self) -> None:
        super().clean()
        try:
            place(self.address)
        except AddressRefused as error:
            raise ValidationError({"address": str(error)}) from error
        if self.kind == self.Kind.SIREN and not self.goes_back:
            raise ValidationError(
                {"goes_back": _("A siren must end by itself: set its time at the device, and tick this.")}
            )


def place(address: str) -> tuple[str, str, str]:
    """Where a device's service is: (http://number:port, path, the host as it was typed). Its name is looked up and checked anew,
    as a camera's is: nothing but the networks of cameras is ever asked. Raises AddressRefused.
    """
    try:
        parts = urlsplit(address)
        port = parts.port or PORT
    except ValueError:
        raise AddressRefused("This is not an address: check the host and the port number.", code="malformed") from None
    if parts.scheme != "http" or not parts.hostname:
        raise AddressRefused("A relay's address begins with http:// and names a host.", code="scheme")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise AddressRefused("The address is a host and a path, with nothing else.", code="malformed")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    pinned = pin(f"rtsp://{host}:{port}{parts.path or '/'}", networks=settings.CAMERA_NETWORKS)
    number = f"[{pinned.ip}]" if ":" in pinned.ip else pinned.ip
    return f"http://{number}:{port}", pinned.path, pinned.host_header
