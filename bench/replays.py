"""A policy over a million stored candidates: 30 days of 100 cameras, filled in by SQL into a database that is thrown away.

Run as a module it is the process that measures; `measure` starts it beside a server of its own.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench.figures import Row
from soc.ops.paths import CHECKOUT
from soc.ops.servers import Servers

CANDIDATES: Final = 1_000_000
SITES: Final = 25
CAMERAS: Final = 4  # of each site
DAYS: Final = 30
UNTIL: Final = datetime(2026, 11, 22, tzinfo=UTC)
REAL_INCIDENTS: Final = 500
SECONDS_GOAL: Final = 30.0
GROWTH_GOAL: Final = 1.1  # of memory, from a tenth of the candidates to all
LONGEST_S: Final = 600


def measure(say: Callable[[str], None], *, candidates: int = CANDIDATES) -> list[Row]:
    """The rows about replay. Raises CalledProcessError with what the process said."""
    var = Path(tempfile.mkdtemp(prefix="nightdesk-replay-"))
    try:
        with Servers(var, throwaway=True, names=("postgres",)) as servers:
            env = {**os.environ, **servers.urls(), "NIGHTDESK_VAR": str(var), "LOG_LEVEL": "WARNING"}
            command = [sys.executable, "-m", "bench.replays", str(candidates)]
            done = subprocess.run(
                command, cwd=CHECKOUT, env=env, timeout=LONGEST_S, stdout=subprocess.PIPE, text=True, check=True
            )
    finally:
        shutil.rmtree(var, ignore_errors=True)
    found = json.loads(done.stdout.splitlines()[-1])
    say(
        f"{found['candidates']:,} candidates filled in {found['filled_s']:.0f} s, replayed in {found['replay_s']:.1f} s"
    )
    how = f"{SITES} sites of {CAMERAS} cameras over {found['processes']} processes"
    return [
        Row(
            figure=f"replay of {found['candidates']:,} candidates", value=found["replay_s"], unit="s",
            baseline=found["read_s"], against="the same rows read, and not judged",
            goal=SECONDS_GOAL * found["candidates"] / CANDIDATES,
            note=f"{DAYS} days, {how}; newly hidden {found['hidden']:,}, real and lost {found['lost']}",
        ),
        Row(
            figure="memory of a replay, of all to a tenth", value=found["peak_mb"] / found["tenth_mb"], unit="",
            baseline=1.0, against="constant", goal=GROWTH_GOAL,
            note=f"largest process {found['tenth_mb']:.0f} MB at a tenth, {found['peak_mb']:.0f} MB at all",
        ),
    ]  # fmt: skip


# --- the process that measures


def main(candidates: int) -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "soc.settings"
    from soc.ops import secrets

    secrets.load()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    began = time.monotonic()
    sites = fill(candidates)
    filled = time.monotonic() - began
    return {"filled_s": filled, **timed(sites)}


def timed(sites: list[Any]) -> dict[str, Any]:
    """Read only, then a tenth, then all, each over fresh processes."""
    from cameras.context.policy import read
    from cameras.replaying.counts import Result
    from cameras.replaying.replay import rows_of
    from cameras.replaying.shares import shared
    from incidents.replaying import Replayed, replay_with_losses

    processes = os.cpu_count() or 1
    slower = {**BODY, "rules": [{**BODY["rules"][0], "dwell_s": 4.0}]}
    policies = {pk: read(slower, time_zone="Europe/London", version="draft") for pk in sites}

    def counted(site: Any, told: Any) -> int:
        return sum(1 for _row in rows_of(site, since=UNTIL - timedelta(days=DAYS), until=UNTIL))

    def judged(days: float) -> tuple[Replayed, float, float]:
        def work(site: Any, told: Any) -> tuple[Replayed, int]:
            since = UNTIL - timedelta(days=days)
            found = replay_with_losses([site], since=since, until=UNTIL, body_of=policies, on_progress=told)
            return found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        began, whole, peak = time.monotonic(), Replayed(Result()), 0
        for found, rss in shared(sites, work, processes=processes):
            whole.add(found)
            peak = max(peak, rss)
        return whole, time.monotonic() - began, peak / 1024

    began = time.monotonic()
    total = sum(shared(sites, counted, processes=processes))
    read_s = time.monotonic() - began
    _tenth, _took, tenth_mb = judged(DAYS / 10)
    whole, replay_s, peak_mb = judged(DAYS)
    assert whole.result.candidates == total, (whole.result.candidates, total)
    return {
        "candidates": total, "processes": processes, "read_s": read_s, "replay_s": replay_s, "tenth_mb": tenth_mb,
        "peak_mb": peak_mb, "hidden": whole.result.newly_hidden, "lost": len(whole.lost),
    }  # fmt: skip


BODY: Final[dict[str, Any]] = {
    "owner": "customer",
    "schedule": {"week": [{"day": day, "from": "19:00", "to": "07:00"} for day in range(7)]},
    "rules": [
        {"zone": None, "category": "person", "when": "armed", "decision": "raise", "dwell_s": 2.0, "cooldown_s": 60}
    ],
}

FILL: Final = """
INSERT INTO cameras_candidate (
    id, organisation_id, site_id, source, camera_id, zone_id, category, dedup, captured_at, clock_source, clock_offset_s,
    received_at, judged_at, evidence, decision, priority, reasons, context, policy_version, ordinal, facts, policy_id,
    stayed_s, model_sha256
)
SELECT gen_random_uuid(), %(organisation)s, %(site)s, 'camera', camera, zone, category, %(site)s || '-' || n, at, 'rtcp', 0.1,
    at + interval '0.2 s', at + interval '0.3 s',
    jsonb_build_object('track', n, 'label', 'person', 'score', score, 'box', box, 'path', '[[0, 0.1, 0.3, 0.2, 0.8]]'::jsonb),
    CASE WHEN NOT armed THEN 'ignore' WHEN dwell < 2 THEN 'watch' ELSE 'raise' END,
    CASE category WHEN 'vehicle' THEN 2 ELSE 1 END,
    jsonb_build_array(
        jsonb_build_object('code', CASE WHEN armed THEN 'armed' ELSE 'disarmed' END, 'until', at, 'owner', 'customer'),
        jsonb_build_object('code', 'seen', 'category', category, 'score', score)
    ),
    CASE
        WHEN n %% 10 = 0 THEN jsonb_build_object('toggle', jsonb_build_object(
            'armed', true, 'at', iso(date_trunc('day', at)), 'until', NULL, 'how', 'portal', 'by', 'customer'))
        WHEN n %% 23 = 0 THEN jsonb_build_object('expected', jsonb_build_array(jsonb_build_object(
            'id', 'w', 'kind', 'cleaner', 'people', 1, 'until', iso(date_trunc('hour', at) + interval '1 h'),
            'zones', '[]'::jsonb, 'vehicles', false)))
        WHEN n %% 31 = 0 THEN jsonb_build_object('dismissed', jsonb_build_array(
            jsonb_build_array(n - 1, iso(at - interval '1 min'), camera, zone, 'person', box),
            jsonb_build_array(n - 2, iso(at - interval '2 min'), camera, zone, 'person', box)))
        ELSE '{}'::jsonb
    END,
    %(version)s, n,
    jsonb_build_object(
        'category', category, 'at', iso(at), 'zone', zone, 'zone_kind', 'inside', 'camera', camera, 'dwell_s', dwell,
        'dwell_limit_s', 2.0, 'score', score, 'box', box),
    %(policy)s, dwell + (n %% 5), repeat('a', 64)
FROM (
    SELECT n, at, (ARRAY['person', 'person', 'person', 'vehicle', 'group'])[1 + n %% 5] AS category,
        (%(cameras)s::uuid[])[1 + n %% array_length(%(cameras)s::uuid[], 1)] AS camera,
        (%(zones)s::uuid[])[1 + n %% array_length(%(zones)s::uuid[], 1)] AS zone,
        round((n * 7919 %% 1000)::numeric / 1000, 3) AS score, (ARRAY[0.4, 2.0, 2.0, 3.1, 6.5])[1 + n * 31 %% 5] AS dwell,
        extract(hour FROM at AT TIME ZONE 'Europe/London') NOT BETWEEN 7 AND 18 AS armed,
        jsonb_build_array(0.1 * (n %% 6), 0.3, 0.1 * (n %% 6) + 0.1, 0.8) AS box
    FROM (SELECT n, %(until)s::timestamptz - interval '1 s' - (%(count)s - n) * %(apart)s * interval '1 s' AS at
          FROM generate_series(1, %(count)s) AS n) AS times
) AS drawn
"""
ISO: Final = """
CREATE FUNCTION iso(timestamptz) RETURNS text LANGUAGE sql STABLE
AS $$ SELECT to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') $$
"""


def fill(candidates: int) -> list[Any]:
    """Sites with cameras, zones and a policy each, and their candidates. Some that were raised were real incidents."""
    from django.db import connection

    from cameras.actions.policies import publish, version_of
    from cameras.models import Camera, Zone
    from soc.core.models import Customer, Organisation, Site

    customer = Customer.objects.create(organisation=Organisation.objects.create(name="Bench"), name="Bench")
    count = candidates // SITES
    sites = []
    with connection.cursor() as cursor:
        cursor.execute(ISO)
        # What refers to what is made right here: five look-ups for each row would take longer than all else.
        cursor.execute("SET session_replication_role = replica")
        for number in range(SITES):
            site = Site.objects.create(customer=customer, name=f"Site {number}", address="-", time_zone="Europe/London")
            cameras = [
                Camera.objects.create(site=site, name=f"Camera {n}", address="rtsp://127.0.0.1/x")
                for n in range(CAMERAS)
            ]
            square = [[0, 0], [1, 0], [1, 1], [0, 1]]
            zones = [Zone.objects.create(camera=camera, name="Zone", polygon=square) for camera in cameras]
            policy = publish(site, BODY, by=None, at=UNTIL - timedelta(days=DAYS + 1))
            given: dict[str, Any] = {
                "organisation": customer.organisation_id, "site": str(site.pk), "cameras": [str(one.pk) for one in cameras],
                "zones": [str(one.pk) for one in zones], "version": version_of(policy), "policy": str(policy.pk),
                "count": count, "apart": DAYS * 86400 / count, "until": UNTIL,
            }  # fmt: skip
            cursor.execute(FILL, given)
            sites.append(site.pk)
        cursor.execute("RESET session_replication_role")
        real_incidents(sites)
        cursor.execute("ANALYZE")
    return sites


def real_incidents(sites: list[Any]) -> None:
    """Some that were raised, each an incident that was real."""
    from cameras.models import Candidate
    from incidents.models import Alert, Incident

    raised = Candidate.objects.filter(decision="raise", site__in=sites).order_by("-captured_at")[:REAL_INCIDENTS]
    for number, seen in enumerate(raised, 1):
        at = seen.captured_at
        shared = {
            "organisation_id": seen.organisation_id,
            "site_id": seen.site_id,
            "category": seen.category,
            "priority": 1,
        }
        incident = Incident(
            number=number, family="intrusion", state="closed", verdict="real", outcome="genuine.attempt_only", alert_count=1,
            last_alert_at=at, captured_at=at, received_at=at, judged_at=at, queued_at=at, turn_at=at, closed_at=at, **shared,
        )  # fmt: skip
        Incident.objects.bulk_create([incident])
        Alert.objects.bulk_create([Alert(incident=incident, candidate=seen, captured_at=at, raised_at=at, **shared)])


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
