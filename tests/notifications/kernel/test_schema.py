"""JSON Schema: what is wrong in sentences that name the field and never the value."""

from typing import Any

import pytest

from notifications.kernel.schema import advice, check_itself, field_name

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["host"],
    "additionalProperties": False,
    "properties": {
        "host": {"type": "string", "format": "hostname", "maxLength": 20},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535},
        "security": {"enum": ["starttls", "tls"]},
        "to": {"type": "array", "maxItems": 2, "uniqueItems": True, "items": {"type": "string", "format": "email"}},
        "key": {"type": "string", "pattern": "^k_", "description": "A key starts with k_."},
        "headers": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    },
}

CASES: list[tuple[Any, dict[str, str]]] = [
    ({"host": "a.example"}, {}),
    ({}, {"at.host": "Is missing: give a value."}),
    ({"host": "a" * 21}, {"at.host": "May have at most 20 characters."}),
    ({"host": "a", "port": 0}, {"at.port": "Must be at least 1."}),
    ({"host": "a", "port": "canary"}, {"at.port": "Must be a whole number."}),
    ({"host": "a", "security": "canary"}, {"at.security": "Must be one of: starttls, tls."}),
    ({"host": "a", "key": "canary"}, {"at.key": "A key starts with k_."}),
    ({"host": "a", "to": ["canary"]}, {"at.to[0]": "Must be an e-mail address, like team@example.com."}),
    ({"host": "a", "to": ["a@b.c"] * 2}, {"at.to": "Names the same entry twice."}),
    ({"host": "a", "headers": {"X-A": 7}}, {"at.headers.X-A": "Must be text or null."}),
    (
        {"host": "a", "one": "canary", "two": 2},
        dict.fromkeys(("at.one", "at.two"), "Unknown field; known: headers, host, key, port, security, to."),
    ),
    ("canary", {"at": "Must be an object."}),
]


@pytest.mark.parametrize(("value", "found"), CASES, ids=lambda one: str(one)[:40])
def test_what_is_wrong_is_said_by_field_and_without_the_value(value: Any, found: dict[str, str]) -> None:
    said = advice(value, SCHEMA, within="at")

    assert said == found
    assert "canary" not in str(said)


def test_a_field_is_named_as_the_api_names_it() -> None:
    assert field_name(("headers", "X-Team", 0, "name"), within="settings") == "settings.headers.X-Team[0].name"


def test_a_schema_refers_to_nothing_but_itself() -> None:
    for reference in ("https://example.com/s.json", "file:///etc/passwd"):
        with pytest.raises(ValueError, match="only refer to itself"):
            check_itself({"properties": {"a": {"$ref": reference}}})
