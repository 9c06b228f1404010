"""What a simulation tells: one frozen line for each thing that happened to each person, in the order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

TEAM = ""
"""Stands where a person would, for what concerned the teams of a run."""


class What(StrEnum):
    """What happened."""

    TRIGGERED = "triggered"
    CANCELLED = "cancelled"
    ACTED = "acted"
    SENT = "sent"
    SKIPPED = "skipped"
    HELD = "held"
    NOTED = "noted"
    RETRIED = "retried"
    DELIVERED = "delivered"
    FAILED = "failed"
    SLEPT = "slept"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


@dataclass(frozen=True)
class Entry:
    """One thing that happened to one person (`TEAM`: to a team), or to the run (neither).

    `sent`: `title` left on `channel`, or lies in the inbox; and arrived, unless a later entry says `retried` (at
    `until`) or `failed` (with the reason); `delivered` follows when it took more than one try. `skipped`: nothing on
    this channel, for this `reason`; `held`: not before `until`; `noted`: something went wrong that silenced nothing.
    `slept`: waits until `until`; `step` is where they go on. `ended`: the walk is over.
    """

    at: datetime
    what: What
    person: str | None = None
    run: str = ""
    step: str = ""
    channel: str = ""
    title: str = ""
    reason: str = ""
    detail: str = ""
    until: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Without what is empty."""
        said = {name: value for name, value in self.__dict__.items() if value not in ("", None)}
        return said | {"at": self.at.isoformat(), "what": self.what.value} | self._until()

    def _until(self) -> dict[str, str]:
        return {"until": self.until.isoformat()} if self.until else {}


@dataclass(frozen=True)
class Timeline:
    """What happened from `start` to `end`. `finished`: nothing waits any more."""

    start: datetime
    end: datetime
    entries: Sequence[Entry]
    finished: bool = True

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def of(self, person: str) -> Timeline:
        """What happened to this person; to teams, for `TEAM`."""
        return self._where(lambda entry: entry.person == person)

    def on(self, channel: str) -> Timeline:
        return self._where(lambda entry: entry.channel == channel)

    def only(self, *whats: What | str) -> Timeline:
        return self._where(lambda entry: entry.what in whats)

    def of_run(self, name: str) -> Timeline:
        return self._where(lambda entry: entry.run == name)

    def titles(self) -> list[str]:
        """What was sent, in order."""
        return [entry.title for entry in self.entries if entry.what == What.SENT]

    def reasons(self) -> list[str]:
        """Why something was not, in order."""
        return [entry.reason for entry in self.entries if entry.what in (What.SKIPPED, What.FAILED)]

    def lines(self) -> list[str]:
        """A line each, with the time since the start: `2d alice sent email "Still waits"`."""
        return [self._line(entry) for entry in self.entries]

    def to_json(self) -> dict[str, Any]:
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "finished": self.finished,
            "entries": [entry.to_json() for entry in self.entries],
        }

    def _where(self, fits: Callable[[Entry], bool]) -> Timeline:
        return replace(self, entries=tuple(entry for entry in self.entries if fits(entry)))

    def _line(self, entry: Entry) -> str:
        who = entry.run if entry.person is None else entry.person or "team"
        words = [spoken(entry.at - self.start), who, entry.what.value, entry.channel, entry.reason]
        if entry.title:
            words.append(f'"{entry.title}"')
        if entry.until is not None:
            words.append(f"until {spoken(entry.until - self.start)}")
        return " ".join(filter(None, words))


def spoken(length: timedelta) -> str:
    """A length of time in short: `2d`, `1h30m`, `0s`."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{n}{unit}" for n, unit in parts if n) or "0s"
