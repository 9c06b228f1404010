"""When to try again, as a table."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from channels_delivery.backends import push, webhook
from channels_delivery.chat import replies
from channels_delivery.outbound.answer import Answer
from channels_delivery.outcome import Outcome, Temporary
from channels_delivery.retry import LONG, QUICK, parse_retry_after, wait_asked
from channels_delivery.sms import generic, twilio

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = 3600


@pytest.mark.parametrize(
    ("attempt", "chance", "asked", "seconds"),
    [
        (1, 0.5, None, 30),
        (1, 0.0, None, 24),
        (1, 0.999999, None, 36),
        (2, 0.5, None, 120),
        (3, 0.5, None, 600),
        (1, 0.5, 10, 30),
        (1, 0.5, 45, 45),
        (1, 0.5, 3 * HOUR, HOUR),
    ],
)
def test_the_longer_of_the_step_and_what_the_receiver_asked_for(
    attempt: int, chance: float, asked: float | None, seconds: float
) -> None:
    again = QUICK.next_after(attempt, now=NOW, chance=chance, retry_after=asked)

    assert again is not None
    assert (again - NOW).total_seconds() == pytest.approx(seconds, abs=0.01)


def test_after_its_last_step_a_policy_gives_up() -> None:
    assert QUICK.next_after(4, now=NOW, chance=0.5) is None
    assert LONG.next_after(10, now=NOW, chance=0.5) == NOW + timedelta(hours=24)
    assert LONG.next_after(11, now=NOW, chance=0.5) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 11:00:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 30, None),
        ("soon", None),
        ("", None),
        (None, None),
        ("٣٠", None),
        ("Sun, 01 Mar 2026 12:00:30", None),
        ("Sun, 99 Mar 99999999999 12:00:30 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_in_the_future(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, now=NOW) == seconds


THEIRS, LATER = "Mon, 02 Mar 2020 03:04:05 GMT", "Mon, 02 Mar 2020 03:49:05 GMT"


@pytest.mark.parametrize(
    ("date", "asked", "seconds"),
    [
        (THEIRS, LATER, 2_700),
        (LATER, THEIRS, None),
        (THEIRS, "77", 77),
        (THEIRS, None, None),
        (None, "Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("soon", "Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 11:00:00 -0000", "Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 99 Mar 99999999999 12:00:30 GMT", "Sun, 01 Mar 2026 12:00:30 GMT", 30),
    ],
)
def test_a_date_is_by_the_clock_of_whoever_wrote_it(date: str | None, asked: str | None, seconds: float | None) -> None:
    headers = {name: value for name, value in (("Date", date), ("Retry-After", asked)) if value is not None}

    assert wait_asked(headers, now=NOW) == seconds


@pytest.mark.parametrize(
    "read",
    [
        webhook.outcome_of,
        push.outcome_of,
        replies.of_slack,
        replies.of_teams,
        twilio.PROVIDER.outcome,
        generic.PROVIDER.outcome,
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_whoever_asks_us_to_wait_is_read_by_their_clock(read: Callable[..., Outcome], status: int) -> None:
    outcome = read(Answer(status, {"Date": THEIRS, "Retry-After": LATER}, b"", 0.1), now=NOW)

    assert isinstance(outcome, Temporary)
    assert outcome.retry_after == 2_700
