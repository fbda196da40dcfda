"""A full house: ten thousand incidents open and three hundred thousand closed; what the queue's read and a claim cost, and what
fifty operators make of it who claim them all.

`measure` starts servers of its own and this module as processes with Django.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

from bench.figures import Row, rank
from soc.ops import secrets
from soc.ops.paths import CHECKOUT
from soc.ops.servers import Servers

OPEN, CLOSED, SITES, OPERATORS = 10_000, 300_000, 200, 50
RUNS, LOOKS, CLAIMS = 3, 40, 60
HANDS: Final = 2  # processes that the operators are spread over; each incident is wanted by one operator of each
NOTE_EVERY: Final = 5
PAGE_MS, QUERIES, RATIO = 10.0, 4, 3.0
LONGEST_S: Final = 420


def measure(say: Callable[[str], None]) -> list[Row]:
    """Four rows. Raises CalledProcessError with what a process said."""
    var = Path(tempfile.mkdtemp(prefix="nightdesk-queue-"))
    try:
        with Servers(var) as servers:
            secrets.load(var)
            env = {**os.environ, **servers.urls(), "NIGHTDESK_VAR": str(var), "LOG_LEVEL": "ERROR"}
            began = time.monotonic()
            found = _run(env, "figures")
            say(f"{OPEN:,} open and {CLOSED:,} closed: {time.monotonic() - began:.0f} s with what made them")
            began = time.monotonic()
            running = [_start(env, "claim", str(hand)) for hand in range(HANDS)]
            told = [_end(process) for process in running]
            took = time.monotonic() - began
            judged = _run(env, "judge", json.dumps(told))
    finally:
        shutil.rmtree(var, ignore_errors=True)
    say(f"{OPEN:,} claimed by {OPERATORS} in {took:.0f} s: {judged}")
    tried = sum(one["tried"] for one in told)
    return [
        Row(
            f"queue's read, {OPEN:,} open and {CLOSED:,} closed, p50", max(found["queue_ms"]), "ms", found["raw_queue_ms"],
            "the ids of its first rows by hand", PAGE_MS,
            f"worst of {RUNS} runs of {LOOKS}; with {found['rows']} rendered rows; the snapshot {found['snapshot_ms']:.0f} ms, "
            f"the whole page {found['page_ms']:.0f} ms",
        ),
        Row("queries of the queue's read", found["queries"], "", None, "", QUERIES, "however much waits"),
        Row(
            "claim over the raw SQL of the same claim", max(found["claim_ratio"]), "×", 1.0,
            "psycopg2: lock, update, event, commit",
            RATIO,
            f"worst of {RUNS} runs of {CLAIMS}; {found['claim_ms']:.1f} ms over {found['raw_claim_ms']:.1f} ms",
        ),
        Row(
            f"{OPERATORS} operators claim {OPEN:,} incidents: two owners, or a note lost", judged["wrong"], "", None, "", 0,
            f"{tried:,} tried in {took:.0f} s, {judged['claimed']:,} claimed once each, {judged['notes']:,} notes as written",
        ),
    ]  # fmt: skip


def _start(env: dict[str, str], *what: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.console_queue", *what]
    return subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=subprocess.PIPE, text=True)


def _end(process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _err = process.communicate(timeout=LONGEST_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, said)
    return dict(json.loads(said.splitlines()[-1]))


def _run(env: dict[str, str], *what: str) -> dict[str, Any]:
    return _end(_start(env, *what))


# --- in a process of its own, with Django


def figures() -> dict[str, Any]:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from bench import console_cast
    from soc.core.models import Organisation, User

    Organisation.objects.get_or_create(name=console_cast.CENTRE)
    people = console_cast.operators(OPERATORS)
    fill([site for site, _key in console_cast.sites(SITES)])
    # With their memberships, which the console's door reads before any verb.
    users = [User.objects.prefetch_related("memberships").get(pk=pk) for pk, _cookie in people]
    return read(users[0], people[0][1]) | claims(users)


def fill(sites: list[str]) -> None:
    """Rows by the thousand, each a copy of one that the product made, with times, states and numbers of its own."""
    from django.db import connection

    from bench import console_cast
    from cameras.models import Candidate
    from incidents import actions
    from incidents.models import Alert, Incident
    from soc.core import clock
    from soc.core.models import Site

    first = console_cast.intrusion(Site.objects.get(pk=sites[0]))
    alert = actions.raise_alert(first.pk, at=clock.now())
    Incident.objects.filter(pk=alert.incident_id).update(
        offered_to=None, claim_by=None, supervisor_by=None, oncall_by=None
    )
    moment = "now() - n * interval '20 seconds'"
    times = dict.fromkeys(("captured_at", "received_at", "judged_at", "queued_at", "turn_at", "last_alert_at"), moment)
    there = {"site_id": "(%(sites)s::uuid[])[1 + n %% %(count)s]"}
    last = OPEN + CLOSED
    closed = {"state": f"CASE WHEN n <= {OPEN} THEN 'open' ELSE 'closed' END"}
    closed["closed_at"] = f"CASE WHEN n <= {OPEN} THEN NULL ELSE {moment} END"
    with connection.cursor() as cursor:

        def copy(model: Any, pk: Any, count: int, **other: str) -> None:
            columns = {field.column: f"t.{field.column}" for field in model._meta.concrete_fields}
            columns |= {"id": "gen_random_uuid()"} | {k: v for k, v in (times | there | other).items() if k in columns}
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
                f"FROM {model._meta.db_table} t, generate_series(1, {count}) n WHERE t.id = %(pk)s",
                {"pk": pk, "sites": sites, "count": len(sites)},
            )

        copy(Incident, alert.incident_id, last, number="1000000 + n", priority="1 + n %% 3", **closed)
        copy(Candidate, first.pk, OPEN, dedup="'bench-' || n", camera_id="NULL", zone_id="NULL")
        copy(Alert, alert.pk, 0)
        columns = {str(field.column): f"t.{field.column}" for field in Alert._meta.concrete_fields}
        columns |= {"id": "gen_random_uuid()", "incident_id": "i.id", "candidate_id": "c.id", "site_id": "i.site_id"}
        cursor.execute(
            f"INSERT INTO {Alert._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
            f"FROM {Alert._meta.db_table} t, {Incident._meta.db_table} i JOIN {Candidate._meta.db_table} c "
            "ON c.dedup = 'bench-' || (i.number - 1000000) WHERE t.id = %s",
            [alert.pk],
        )
        cursor.execute("ANALYZE")


def read(user: Any, cookie: str) -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from soc.console import strip

    with CaptureQueriesContext(connection) as asked:
        rows = strip.queue(user)["rows"]
    queries = len(asked)  # the next request begins a new account
    page = Client(SERVER_NAME="127.0.0.1")
    page.cookies["sessionid"] = cookie
    assert page.get("/console/").status_code == 200
    by_hand = (
        "SELECT id FROM incidents_incident WHERE organisation_id = %s AND state <> 'closed' "
        "ORDER BY priority, turn_at LIMIT 20"
    )  # fmt: skip

    def raw() -> None:
        with connection.cursor() as cursor:
            cursor.execute(by_hand, [user.memberships.all()[0].organisation_id])
            cursor.fetchall()

    return {
        "queries": queries,
        "rows": len(rows),
        "queue_ms": [median_ms(lambda: strip.queue(user)) for _ in range(RUNS)],
        "raw_queue_ms": median_ms(raw),
        "snapshot_ms": median_ms(lambda: strip.snapshot(user)),
        "page_ms": median_ms(lambda: page.get("/console/")),
    }


def median_ms(act: Callable[[], object], times: int = LOOKS) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - began))
    return rank(took, 0.5)


def claims(people: list[Any]) -> dict[str, Any]:
    """By the product and by hand, one after the other in turn."""
    from django.db import connection

    from incidents import actions
    from incidents.models import Incident
    from soc.core import clock

    connection.ensure_connection()
    waiting = Incident.objects.unclaimed().order_by("-number").values_list("pk", flat=True)
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    pks, owners = iter(list(waiting[: 2 * RUNS * CLAIMS])), itertools.cycle(people)
    for _run in range(RUNS):
        ours.append([])
        theirs.append([])
        for _ in range(CLAIMS):
            began = time.perf_counter()
            actions.claim(next(pks), by=next(owners), at=clock.now())
            ours[-1].append(1000 * (time.perf_counter() - began))
            began = time.perf_counter()
            claim_by_hand(connection.connection, next(pks), next(owners), clock.now())
            theirs[-1].append(1000 * (time.perf_counter() - began))
    medians = [(statistics.median(a), statistics.median(b)) for a, b in zip(ours, theirs, strict=True)]
    give_back()
    return {
        "claim_ratio": [a / b for a, b in medians],
        "claim_ms": statistics.median(a for a, _b in medians),
        "raw_claim_ms": statistics.median(b for _a, b in medians),
    }


def give_back() -> None:
    """All of it waits again."""
    from incidents.models import Incident
    from incidents.models.incident import State

    held = Incident.objects.exclude(state__in=[State.CLOSED, State.OPEN])
    held.update(state=State.OPEN, owner=None, token=0, claimed_at=None, verdict_by=None)


def claim_by_hand(connection: Any, pk: Any, owner: Any, at: Any) -> None:
    """What `claim` writes and locks, as SQL, in a transaction of its own."""
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT i.*, s.* FROM incidents_incident i JOIN core_site s ON s.id = i.site_id WHERE i.id = %s "
                "FOR NO KEY UPDATE OF i",
                [pk],
            )
            row = cursor.fetchone()
            cursor.execute(
                "SELECT id FROM incidents_shift WHERE user_id = %s AND ended_at IS NULL FOR NO KEY UPDATE", [owner.pk]
            )
            cursor.fetchall()
            cursor.execute(
                "UPDATE incidents_incident SET state = 'claimed', owner_id = %s, token = token + 1, claimed_at = %s, "
                "verdict_by = %s, claim_by = NULL, supervisor_by = NULL, oncall_by = NULL, offered_to_id = NULL, "
                "offered_at = NULL WHERE id = %s",
                [owner.pk, at, at + timedelta(seconds=30), pk],
            )
            cursor.execute(
                "INSERT INTO core_event (kind, subject_type, subject_id, organisation_id, by_id, at, data) "
                "SELECT 'incident.claimed', 'incident', id, organisation_id, %s, %s, '{\"token\": 1}' FROM incidents_incident "
                "WHERE id = %s",
                [owner.pk, at, pk],
            )
            assert row is not None
        connection.commit()
    finally:
        connection.autocommit = True


# --- fifty operators


def claim(hand: str) -> dict[str, Any]:
    """What the operators of one process try: every incident, in an order that all share, so that each is wanted twice at once."""
    from django.db import connection

    from incidents import actions
    from incidents.errors import Refused
    from incidents.models import Incident
    from soc.core import clock
    from soc.core.models import User

    people = list(User.objects.filter(username__startswith="bench-").order_by("username"))[int(hand) :: HANDS]
    todo: SimpleQueue[Any] = SimpleQueue()
    for pk in (
        Incident.objects.filter(number__gt=1_000_000).unfinished().order_by("number").values_list("pk", flat=True)
    ):
        todo.put(pk)
    won: dict[str, str] = {}
    notes: dict[str, str] = {}
    tried = itertools.count()

    def work(person: Any) -> None:
        try:
            while not todo.empty():
                try:
                    pk = todo.get_nowait()
                except Empty:
                    return
                number = next(tried)
                try:
                    actions.claim(pk, by=person, at=clock.now())
                    won[str(pk)] = str(person.pk)
                except Refused as refused:
                    if refused.code not in ("taken", "not_offered"):
                        raise
                if number % NOTE_EVERY == 0:
                    text = f"{hand} {number} {random.random()}"
                    notes[str(actions.add_note(pk, text=text, by=person, at=clock.now()).pk)] = text
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        for done in [pool.submit(work, person) for person in people]:
            done.result()
    folder = Path(os.environ["NIGHTDESK_VAR"])
    (folder / f"told-{hand}.json").write_text(json.dumps({"won": won, "notes": notes}))
    return {"tried": next(tried), "hand": hand}


def judge(said: str) -> dict[str, Any]:
    """What the record has of it, held against what the operators were told."""
    from collections import Counter

    from incidents.models import Incident, Note
    from soc.core.models import Event

    folder = Path(os.environ["NIGHTDESK_VAR"])
    told = [json.loads((folder / f"told-{one['hand']}.json").read_text()) for one in json.loads(said)]
    won = [pair for one in told for pair in one["won"].items()]
    rows = {
        str(pk): str(owner)
        for pk, owner in Incident.objects.filter(pk__in=[pk for pk, _owner in won]).values_list("pk", "owner")
    }
    events = Counter(
        str(pk) for pk in Event.objects.filter(kind="incident.claimed", subject_id__in=list(rows), by__isnull=False,
            data__token=1).values_list("subject_id", flat=True)
    )  # fmt: skip
    notes = {note: text for one in told for note, text in one["notes"].items()}
    kept = dict(Note.objects.filter(pk__in=list(notes)).values_list("pk", "text"))
    twice = sum(n - 1 for n in Counter(pk for pk, _owner in won).values())
    wrong = (
        twice
        + sum(rows[pk] != owner for pk, owner in won)
        + sum(kept.get(uuid.UUID(n)) != text for n, text in notes.items())
    )
    left = Incident.objects.filter(number__gt=1_000_000).unclaimed().count()
    by_hand = 2 * RUNS * CLAIMS  # of those claimed before, one event more
    return {"wrong": wrong + left, "claimed": len(won), "notes": len(notes), "events": sum(events.values()) - by_hand}


def main(what: str, *values: str) -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "soc.settings"
    import django

    django.setup()
    asked: dict[str, Callable[..., dict[str, Any]]] = {"figures": figures, "claim": claim, "judge": judge}
    return asked[what](*values)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
