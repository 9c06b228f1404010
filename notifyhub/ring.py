"""A ring: the newest of what came by, in memory, bounded by number and size. For one process that sends and shows."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Ring(Generic[T]):
    """Holds at most `most` things of together at most `size` bytes; the oldest make room. The newest always stays.

    Whatever thread may put and look.
    """

    def __init__(self, *, most: int, size: int) -> None:
        self._most, self._size = most, size
        self._kept: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, one: T, *, size: int) -> None:
        with self._lock:
            self._kept.append((one, size))
            self._bytes += size
            while len(self._kept) > 1 and (len(self._kept) > self._most or self._bytes > self._size):
                self._bytes -= self._kept.popleft()[1]

    def newest_first(self) -> list[T]:
        with self._lock:
            return [one for one, _ in reversed(self._kept)]

    def drop(self, unwanted: Callable[[T], bool]) -> int:
        """Let go of those; how many they were."""
        with self._lock:
            before = len(self._kept)
            self._kept = deque((one, size) for one, size in self._kept if not unwanted(one))
            self._bytes = sum(size for _, size in self._kept)
            return before - len(self._kept)
