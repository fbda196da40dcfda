"""Secrets at rest: a text field that PostgreSQL only ever sees encrypted (Fernet: AES-128-CBC + HMAC-SHA256)."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=4)
def _box(keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",")])


def encrypt(text: str) -> str:
    return _box(settings.FIELD_KEY).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Raises ImproperlyConfigured when FIELD_KEY does not hold the key that the value was written with."""
    try:
        return _box(settings.FIELD_KEY).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured("FIELD_KEY cannot read a stored secret: was the key replaced?") from error


class SecretField(models.TextField):
    """A string encrypted at rest; empty stays empty. Cannot be searched."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return decrypt(value) if value else value
