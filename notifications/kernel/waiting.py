"""What waits for a time: each app names its waiting rows, so that a virtual clock can jump from one due time to the
next.

Real time needs none of this: doorbells and tickers look for what is due. A simulation does not sit and wait. It asks
of each kind of waiting rows when one tenant's next is due, moves its clock there, and has it worked off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """`next_due(tenant=…)` is when the next row of this tenant is due (or was), or None. `work_off(tenant=…, clock=…)`
    does what is due of this tenant at the time that the clock says, and touches no other tenant's rows."""

    name: str
    next_due: Callable[..., datetime | None]
    work_off: Callable[..., object]


WAITING: dict[str, Waiting] = {}


def register(name: str, *, next_due: Callable[..., datetime | None], work_off: Callable[..., object]) -> None:
    """Have these rows play their part on a virtual clock. Called from `AppConfig.ready()`."""
    WAITING[name] = Waiting(name, next_due, work_off)
