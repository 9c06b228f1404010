"""An end for blocking requests. Time-outs of sockets start anew with every byte, so a drip outlives them for ever;
here a timer shuts the connections of a request down when its time is over, wherever it stands.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self


class Deadline:
    """The time of one request, in a `with` block; the connections opened inside it are handed to `hold`."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []
        self._token: Token[Deadline] | None = None
        self.over = False

    @classmethod
    def current(cls) -> Deadline:
        """The one of this thread's request. Raises LookupError outside of one."""
        return _current.get()

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        assert self._token is not None
        _current.reset(self._token)
        with self._lock:
            for held in self._held:
                held.close()
            self._held.clear()

    def left(self) -> float:
        """Seconds, never none: a time-out of 0 would mean a socket that does not block."""
        return max(self._ends - time.monotonic(), 0.001)

    def hold(self, connection: socket.socket) -> None:
        """A copy of the descriptor: TLS takes the socket's own away from it while it shakes hands."""
        with self._lock:
            self._held.append(connection.dup())
        if self.over:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self.over = True
            for held in self._held:
                with suppress(OSError):  # closed from the other side already
                    held.shutdown(socket.SHUT_RDWR)


_current: ContextVar[Deadline] = ContextVar("notifyhub_outbound_deadline")
