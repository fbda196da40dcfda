"""Secrets are made once, for their owner alone, and the environment wins."""

from __future__ import annotations

import stat

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from soc.ops import secrets

KEYS = [*secrets.MAKERS, "HEAD_KEY_FILE"]


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch):
    for key in KEYS:
        monkeypatch.setenv(key, "")  # so that monkeypatch restores what load() puts there


def test_secrets_are_made_once_and_kept_private(tmp_path, monkeypatch):
    secrets.load(tmp_path)
    import os

    first = {key: os.environ[key] for key in KEYS}
    assert all(first.values())
    Fernet(first["FIELD_KEY"].encode())
    assert first["TWILIO_ACCOUNT_SID"].startswith("AC")
    assert len(first["TWILIO_ACCOUNT_SID"]) == 34
    with open(first["HEAD_KEY_FILE"], "rb") as file:
        assert isinstance(load_pem_private_key(file.read(), None), Ed25519PrivateKey)
    for path in (tmp_path / "secrets.env", tmp_path / "head_key.pem"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for key in KEYS:
        monkeypatch.setenv(key, "")
    secrets.load(tmp_path)
    assert {key: os.environ[key] for key in KEYS} == first


def test_what_the_environment_has_is_used_and_not_written(tmp_path, monkeypatch):
    for key in KEYS:
        monkeypatch.setenv(key, "given")
    secrets.load(tmp_path)
    assert list(tmp_path.iterdir()) == []
