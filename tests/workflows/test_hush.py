"""What a silence or inhibition may say, and when it is its time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workflows.hush import Calendar, Hush, checked
from workflows.matching import Matcher, WhileActive
from workflows.refusals import Invalid

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
"""A Friday."""
LATER = "2026-03-06T12:00:00+00:00"
PLAIN: dict[str, Any] = {"name": "Works", "reason": "New switches", "matcher": {"workflows": ["*"]}, "ends_at": LATER}
GOING: dict[str, Any] = {"workflows": ["device.down"], "equal": ["payload.device"]}


def problems(**given: Any) -> dict[str, str]:
    said = {name: value for name, value in {**PLAIN, **given}.items() if value is not None}
    try:
        checked(Hush.from_json(said), now=NOW)
    except Invalid as refused:
        return refused.errors
    return {}


@pytest.mark.parametrize(
    ("given", "where", "words"),
    [
        ({"name": " "}, "name", "printed"),
        ({"reason": None}, "reason", "why"),
        ({"reason": "a\0b"}, "", "NUL"),
        ({"owner": 7}, "owner", "string"),
        ({"matcher": {}}, "matcher", "everything"),
        ({"matcher": {"workflows": "device.down"}}, "matcher.workflows", "array"),
        ({"matcher": {"workflows": ["a b"]}}, "matcher.workflows.0", "match"),
        ({"matcher": {"workflow": ["a"]}}, "matcher", "workflow"),
        ({"matcher": {"when": {"==": [{"var": "steps.a.sent"}, True]}}}, "matcher.when", "begins with none of"),
        ({"matcher": {"when": {"==": [{"var": "recipient.size"}, 1]}}}, "matcher.when", "there is no recipient.size"),
        ({"ends_at": None}, "ends_at", "calendar"),
        ({"ends_at": "2026-03-06T09:00:00Z"}, "ends_at", "later than now"),
        ({"starts_at": LATER}, "ends_at", "its start"),
        ({"ends_at": "tomorrow"}, "ends_at", "offset"),
        ({"ends_at": "2026-03-09T09:00:00"}, "ends_at", "offset"),
        ({"calendar": {"week": {"monday": [["09:00", "10:00"]]}}}, "calendar.week", "monday"),
        ({"calendar": {"week": {"mon": [["09:00", "09:00"]]}}}, "calendar.week", "is no time"),
        ({"calendar": {"week": {"mon": [["09:00", "10:00"]]}, "zone": "Mars"}}, "calendar.zone", "no such zone"),
        ({"while_active": {}}, "while_active", "workflows"),
        ({"while_active": {**GOING, "equal": ["device"]}}, "while_active.equal", "begins with none of: payload"),
        ({"while_active": {**GOING, "equal": ["payload.devices.0"]}}, "while_active", "place of a list"),
        ({"while_active": {**GOING, "equal": ["payload"]}}, "while_active", "a field of the payload"),
        ({"while_active": {**GOING, "when": {"exists": "recipient.name"}}}, "while_active.when", "payload"),
        ({"while_active": {**GOING, "seconds": 0}}, "while_active.seconds", "minimum"),
    ],
)
def test_what_is_wrong_is_said_by_field(given: dict[str, Any], where: str, words: str) -> None:
    found = problems(**given)

    assert list(found) == [where]
    assert words in found[where]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"ends_at": None, "calendar": {"week": {"sat": [["22:00", "06:00"]]}, "zone": "Europe/Berlin"}},
        {"ends_at": None, "while_active": GOING},
        {"matcher": {"when": {"==": [{"var": "payload.device"}, "r1"]}, "channels": ["email"], "critical": True}},
    ],
)
def test_what_is_right_comes_back_as_it_was_said(given: dict[str, Any]) -> None:
    said = {name: value for name, value in {**PLAIN, **given}.items() if value is not None}

    again = Hush.from_json(said).to_json()

    assert {name: again[name] for name in said} == said


def test_what_would_have_begun_before_begins_now() -> None:
    hush = Hush.from_json({**PLAIN, "starts_at": "2026-01-01T00:00:00Z"})

    assert checked(hush, now=NOW).starts_at == NOW


def test_a_time_without_an_offset_is_refused_in_python_too() -> None:
    hush = Hush("Works", Matcher(workflows=["*"]), reason="x", ends_at=datetime(2027, 1, 1))

    with pytest.raises(Invalid) as refused:
        checked(hush, now=NOW)

    assert list(refused.value.errors) == ["ends_at"]


@pytest.mark.parametrize(
    ("hours", "zone", "on"),
    [(0, "", True), (0, "Asia/Tokyo", False), (-0.01, "", False), (1, "", False)],
)
def test_a_calendar_is_of_its_zone_or_else_of_the_tenants(hours: float, zone: str, on: bool) -> None:
    hush = Hush("Works", Matcher(), calendar=Calendar({"fri": [["10:00", "11:00"]]}, zone))

    assert hush.is_on(NOW + timedelta(hours=hours), zone="Europe/Berlin") is on


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [(1, 1.0, True), (1, "1", False), (1, True, False), ("r1", "r1", True), (None, None, False), ([1], [1], False)],
)
def test_values_are_equal_as_json_has_them_and_only_plain_ones(left: Any, right: Any, same: bool) -> None:
    going = WhileActive(["device.down"], equal=["payload.device"])
    ours, theirs = going.values({"device": left}), going.values({"device": right})

    assert (ours is not None and ours == theirs) is same
