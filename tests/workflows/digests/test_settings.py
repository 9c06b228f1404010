"""What a digest may be told, and what is said of what it may not."""

from datetime import timedelta

import pytest

from tests.cast import workflow
from workflows import registry
from workflows.define import StepSettings, digest

RIGHT = [
    digest(minutes=5),
    digest(minutes=5, slides_up_to=timedelta(hours=1), most=10, leading=True, key="payload.a.b", items=50),
    digest(at="09:00"),
    digest(at=["00:00", "23:59"], on=["mon", "sun"], zone="Europe/Lisbon"),
]

WRONG = [
    (digest(), "0"),
    (digest(days=32), "maximum"),
    ({"kind": "digest"}, "give exactly one of these settings: seconds, times"),
    (digest(at="24:00"), "24:00"),
    (digest(at="9:00"), "9:00"),
    (digest(at="09:00", on=["monday"]), "monday"),
    (digest(at="09:00", zone="Mars/Olympus"), "Mars/Olympus"),
    (digest(hours=1) | {"zone": "UTC"}, "times"),
    (digest(at="09:00") | {"slides_up_to": 60}, "seconds"),
    (digest(hours=1, most=1), "minimum"),
    (digest(hours=1, items=51), "maximum"),
]


@pytest.mark.parametrize("settings", RIGHT, ids=str)
def test_what_is_right(settings: StepSettings) -> None:
    assert list(registry.problems_of(workflow("t", settings))) == []


@pytest.mark.parametrize(("settings", "problem"), WRONG, ids=str)
def test_what_is_wrong(settings: StepSettings, problem: str) -> None:
    found = [one.message for one in registry.problems_of(workflow("t", settings))]

    assert found
    assert problem in found[0]
