"""The asynchronous client of a backend: of the loop that it runs on and of the rules now in force, kept until either
is another."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from . import site
from .policy import Rules

if TYPE_CHECKING:
    from .aio import Outbound


class Kept:
    def __init__(self) -> None:
        self._out: Outbound | None = None
        self._of: tuple[asyncio.AbstractEventLoop, Rules] | None = None

    def make(self) -> Outbound:
        from .aio import Outbound  # needs the extra `http`, which a site that sends none does without

        return Outbound.of_site()

    async def get(self) -> Outbound:
        now = asyncio.get_running_loop(), site.rules()
        if self._out is None or self._of != now:
            old, of = self._out, self._of
            out = self._out = self.make()
            self._of = now
            if old is not None and of is not None and of[0] is now[0]:
                await old.close()
            return out
        return self._out

    def prepare(self) -> None:
        """Load what sending needs, before workers are forked."""
        with suppress(ImportError):
            from .aio import Outbound

            Outbound.prepare()

    async def close(self) -> None:
        out, self._out, self._of = self._out, None, None
        if out is not None:
            await out.close()
