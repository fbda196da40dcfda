"""The verifier names the first bad row, whatever was done to the record."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from soc.core import chain, events, heads
from soc.core.models import Event
from soc.core.verify import verify
from tests.core.conftest import happen
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db(transaction=True)


def tamper(*statements: str) -> None:
    """What somebody with all rights in the database can do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL nightdesk.retention = 'on'")
        for statement in statements:
            cursor.execute(statement)


def recompute(start: int) -> None:
    """Chain every row from `start` anew, as a careful forger would."""
    rows = list(Event.objects.filter(seq__gte=start).order_by("seq"))
    before = Event.objects.filter(seq=start - 1).first()
    prev = (before and before.hash) or chain.GENESIS
    for seq, row in enumerate(rows, start):
        row.seq = seq
        prev, row.prev = chain.digest(prev, row), prev
        tamper(f"UPDATE core_event SET seq = {seq}, prev = '{row.prev}', hash = '{prev}' WHERE id = {row.pk}")


@pytest.fixture
def record(site) -> list[Event]:
    """Six sealed events; heads signed after the third and the sixth."""
    for number in range(6):
        happen(site, number=number)
        chain.seal()
        if number in {2, 5}:
            heads.sign(*chain.head(), at=NIGHT)
    return list(Event.objects.order_by("seq"))


def found() -> tuple[str, int | None]:
    finding = verify().finding
    assert finding is not None
    return finding.problem, finding.seq


def test_an_honest_record_stands(record, capsys):
    report = verify()
    assert (report.events, report.heads, report.finding) == (6, 2, None)
    call_command("verify_events")
    assert "6 events and 2 signed heads stand" in capsys.readouterr().out


def test_an_empty_record_stands(db):
    assert verify().finding is None


def test_events_that_wait_to_be_sealed_do_not_disturb(record, site):
    happen(site)
    assert verify().finding is None


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'x'",
        "data = '{}'",
        "at = at + interval '1 second'",
        "by_id = NULL, subject_id = gen_random_uuid()",
        "hash = repeat('0', 64)",
    ],
)
def test_an_edited_row_is_named(record, change):
    tamper(f"UPDATE core_event SET {change} WHERE seq = 4")
    assert found() == ("edited", 4)
    with pytest.raises(CommandError, match=f"edited at position 4 .event {record[3].pk}."):
        call_command("verify_events")


def test_the_first_of_several_bad_rows_is_named(record):
    tamper("UPDATE core_event SET kind = 'x' WHERE seq IN (2, 5)")
    assert found() == ("edited", 2)


def test_a_deleted_row_is_named(record):
    tamper("DELETE FROM core_event WHERE seq = 4")
    assert found() == ("deleted", 4)


def test_a_deleted_first_row_is_named(record):
    tamper("DELETE FROM core_event WHERE seq = 1")
    assert found() == ("deleted", 1)


def test_a_row_deleted_and_the_hole_closed_is_named(record):
    tamper(
        "DELETE FROM core_event WHERE seq = 2",
        *(f"UPDATE core_event SET seq = {n - 1} WHERE seq = {n}" for n in (3, 4, 5, 6)),
    )
    assert found() == ("reordered", 2)


def test_rows_that_changed_places_are_named(record):
    tamper(
        "UPDATE core_event SET seq = 99 WHERE seq = 2",
        "UPDATE core_event SET seq = 2 WHERE seq = 5",
        "UPDATE core_event SET seq = 5 WHERE seq = 99",
    )
    assert found() == ("reordered", 2)


def test_a_tail_cut_below_a_signed_head_is_found(record):
    tamper("DELETE FROM core_event WHERE seq > 4")
    assert found() == ("tail cut", 5)


def test_everything_deleted_is_a_tail_cut(record):
    tamper("DELETE FROM core_event")
    assert found() == ("tail cut", 1)


@pytest.mark.parametrize(("edited", "signed"), [(1, 3), (3, 3), (5, 6)])
def test_a_chain_computed_anew_is_found_at_the_first_signed_head(record, edited, signed):
    tamper(f"UPDATE core_event SET data = '{{}}' WHERE seq = {edited}")
    recompute(edited)
    assert found() == ("recomputed", signed)


def test_a_row_deleted_and_the_chain_computed_anew_is_found(record):
    tamper(
        "DELETE FROM core_event WHERE seq = 2",
        *(f"UPDATE core_event SET seq = {n - 1} WHERE seq = {n}" for n in (3, 4, 5, 6)),
    )
    recompute(1)
    assert found() == ("recomputed", 3)


def test_getting_the_forged_chain_signed_as_well_does_not_help(record):
    tamper("UPDATE core_event SET data = '{}' WHERE seq = 5")
    recompute(5)
    heads.sign(*chain.head(), at=NIGHT)
    assert found() == ("recomputed", 6)


def _change_a_letter(lines: list[str]) -> list[str]:
    head = json.loads(lines[1])
    return [lines[0], json.dumps({**head, "seq": head["seq"] - 1})]


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (_change_a_letter, 2),
        (lambda lines: [lines[0][:40], lines[1]], 1),
        (lambda lines: [lines[0], "not a head at all"], 2),
        (lambda lines: [lines[0], "{}"], 2),
        (lambda lines: ["[1, 2]", *lines], 1),
        (lambda lines: [lines[0], "\x00\x01", lines[1]], 2),
    ],
)
def test_a_damaged_heads_file_is_named_by_its_line(record, damage: Callable[[list[str]], list[str]], line):
    lines = heads.path().read_text().splitlines()
    heads.path().write_text("\n".join(damage(lines)) + "\n")
    report = verify()
    assert report.finding is not None
    assert report.finding.problem == "head file"
    assert f"line {line} " in report.finding.detail


def test_a_heads_file_that_is_not_text_is_damaged(record):
    heads.path().write_bytes(b"\xff\xfe\x00")
    assert found() == ("head file", None)


def test_heads_signed_with_another_key_do_not_count(record, settings, tmp_path):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    other = tmp_path / "other.pem"
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    other.write_bytes(pem)
    settings.HEAD_KEY_FILE = other
    assert found() == ("head file", None)


@pytest.mark.parametrize("left", [0, 1])
def test_a_heads_file_that_was_cut_is_noticed_when_the_record_goes_on_for_long(record, site, left):
    with transaction.atomic():
        events.record("test.happened", site, by=None, at=NIGHT + timedelta(hours=1))
    chain.seal()
    heads.path().write_text("".join(line + "\n" for line in heads.path().read_text().splitlines()[:left]))
    assert found() == ("head file", None)
