"""How a telephone number is written: as every network of the world takes it (E.164)."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

written_out = RegexValidator(r"^\+[1-9]\d{6,14}$", _("Write the number as +, country code, number."))
