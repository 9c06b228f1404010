"""The contract of a backend: the code that sends one kind. One module in `backends/`, or a dotted path in the setting
`CHANNELS_DELIVERY["BACKENDS"]`, or an entry point of the group `notifyhub.backends`.

A backend sends one parcel and says what came of it, in the closed set of `outcome.py`. It touches no database: what it
needs of its channel is loaded for a batch at a time and handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .claim import Parcel
from .outcome import Outcome
from .retry import RetryPolicy


@dataclass(frozen=True)
class Outlet:
    """The channel that a parcel leaves by: plain settings, and its secrets in the clear. `id` None: the site's own."""

    id: int | None
    settings: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(repr=False)
    paused: bool = False


class Backend(Protocol):
    """One kind."""

    @property
    def kind(self) -> str: ...

    @property
    def policy(self) -> RetryPolicy: ...

    settings_schema: Mapping[str, Any]
    """JSON Schema of a channel's settings."""
    secrets_schema: Mapping[str, Any]
    """JSON Schema of its secrets; write-only."""

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        """Send it within `deadline` seconds. Runs on the loop thread; blocking work goes to `asyncio.to_thread`.

        Any exception counts as a temporary `crash`.
        """

    async def close(self) -> None:
        """Let go of kept connections."""
