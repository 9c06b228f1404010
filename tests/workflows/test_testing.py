"""What we give to the tests of others works, and fails when it should."""

from collections.abc import Callable

import pytest

from tests.cast import workflow
from workflows.define import delay, send_email, send_inbox
from workflows.testing import (
    START,
    Failure,
    Timeline,
    act,
    assert_not_sent,
    assert_sent,
    cancel,
    fire,
    publish,
    read,
    simulation,
)

__all__ = ["simulation"]

NAG = workflow("nag", send_inbox(title="One"), delay(days=2), send_email(title="Two", skip_if_read=True))
Play = Callable[..., Timeline]


def test_a_test_of_a_host_reads_like_this(simulation: Play) -> None:
    timeline = simulation(NAG, people=["alice", "bob"], events=[fire(), read("alice", hours=1)])

    assert timeline.start == START
    assert_sent(timeline, "bob", channel="email", title="Two", days=2)
    assert_not_sent(timeline, "alice", channel="email", reason="read")


def test_what_did_not_happen_is_not_believed(simulation: Play) -> None:
    timeline = simulation(NAG, people=["alice"], events=[fire()])

    for wrong in ({"title": "Three"}, {"days": 1}, {"channel": "webhook"}):
        with pytest.raises(AssertionError, match="What happened:\n  0s alice sent inbox"):
            assert_sent(timeline, "alice", **{"channel": "email", **wrong})
    with pytest.raises(AssertionError, match="was sent something"):
        assert_not_sent(timeline, "alice", channel="email")
    with pytest.raises(AssertionError, match="was not kept from webhook by read"):
        assert_not_sent(timeline, "alice", channel="webhook", reason="read")


def test_every_kind_of_event_has_its_word(simulation: Play) -> None:
    events = [
        fire(),
        act("archive", "alice", minutes=1),
        publish(workflow("nag", send_inbox(title="New")), hours=1),
        cancel(days=1),
    ]

    timeline = simulation(NAG, people=["alice"], events=events, failures=[Failure()])

    assert timeline.only("acted", "cancelled").lines() == ["1m alice acted archive", "1d run-1 cancelled"]
