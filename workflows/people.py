"""A set of people of one chunk, as a bit mask: bit i is the chunk's i-th (run, person) pair.

A thousand people are 125 bytes, and union, minus and count are single machine-word loops, so that cohorts and
outcomes can be sets without a row a head.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import compress

_FEW = 32
"""Up to here, taking the lowest bit again and again is faster than looking at all places."""

_MARKS = bytes.maketrans(b"01", b"\0\1")


@dataclass(frozen=True)
class People:
    bits: int = 0

    @classmethod
    def everyone(cls, size: int) -> People:
        """All `size` pairs of a chunk."""
        return cls((1 << size) - 1)

    @classmethod
    def of(cls, places: Iterable[int]) -> People:
        """The pairs at these places."""
        marks = bytearray()
        for place in places:
            byte = place >> 3
            if byte >= len(marks):
                marks.extend(bytes(byte + 1 - len(marks)))
            marks[byte] |= 1 << (place & 7)
        return cls(int.from_bytes(marks, "little"))

    @classmethod
    def load(cls, stored: bytes | memoryview) -> People:
        return cls(int.from_bytes(bytes(stored), "little"))

    def dump(self) -> bytes:
        return self.bits.to_bytes((self.bits.bit_length() + 7) // 8, "little")

    def __or__(self, other: People) -> People:
        return People(self.bits | other.bits)

    def __and__(self, other: People) -> People:
        return People(self.bits & other.bits)

    def __sub__(self, other: People) -> People:
        return People(self.bits & ~other.bits)

    def __contains__(self, place: int) -> bool:
        return bool(self.bits >> place & 1)

    def __len__(self) -> int:
        return self.bits.bit_count()

    def __bool__(self) -> bool:
        return self.bits != 0

    def __iter__(self) -> Iterator[int]:
        """The places, ascending."""
        bits = self.bits
        if not bits & (bits + 1):  # everybody up to some place
            return iter(range(bits.bit_length()))
        if bits.bit_count() <= _FEW:
            return self._few()
        marks = format(bits, "b")[::-1].encode().translate(_MARKS)
        return compress(range(len(marks)), marks)

    def _few(self) -> Iterator[int]:
        """Lowest first, without a look at each place: the one person of a small run stands among a thousand."""
        bits = self.bits
        while bits:
            lowest = bits & -bits
            yield lowest.bit_length() - 1
            bits ^= lowest


NOBODY = People()
