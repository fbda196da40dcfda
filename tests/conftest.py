"""The cast: one organisation with two customers, another organisation, and who works where."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management.commands import flush
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations

from cameras.models import Camera, Zone
from soc.core import prepared
from soc.core.models import Customer, Organisation, Site, User
from soc.ops.migrated import TEMPLATE
from soc.ops.servers import MIGRATED
from tests import factories as make
from tests.statics import look_once

look_once()

# The files that take longest come first: begun last, one of them would be waited for while nothing else is left. Among them
# those that mostly wait (for cameras, for clocks), beside what works; and then what needs a browser, all of it together, so that
# each process starts one once.
LONGEST = (
    "line/test_whole_line.py", "watching/test_hostile.py", "tenants/test_urls.py", "watching/test_evidence.py",
    "ops/test_world.py", "tenants/test_administration.py", "watching/test_watcher.py", "vision/test_hostile.py",
    "watching/test_conditions.py", "admin/test_scope.py", "vision/test_ingest.py",
    "watching/test_quarantine.py", "watching/test_keeper.py", "tenants/test_garbage.py", "core/test_feed.py",
    "watching/test_two_streams.py", "demo/test_cameras.py", "watching/test_live.py", "vision/test_recorder.py",
    "incidents/test_claim.py", "line/test_https.py", "browser/test_live_view.py", "browser/test_console_states.py",
    "browser/test_console_layout.py", "browser/test_shift.py", "browser/test_supervision.py", "browser/test_portal.py",
    "browser/test_console_doing.py", "browser/test_console_pictures.py", "browser/test_night.py",
)  # fmt: skip
TESTS = Path(__file__).parent


def pytest_collection_finish() -> None:
    """What was imported by now stays to the end: looking through it for garbage costs a tenth of a second each time."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {TESTS / name: number for number, name in enumerate(LONGEST)}

    def turn(item: pytest.Item) -> int:
        return rank.get(item.path, len(rank) + (TESTS / "browser" not in item.path.parents))

    items.sort(key=turn)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """The database of the tests begins as a copy of the one that is migrated already, where the servers are our own."""
    if MIGRATED in os.environ:
        django_settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = TEMPLATE


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Threads that live as long as their process, as those that serve HTTP do, keep their connections: PostgreSQL ends
    them, for a database that somebody is connected to cannot be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


@pytest.fixture(autouse=True)
def evidence_in_a_folder_of_its_own(settings, tmp_path):
    """Evidence written by a test lies in that test's folder."""
    place = {**settings.STORAGES["evidence"], "OPTIONS": {"location": str(tmp_path / "evidence")}}
    settings.STORAGES = {**settings.STORAGES, "evidence": place}


@pytest.fixture(autouse=True)
def questions_of_their_own_for_tests_that_break_something(request):
    """What a test puts in the place of a rule is to be asked by, and by nobody after it."""
    breaks = "monkeypatch" in request.fixturenames
    if breaks:
        prepared.forget()
    yield
    if breaks:
        prepared.forget()


# Made by the migrations, the same for every test.
KEPT_TABLES = {"django_content_type", "auth_permission"}


@pytest.fixture(autouse=True, scope="session")
def a_transactional_test_leaves_nothing_behind():
    """Django ends one with a TRUNCATE of every table, which takes thirty times as long as to delete what little is there,
    and then with what follows a migration, which makes again what we keep. The tables are locked as by a TRUNCATE: who was
    killed while writing has finished or has not. Triggers are off, those that guard the record too."""

    def sql_flush(operations, style, tables, *, reset_sequences=False, allow_cascade=False):
        if reset_sequences:
            raise NotImplementedError("no test of ours counts on numbers that begin anew")
        names = [operations.quote_name(table) for table in tables if table not in KEPT_TABLES]
        lock = f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE"
        return [
            lock,
            "SET LOCAL session_replication_role = 'replica'",
            "; ".join(f"DELETE FROM {name}" for name in names),
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **kwargs: None)
        yield


@pytest.fixture(autouse=True)
def passwords_are_hashed_fast(settings):
    """A real hash takes a third of a second, and the cast logs in for nearly every test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def organisation(db) -> Organisation:
    return make.make_organisation()


@pytest.fixture
def customer(organisation) -> Customer:
    """Carol's."""
    return make.make_customer(organisation)


@pytest.fixture
def site(customer) -> Site:
    return make.make_site(customer)


@pytest.fixture
def camera(site) -> Camera:
    return make.make_camera(site)


@pytest.fixture
def zone(camera) -> Zone:
    """Inside: a person there is priority 1."""
    return make.make_zone(camera)


@pytest.fixture
def other_customer(organisation) -> Customer:
    """Bob's, of the same organisation."""
    return make.make_customer(organisation, "Corvane Autos")


@pytest.fixture
def other_site(other_customer) -> Site:
    return make.make_site(other_customer, "Corvane Forecourt", address="4 Mill Road, Corvane")


@pytest.fixture
def other_camera(other_site) -> Camera:
    return make.make_camera(other_site, "Forecourt")


@pytest.fixture
def other_organisation(db) -> Organisation:
    return make.make_organisation("Lantern Guard")


@pytest.fixture
def alice(organisation) -> User:
    """An operator."""
    return make.make_user("alice", "operator", organisation, call_sign="Ines")


@pytest.fixture
def dave(organisation) -> User:
    """A second operator."""
    return make.make_user("dave", "operator", organisation, call_sign="Mara")


@pytest.fixture
def sam(organisation) -> User:
    """The supervisor."""
    return make.make_user("sam", "supervisor", organisation, call_sign="Joel")


@pytest.fixture
def admin(organisation) -> User:
    return make.make_user("admin", "admin", organisation, is_staff=True)


@pytest.fixture
def carol(customer) -> User:
    """Owner of `customer`."""
    return make.make_user("carol", "owner", customer)


@pytest.fixture
def bob(other_customer) -> User:
    """Owner of `other_customer`."""
    return make.make_user("bob", "owner", other_customer)


@pytest.fixture
def oscar(other_organisation) -> User:
    """An operator of the other organisation."""
    return make.make_user("oscar", "operator", other_organisation)
