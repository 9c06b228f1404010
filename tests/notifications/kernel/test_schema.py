"""JSON Schema: what is wrong in sentences that name the field and never the value."""

from typing import Any

import pytest

from notifications.kernel.schema import advice, check_itself, field_name, with_whole_numbers

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


def test_a_whole_number_is_an_int_where_the_schema_wants_one_and_nothing_else_changes() -> None:
    inner = {"type": "object", "properties": {"n": {"type": "integer"}, "x": {"type": "number"}, "no": False}}
    schema = {"properties": {"all": {"type": "array", "items": inner}, **inner["properties"]}}
    given = {"n": 3.0, "x": 3.0, "no": 3.0, "other": 3.0, "all": [{"n": 2.0, "x": 2.0}, 2.0]}

    found = with_whole_numbers(given, schema)

    assert repr(found) == "{'n': 3, 'x': 3.0, 'no': 3.0, 'other': 3.0, 'all': [{'n': 2, 'x': 2.0}, 2.0]}"
    assert repr(with_whole_numbers({"n": 2.5}, schema)) == "{'n': 2.5}"
    assert with_whole_numbers("3.0", schema) == "3.0"
