"""One world for all tests of a file: each sees it as it was built, in a transaction of its own that is taken back."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import override_settings

from tests.tenants.world import World, build_world


@pytest.fixture(scope="module")
def evidence(tmp_path_factory) -> dict[str, Any]:
    """The settings by which the world's clips and pictures are found again by each test."""
    place = {**django_settings.STORAGES["evidence"], "OPTIONS": {"location": str(tmp_path_factory.mktemp("evidence"))}}
    return {**django_settings.STORAGES, "evidence": place}


@pytest.fixture(autouse=True)
def evidence_in_a_folder_of_its_own(settings, evidence) -> None:
    settings.STORAGES = evidence


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker, evidence) -> Iterator[World]:
    whole = transaction.atomic()
    whole._from_testcase = True  # what must be the outermost transaction may be inside a test's
    hasher = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with django_db_blocker.unblock(), whole:
        with override_settings(STORAGES=evidence, PASSWORD_HASHERS=hasher):
            world = build_world()
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def world(built: World, db) -> World:
    return copy.deepcopy(built)
