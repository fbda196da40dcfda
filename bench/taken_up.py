"""How soon a policy counts for those who watch: from the end of `publish` to the plan that a camera's thread goes by.

Run as a module it is the process that measures: several keepers as of several watch processes, each in rounds of its own over
its share of the cameras, with threads that only note when they are given another plan. `measure` starts it beside a
PostgreSQL of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench.figures import Row, p95
from soc.ops.paths import CHECKOUT
from soc.ops.servers import Servers

KEEPERS: Final = 4
SITES: Final = 25
CAMERAS: Final = 4  # of each site
CHANGES: Final = 120
APART_S: Final = 0.17  # no divisor of a round: changes fall anywhere in it
GOAL_S: Final = 2.0
LONGEST_S: Final = 300
WEEK: Final = [{"day": day, "from": "20:00", "to": "06:00"} for day in range(7)]


def measure(say: Callable[[str], None]) -> list[Row]:
    """One row. Raises CalledProcessError with what the process said."""
    var = Path(tempfile.mkdtemp(prefix="nightdesk-policy-"))
    try:
        with Servers(var, names=("postgres",)) as servers:
            env = {**os.environ, **servers.urls(), "NIGHTDESK_VAR": str(var), "LOG_LEVEL": "WARNING"}
            done = subprocess.run(
                [sys.executable, "-m", "bench.taken_up"], cwd=CHECKOUT, env=env, timeout=LONGEST_S,
                stdout=subprocess.PIPE, text=True, check=True,
            )  # fmt: skip
    finally:
        shutil.rmtree(var, ignore_errors=True)
    found = json.loads(done.stdout.splitlines()[-1])
    took: list[float] = found["took_s"]
    say(f"{len(took)} plans of {CHANGES} changes, the last after {max(took):.2f} s")
    return [
        Row(
            figure="a policy or an arming by hand in every watcher's plan, the slowest", value=max(took), unit="s",
            baseline=p95(found["rounds_s"]), against="p95 from one round of a watcher to its next", goal=GOAL_S,
            note=f"p95 {p95(took):.2f} s; {CHANGES} changes, {SITES * CAMERAS} cameras in {KEEPERS} keepers, no restart",
        )
    ]  # fmt: skip


# --- the process that measures


class Noted:
    """In place of a camera's thread: notes when it is given a plan."""

    last_frame = sight = None
    online, decoded_s = False, 0.0
    given: dict[tuple[Any, str, bool], float] = {}  # camera, version, armed by hand → when, monotonic s

    def __init__(self, plan: Any, generation: int, desk: Any) -> None:
        self.news: deque[Any] = deque()
        self.check = None
        self._stopped = False
        self.replan(plan)

    def replan(self, plan: Any) -> None:
        stands = plan.standing
        key = (plan.camera_id, stands.policy.version, bool(stands.toggle and stands.toggle.armed))
        self.given.setdefault(key, time.monotonic())

    def start(self) -> None:
        return

    def stop(self) -> None:
        self._stopped = True

    def join(self, timeout_s: float) -> None:
        return

    def alive(self) -> bool:
        return not self._stopped

    def stopping(self) -> bool:
        return self._stopped

    def rank(self, monotonic: float) -> int:
        return 0

    def totals(self) -> Any:
        from collections import Counter

        return Counter()

    def measured(self, monotonic: float) -> None:
        return None

    def newest(self) -> None:
        return None

    def on_air(self) -> None:
        return None


def main() -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "soc.settings"
    from soc.ops import secrets

    secrets.load()
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    from cameras.watching import keeper as module
    from cameras.watching.evidence import EvidenceDesk
    from cameras.watching.outbox import Outbox
    from cameras.watching.watcher import Desk

    module.Watcher = Noted  # type: ignore[assignment, misc]
    sites = rows()
    stop, rounds = threading.Event(), []

    class Timed(module.Keeper):
        began: float | None = None

        def round(self, at: datetime) -> None:
            now = time.monotonic()
            if self.began is not None:
                rounds.append(now - self.began)
            self.began = now
            super().round(at)

    var = Path(os.environ["NIGHTDESK_VAR"])
    keepers = [
        Timed(Desk(Outbox(var / f"outbox-{n}"), EvidenceDesk(), lambda ref: None, "bench"), "127.0.0.1:1")
        for n in range(KEEPERS)
    ]

    def run(keeper: Timed) -> None:
        try:
            keeper.run(stop)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(keeper,), daemon=True) for keeper in keepers]
    for thread in threads:
        thread.start()
    try:
        _wait(lambda: sum(len(one.cameras) for one in keepers) == SITES * CAMERAS, "not every camera has a watcher")
        _wait(lambda: all(one.cameras for one in keepers), "a keeper has no camera")
        rounds.clear()
        took = changed(sites)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    return {"took_s": took, "rounds_s": rounds}


def rows() -> list[Any]:
    """Sites that may be armed by hand, with cameras."""
    from cameras.actions import publish
    from cameras.models import Camera, Zone
    from soc.core.models import Customer, Organisation, Site

    customer = Customer.objects.create(organisation=Organisation.objects.create(name="Bench"), name="Bench")
    square = [[0, 0], [1, 0], [1, 1], [0, 1]]
    sites = []
    for number in range(SITES):
        site = Site.objects.create(customer=customer, name=f"Site {number}", address="-", time_zone="Europe/London")
        for n in range(CAMERAS):
            camera = Camera.objects.create(site=site, name=f"Camera {n}", address="rtsp://127.0.0.1/x")
            Zone.objects.create(camera=camera, name="Zone", polygon=square)
        publish(site, {"owner": "customer", "schedule": {"week": WEEK}}, by=None, at=datetime.now(UTC))
        sites.append(site)
    return sites


def changed(sites: list[Any]) -> list[float]:
    """Change one site after the other, two of three times its policy, else its arming by hand; gives how long each camera's
    plan took.
    """
    from cameras.actions import standing
    from cameras.actions.policies import publish
    from cameras.models import ArmChange

    wanted: dict[tuple[Any, str, bool], float] = {}
    pause = threading.Event()
    for number in range(CHANGES):
        site, at = sites[number % SITES], datetime.now(UTC)
        before = standing(site)
        armed = bool(before.toggle and before.toggle.armed)
        version = before.policy.version
        if number // SITES % 3 < 2:
            rule = {"category": "person", "decision": "raise", "when": "armed", "dwell_s": number / 10}
            body = {"owner": "customer", "schedule": {"week": WEEK}, "rules": [rule]}
            policy = publish(site, body, by=None, at=at)
            version = f"{policy.number}-{policy.sha256[:8]}"
        else:
            armed = not armed
            ArmChange.objects.create(site=site, armed=armed, how="portal", at=at - timedelta(seconds=1))
        now = time.monotonic()
        wanted |= {(pk, version, armed): now for pk in site.cameras.values_list("pk", flat=True)}
        pause.wait(APART_S)
    _wait(lambda: wanted.keys() <= Noted.given.keys(), "a change was not taken up")
    return [max(Noted.given[key] - since, 0.0) for key, since in wanted.items()]


def _wait(wanted: Callable[[], bool], says: str, within_s: float = 60.0) -> None:
    until, pause = time.monotonic() + within_s, threading.Event()
    while not wanted():
        if time.monotonic() > until:
            raise RuntimeError(says)
        pause.wait(0.05)


if __name__ == "__main__":
    print(json.dumps(main()))
