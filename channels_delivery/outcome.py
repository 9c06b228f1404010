"""What came of one attempt: a closed set. Two failures only; the vendor's words stay in the attempt's detail.

Beside it the three ends of an attempt at which no backend said anything: what the gate answered, and a worker's stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Code = Literal["auth", "address", "content", "rate_limited", "timeout", "network", "provider", "config", "crash"]


@dataclass(frozen=True)
class Delivered:
    """The receiver has it."""

    detail: str = ""


@dataclass(frozen=True)
class Accepted:
    """A relay has it and will say more later."""

    detail: str = ""


@dataclass(frozen=True)
class Temporary:
    """Try again later. `retry_after` is the receiver's wish in seconds; `slow_lane` asks that of the whole way out.
    `alone`: it was said of this one only, so however long it is, nothing else waits."""

    code: Code
    detail: str = ""
    retry_after: float | None = None
    slow_lane: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Permanent:
    """It would fail the same way again. `suppress` the address; `disable` the channel; `forget` the endpoint, which is
    gone."""

    code: Code
    detail: str = ""
    suppress: bool = False
    disable: bool = False
    forget: bool = False


Outcome = Delivered | Accepted | Temporary | Permanent


@dataclass(frozen=True)
class Drop:
    """It is not wanted any more. `reason` is a code of up to 32 characters, `detail` more words."""

    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Hold:
    """Not before `until`. Spends no attempt."""

    until: datetime


@dataclass(frozen=True)
class GivenBack:
    """The worker was stopped before there was an answer, and something may have left; or it had not `begun`. `again`:
    it may be sent once more all the same."""

    begun: bool = True
    again: bool = True


MAYBE_SENT = "it may have been sent"
"""What is said of a failure after which a message is not sent again by itself."""

Ending = Outcome | Drop | Hold | GivenBack
