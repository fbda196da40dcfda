"""Panels of many sites, and a clerk who takes what they raised off the desk again."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from bench.stage import Stage
from soc.ops.operator.forms import forms

_MAKE = """
import json
from cameras.models import SignalSource
from soc.core.models import Customer, Organisation, Site

customer = Customer.objects.create(organisation=Organisation.objects.get(name="Northlight Monitoring"), name="Bench")
panels = []
for number in range({count}):
    site = Site.objects.create(customer=customer, name=f"Bench {{number + 1}}", address="1 Bench Lane", time_zone="UTC")
    source = SignalSource(site=site, name="Panel")
    key = source.new_key()
    source.save()
    panels.append([str(site.pk), key])
print(json.dumps(panels))
"""


@dataclass
class Panel:
    """One site's panel. `raise_alarm` returns once the product has accepted it."""

    site: str
    key: str
    http: httpx.Client
    numbers: itertools.count[int]

    def raise_alarm(self) -> None:
        body = {"kind": "alarm", "dedup": f"bench-{next(self.numbers)}", "at": datetime.now(UTC).isoformat()}
        answer = self.http.post("/api/signals", json=body, headers={"Authorization": f"Key {self.key}"})
        if answer.status_code != 201:
            raise RuntimeError(f"an alarm was answered {answer.status_code}: {answer.text[:200]}")


def make_panels(stage: Stage, count: int) -> list[Panel]:
    """Panels of as many new sites of one customer."""
    made = stage.world.manage("shell", "-v", "0", "-c", _MAKE.format(count=count)).strip().splitlines()[-1]
    http = httpx.Client(base_url=stage.url, trust_env=False, timeout=10)
    numbers = itertools.count(1)
    return [Panel(site, key, http, numbers) for site, key in json.loads(made)]


class Clerk:
    """A supervisor who takes incidents and parks them, over plain HTTP."""

    def __init__(self, stage: Stage, username: str = "noor") -> None:
        self.http = httpx.Client(base_url=stage.url, trust_env=False, timeout=10, follow_redirects=True)
        page = self.http.get("/login/")
        login = next(form for form in forms(page.text) if form.method == "post")
        done = self._post("/login/", {**login.values, "username": username, "password": stage.password})
        if "/login" in done.url.path:
            raise RuntimeError(f"{username} cannot log in")

    def _post(self, path: str, values: dict[str, str]) -> httpx.Response:
        token = self.http.cookies.get("csrftoken") or ""
        headers = {"X-CSRFToken": token, "Referer": str(self.http.base_url), "X-Requested-With": "fetch"}
        return self.http.post(path, data=values, headers=headers)

    def park(self, incident: str) -> None:
        base = f"/console/incidents/{incident}/"
        pane = self._post(f"{base}claim/", {})
        token = re.search(r'name="token" value="(\d+)"', pane.text)
        if pane.status_code != 200 or token is None:
            raise RuntimeError(f"a claim was answered {pane.status_code}")
        values = {"token": token[1], "reason": "Measured", "minutes": "25"}
        parked = self._post(f"{base}park/", values)
        if parked.status_code != 200:
            raise RuntimeError(f"parking was answered {parked.status_code}")

    def facts(self, incident: str) -> dict[str, Any]:
        return dict(self.http.get(f"/api/incidents/{incident}").raise_for_status().json())
