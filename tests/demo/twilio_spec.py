"""Twilio's published description, if it lies beside the project; requests and answers are checked against it."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PREFIX = "/2010-04-01/Accounts/{AccountSid}"


def spec_path() -> Path:
    """TWILIO_SPEC, or the file beside the project."""
    named = os.environ.get("TWILIO_SPEC")
    return Path(named) if named else CHECKOUT.parent / "shared" / "twilio" / "twilio_api_v2010.json"


@functools.cache
def spec() -> dict[str, Any]:
    return json.loads(spec_path().read_text())


needs_spec = pytest.mark.skipif(
    not spec_path().is_file(),
    reason="Twilio's OpenAPI description is not beside the project (name it in TWILIO_SPEC)",
)


def check_answer(path: str, method: str, status: int, body: Any) -> None:
    """The status is one the description has for this door, and the body is what it promises."""
    answers = spec()["paths"][PREFIX + path][method]["responses"]
    assert str(status) in answers, f"{method} {path} never answers {status}"
    schema = answers[str(status)]["content"]["application/json"]["schema"]
    resolved = _plain(schema)
    jsonschema.validate(body, resolved)
    for resource in (item for value in body.values() if isinstance(value, list) for item in value):
        _complete(resource, body, resolved)
    _complete(body, body, resolved)


def check_request(path: str, form: dict[str, Any]) -> None:
    """Every parameter exists and every required one is there."""
    content = spec()["paths"][PREFIX + path]["post"]["requestBody"]["content"]
    schema = content["application/x-www-form-urlencoded"]["schema"]
    assert set(form) <= set(schema["properties"]), set(form) - set(schema["properties"])
    assert set(schema.get("required", [])) <= set(form)
    for name, value in form.items():
        wanted = schema["properties"][name]
        if "enum" in wanted:
            assert value in wanted["enum"]


def _complete(resource: Any, body: Any, schema: dict[str, Any]) -> None:
    """No property of the description is missing, and none is invented."""
    properties = schema["properties"]
    if resource is not body:
        properties = next(p["items"]["properties"] for p in properties.values() if p.get("type") == "array")
    assert set(resource) == set(properties), set(resource) ^ set(properties)


def _plain(schema: Any) -> Any:
    """References resolved, and OpenAPI 3.0's nullable written as JSON Schema has it."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(spec()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    result = {name: _plain(value) for name, value in schema.items() if name != "nullable"}
    if schema.get("nullable") and "type" in result:
        result["type"] = [result["type"], "null"]
        if "enum" in result:
            result["enum"] = [*result["enum"], None]
    return result
