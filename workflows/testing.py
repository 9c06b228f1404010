"""For the tests of those who send: play a workflow on a virtual clock, and say what must come of it.

    from workflows.testing import assert_not_sent, assert_sent, fire, read, simulation  # the last is a pytest fixture

    def test_who_reads_gets_no_mail(simulation):
        timeline = simulation("invoice.overdue", people=["alice", "bob"], events=[fire(), read("alice", hours=1)])

        assert_sent(timeline, "bob", channel="email", title="Still waits", days=2)
        assert_not_sent(timeline, "alice", channel="email", reason="read")

Nothing is kept and nobody is told. The fixture needs pytest-django; without pytest, call `workflows.simulate.simulate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from .define import Workflow
from .definition import Body
from .hush import Calendar, Hush
from .matching import Matcher, WhileActive
from .simulate import Act, Cancel, Event, Expire, Failure, Fire, Persona, Publish, Timeline, Want, What, Wish, simulate

__all__ = [
    "START",
    "Calendar",
    "Failure",
    "Hush",
    "Matcher",
    "Persona",
    "Timeline",
    "WhileActive",
    "Wish",
    "act",
    "assert_not_sent",
    "assert_sent",
    "cancel",
    "expire",
    "fire",
    "hush",
    "publish",
    "read",
    "simulation",
    "want",
]

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""When simulations of the fixture begin, a Monday: so that a test says the same every day."""


@pytest.fixture
def simulation(db: None) -> Callable[..., Timeline]:
    """`simulate`, from `START` on unless another is given."""
    return partial(simulate, start=START)


def fire(payload: Mapping[str, Any] | None = None, *, after: timedelta = timedelta(), **given: Any) -> Event:
    """The workflow is triggered, for everybody who plays unless `recipients` are given; with its sample, unless a
    payload is."""
    return Event(Fire(payload, **given), after)


def act(kind: str, person: str, **after: float) -> Event:
    """Somebody reads, sees or archives all that they have, after so many `days`, `hours`, `minutes`."""
    return Event(Act(kind, person), timedelta(**after))


read = partial(act, "read")
"""Somebody reads all that they have, after so long."""


def cancel(run: str = "run-1", **after: float) -> Event:
    """A run is cancelled after so long; the first one, if it is not named."""
    return Event(Cancel(run), timedelta(**after))


def publish(workflow: Workflow | Body | Mapping[str, Any], **after: float) -> Event:
    """Another version is published after so long."""
    return Event(Publish(workflow), timedelta(**after))


def hush(what: Hush, **after: float) -> Event:
    """A silence or inhibition is begun after so long; in force from then on, or from its own start."""
    return Event(what, timedelta(**after))


def expire(name: str, **after: float) -> Event:
    """It ends before its time, after so long."""
    return Event(Expire(name), timedelta(**after))


def want(person: str, *, after: timedelta, **said: Any) -> Event:
    """Somebody changes what they want after so long: `want("ana", snooze_until=None, after=timedelta(hours=1))`."""
    return Event(Want(person, said), after)


def assert_sent(timeline: Timeline, person: str, *, channel: str, title: str | None = None, **after: float) -> None:
    """This person was sent something on this channel: with this title, if it is given, and so long after the start, if
    that is."""
    at = timeline.start + timedelta(**after) if after else None
    found = timeline.of(person).on(channel).only(What.SENT)
    fitting = [one for one in found if title in (None, one.title) and at in (None, one.at)]
    assert fitting, _told(timeline, person, f"was not sent {title or 'anything'} on {channel}")


def assert_not_sent(timeline: Timeline, person: str, *, channel: str, reason: str = "") -> None:
    """This person was sent nothing on this channel; for this reason, if it is given."""
    mine = timeline.of(person).on(channel)
    assert not mine.titles(), _told(timeline, person, f"was sent something on {channel}")
    assert not reason or reason in mine.reasons(), _told(timeline, person, f"was not kept from {channel} by {reason}")


def _told(timeline: Timeline, person: str, problem: str) -> str:
    return "\n  ".join([f"{person} {problem}. What happened:", *timeline.of(person).lines()])
