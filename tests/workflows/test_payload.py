"""What a payload may be, and what a schema may do."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import pytest

from workflows.payload import (
    BYTES_MAX,
    DEPTH_MAX,
    KEYS_MAX,
    InvalidPayload,
    check_bounds,
    check_schema,
    check_schema_itself,
    schema_of,
)

pytestmark = pytest.mark.once


def nested(levels: int, *, of: type = dict) -> dict[str, Any]:
    """An object so many levels deep, itself included."""
    inner: Any = {} if of is dict else []
    for _ in range(levels - 2):
        inner = {"a": inner} if of is dict else [inner]
    return {"a": inner}


def endless() -> dict[str, Any]:
    payload: dict[str, Any] = {}
    payload["itself"] = payload
    return payload


REFUSED: dict[str, tuple[Any, str]] = {
    "a list": ([1], "must be an object"),
    "a text": ("hello", "must be an object"),
    "nothing": (None, "must be an object"),
    "NUL in a value": ({"a": "x\0y"}, "NUL"),
    "NUL in a key": ({"a": [{"x\0": 1}]}, "NUL"),
    "a lone surrogate": ({"a": "\ud800"}, "surrogate"),
    "a lone surrogate in a key": ({"\udfff": 1}, "surrogate"),
    "not a number": ({"a": float("nan")}, "not finite"),
    "infinity": ({"a": [1e999]}, "not finite"),
    "minus infinity": ({"a": -1e999}, "not finite"),
    "itself": (endless(), "nested|itself"),
    "too deep": (nested(DEPTH_MAX + 1), "deeper"),
    "lists too deep": (nested(DEPTH_MAX + 1, of=list), "deeper"),
    "far too deep": (nested(50_000), "deeper"),
    "too many keys": ({str(n): n for n in range(KEYS_MAX + 1)}, "keys"),
    "too many keys further down": ({"a": [{"b": 1}] * KEYS_MAX}, "keys"),
    "too large": ({"a": "x" * BYTES_MAX}, "bytes"),
    "too large in bytes": ({"a": "€" * (BYTES_MAX // 3)}, "bytes"),
    "no JSON": ({"a": {1, 2}}, "not JSON"),
    "a date": ({"a": datetime(2026, 1, 1)}, "not JSON"),
    "a key that is no text": ({1: "a", "b": 2}, "not JSON|text|key"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_database_could_hold_is_refused_with_the_reason(name: str) -> None:
    payload, reason = REFUSED[name]

    with pytest.raises(InvalidPayload, match=reason):
        check_bounds(payload)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"a": "\\u0000 spelled out"},
        {"a": "\U0001f600 and ü"},
        {"a": [1, 2.5, -3, None, True, 10**30]},
        nested(DEPTH_MAX),
        nested(DEPTH_MAX, of=list),
        {"a": {str(n): n for n in range(KEYS_MAX - 1)}},
        {"a": "x" * (BYTES_MAX - len('{"a": ""}'))},
    ],
)
def test_what_fits_exactly_is_taken(payload: dict[str, Any]) -> None:
    check_bounds(payload)


def test_every_mismatch_is_named_by_its_place() -> None:
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}, "l": {"items": {"minimum": 1}}},
    }

    with pytest.raises(InvalidPayload) as refused:
        check_schema({"n": "x", "l": [1, 0]}, schema)

    assert set(refused.value.errors) == {"/n", "/l/1"}


def test_formats_are_checked() -> None:
    with pytest.raises(InvalidPayload):
        check_schema({"at": "soon"}, {"properties": {"at": {"format": "date-time"}}})


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """A listener that must see nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef", "$schema"])
@pytest.mark.parametrize("form", ["http://127.0.0.1:{port}/s.json", "file:///etc/passwd", "//127.0.0.1:{port}/s"])
def test_a_schema_never_fetches_anything(canary: socket.socket, keyword: str, form: str) -> None:
    url = form.format(port=canary.getsockname()[1])

    for use in (check_schema_itself, lambda schema: check_schema({"a": 1}, schema)):
        with suppress(ValueError):  # refused, or taken as a name
            use({"properties": {"a": {keyword: url}}, keyword: url})

    with pytest.raises(BlockingIOError):
        canary.accept()


@pytest.mark.parametrize("pattern", [r"(?=a)(a|a?)+(?<!b)$", r"^(a+)+\1$"])
def test_a_pattern_that_needs_backtracking_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="regex"):
        check_schema_itself({"properties": {"a": {"pattern": pattern}}})


def test_a_schema_that_refers_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match="may only refer to itself"):
        check_schema_itself({"properties": {"a": {"$ref": "https://example.com/s.json"}}})


def test_an_id_is_a_name_and_is_not_fetched(canary: socket.socket) -> None:
    url = f"http://127.0.0.1:{canary.getsockname()[1]}/s.json"
    schema = {"$id": url, "$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}

    check_schema({"a": 1}, schema)

    with pytest.raises(BlockingIOError):
        canary.accept()


SLOW = {
    "nested plus": "^(a+)+$",
    "alternation": "^(a|aa)+$",
    "star of star": "^(a*)*b$",
    "behind a look-ahead": "^(?=(a+)+$).*c",
    "back reference": r"^(a+)+\1$",
    "look-behind": r"(?=a)(a|a?)+(?<!b)$",
}


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("place", ["pattern", "patternProperties"])
def test_a_catastrophic_pattern_is_quick_or_refused(name: str, place: str) -> None:
    text = "a" * 40 + "!"
    constraint = {"pattern": SLOW[name]} if place == "pattern" else {"patternProperties": {SLOW[name]: {}}}
    payload = {"a": text} if place == "pattern" else {"a": {text: 1}}
    started = time.process_time()

    with suppress(ValueError):
        check_schema_itself({"properties": {"a": constraint}})
        check_schema(payload, {"properties": {"a": constraint}})

    assert time.process_time() - started < 0.5, "it took exponential time"


@dataclass(frozen=True)
class Line:
    text: str
    amount: float = 0.0


@dataclass(frozen=True)
class Invoice:
    number: str
    lines: list[Line]
    due: datetime
    state: Literal["open", "paid"] = "open"
    note: str | None = None
    extra: dict[str, int] = field(default_factory=dict)


FITS: dict[str, Any] = {"number": "1", "lines": [{"text": "x", "amount": 2}], "due": "2026-01-01T00:00:00Z"}


def test_a_dataclass_is_a_schema() -> None:
    schema = schema_of(Invoice)

    check_schema_itself(schema)
    check_schema(FITS, schema)
    check_schema({**FITS, "note": None, "extra": {"a": 1}}, schema)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 1},
        {"lines": [{"amount": 1}]},
        {"due": "tomorrow"},
        {"state": "lost"},
        {"note": 7},
        {"extra": {"a": "b"}},
        {"unheard_of": 1},
    ],
)
def test_what_the_dataclass_does_not_say_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidPayload):
        check_schema({**FITS, **change}, schema_of(Invoice))


def test_a_field_that_json_has_no_word_for_is_a_type_error() -> None:
    @dataclass
    class Wrong:
        who: object

    with pytest.raises(TypeError, match="payload field"):
        schema_of(Wrong)
