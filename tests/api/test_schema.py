"""The OpenAPI description is clean, and what the door really answers fits it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from cameras.models import SignalSource
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return yaml.safe_load(out.getvalue())


def plain(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: plain(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [changed, {"type": "null"}]} if schema.get("nullable") else changed


def fits(described: dict[str, Any], answer: Any, path: str, method: str) -> None:
    operation = described["paths"][path][method]
    schema = operation["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
    whole = {**plain(schema), "components": plain(described["components"])}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(answer.json())


def test_the_description_names_every_door(described):
    assert set(described["paths"]) == {"/api/signals", "/api/incidents", "/api/incidents/{id}", "/api/explain"}
    assert set(described["components"]["securitySchemes"]) == {"sourceKey", "session"}


def test_signals_answer_as_described(described, site):
    _source, key = make.make_source(site)

    def send(**said: Any) -> Any:
        given = {"kind": "alarm", "dedup": "1", "at": datetime.now(UTC).isoformat(), **said}
        return Client().post(
            "/api/signals", json.dumps(given), content_type="application/json", headers={"Authorization": f"Key {key}"}
        )

    codes = set()
    for said in ({}, {}, {"kind": "heartbeat"}, {"kind": "fire"}, {"kind": "x"}, {"text": "x" * 20_000}):
        answer = send(**said)
        codes.add(answer.status_code)
        fits(described, answer, "/api/signals", "post")
    SignalSource.objects.update(enabled=False)
    answer = send()
    fits(described, answer, "/api/signals", "post")
    assert codes | {answer.status_code} == {200, 201, 400, 401, 409, 413}


def test_incidents_answer_as_described(described, alice, zone):
    incident = make.make_incident(zone=zone)
    client = Client()
    fits(described, client.get("/api/incidents"), "/api/incidents", "get")
    client.force_login(alice)
    fits(described, client.get("/api/incidents"), "/api/incidents", "get")
    fits(described, client.get("/api/incidents?state=x"), "/api/incidents", "get")
    fits(described, client.get(f"/api/incidents/{incident.pk}"), "/api/incidents/{id}", "get")
    fits(described, client.get(f"/api/incidents/{zone.pk}"), "/api/incidents/{id}", "get")


def test_the_description_and_its_page_are_served(client):
    assert client.get("/api/schema").status_code == 200
    page = client.get("/api/docs")
    assert page.status_code == 200
    policy = page["Content-Security-Policy"]
    assert "script-src" not in policy or "unsafe" not in policy.split("script-src")[1].split(";")[0]
    # Nothing on the page comes from elsewhere or is written into it: the policy of the product stays as it is.
    text = page.content.decode()
    assert "https://" not in text
    assert "<script>" not in text
    assert client.get("/api/docs?script=").status_code == 200


@pytest.mark.parametrize("query", [{"lang": "x" * 3000}, {"lang": "../%s"}, {"version": "a\r\nSet-Cookie: b=1"}])
def test_in_a_language_and_a_version_that_nobody_knows_it_comes_all_the_same(client, query):
    client.force_login(make.make_user("somebody"))
    answer = client.get("/api/schema", query)
    assert answer.status_code == 200
    assert "openapi" in answer.content.decode()
    assert "Set-Cookie" not in answer.headers["Content-Disposition"]
