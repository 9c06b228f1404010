"""The reckoning: what was accepted × what the receiver saw × what the rows say. Every broken promise is named by the
invariant that it breaks; what is a number goes into the report.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from django.db import connection

from channels_delivery.models import Attempt, Delivery, Lane
from tests.channels_delivery.webhooks import OLD

from .hasty import Hasty
from .sink import Seen, Sink

TERMINAL = {"delivered", "accepted", "failed", "dead", "cancelled", "expired"}
SUCCESS = {"delivered", "accepted"}

REPORTS: list[str] = []
"""One line for each reckoning of this process; shown at its end."""


@dataclass(frozen=True)
class Promise:
    """A message to one address that was accepted: its transaction was committed."""

    origin: UUID
    step: str
    address: str


@dataclass
class Books:
    """What a test knows by itself, without asking the hub."""

    promises: list[Promise] = field(default_factory=list)
    cancels: dict[UUID, int] = field(default_factory=dict)
    """The attempts that an origin had had when its cancel was acknowledged."""
    kills: int = 0
    hits: int = 0
    """Kills that left rows in `sending`."""


@dataclass
class Reckoning:
    broken: list[str]
    promises: int
    requests: int
    again: int
    """Requests beyond the first that the receiver had answered with success: the same id, so that it may drop them."""
    lost: int
    kills: int
    hits: int
    states: Counter[str]

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        kills = f"; {self.kills} kills, {self.hits} of them amid sending" if self.kills else ""
        return (
            f"{self.promises} accepted, {states}; {self.requests} requests, {self.again} of them duplicates,"
            f" {self.lost} leases lost{kills}; {len(self.broken)} promises broken"
        )


def reckon(books: Books, sink: Sink, *, name: str) -> Reckoning:
    """Everything, once all is over. With a name, its line goes into the report."""
    rows = list(Delivery.objects.across_tenants().order_by("pk"))
    attempts = defaultdict[int, list[Attempt]](list)
    for attempt in Attempt.objects.order_by("delivery_id", "no"):
        attempts[attempt.delivery_id].append(attempt)
    seen, webhooks = sink.by_id(), [row for row in rows if row.kind == "webhook"]
    found = Reckoning(
        broken=[
            *_one_end_each(books, rows),
            *_one_success_each(rows, attempts),
            *_same_id_same_words(webhooks, seen, attempts),
            *_ends_stay_ends(),
            *_never_too_early(rows, attempts),
            *_waits_as_asked(webhooks, seen, attempts),
            *_on_record_before(webhooks, seen, attempts),
            *_nothing_after_a_cancel(books, rows, attempts),
            *_lanes_are_empty(),
        ],
        promises=len(books.promises),
        requests=len(sink.seen),
        again=sum(max(sum(map(_succeeded, requests)) - 1, 0) for requests in seen.values()),
        lost=sum(one.result == "lost" for each in attempts.values() for one in each),
        kills=books.kills,
        hits=books.hits,
        states=Counter(row.state for row in rows),
    )
    if name:
        _report(name, found)
    return found


def _report(name: str, found: Reckoning) -> None:
    REPORTS.append(f"{name}: {found}")
    if path := os.environ.get("NOTIFYHUB_RECKONINGS"):  # of a soak, which adds them up
        numbers = {
            "accepted": found.promises,
            "requests": found.requests,
            "duplicates": found.again,
            "leases lost": found.lost,
            "kills": found.kills,
            "amid sending": found.hits,
            "broken": len(found.broken),
        }
        with Path(path).open("a") as file:
            file.write(json.dumps(numbers) + "\n")


def webhook_id(row: Delivery) -> str:
    return f"msg_{row.stable_id.hex}"


def _one_end_each(books: Books, rows: Sequence[Delivery]) -> Iterator[str]:
    ends = defaultdict[Promise, list[str]](list)
    for row in rows:
        if row.replay_of_id is None:
            assert row.origin is not None, "every letter of the rig has an origin"
            ends[Promise(row.origin, row.origin_step, row.address)].append(row.state)
    for promise in books.promises:
        if len(found := ends.pop(promise, [])) != 1 or found[0] not in TERMINAL:
            yield f"I1 {promise.address} ended as {found}"
    for promise in ends:
        yield f"I1 {promise.address} was never accepted"


def _one_success_each(rows: Sequence[Delivery], attempts: dict[int, list[Attempt]]) -> Iterator[str]:
    for row in rows:
        successes = sum(one.result in SUCCESS for one in attempts[row.pk])
        if successes != (row.state in SUCCESS):
            yield f"I2 {row.address} is {row.state} and has {successes} successes"


def _same_id_same_words(
    rows: Sequence[Delivery], seen: dict[str, list[Seen]], attempts: dict[int, list[Attempt]]
) -> Iterator[str]:
    by_id = defaultdict[str, list[Delivery]](list)
    for row in rows:
        by_id[webhook_id(row)].append(row)
    for one, requests in seen.items():
        tries = sum(len(attempts[row.pk]) for row in by_id[one])
        if {request.path for request in requests} != {urlsplit(row.address).path for row in by_id[one]}:
            yield f"I2 {one} went to {sorted({request.path for request in requests})}"
        if len({request.got.body for request in requests}) != 1:
            yield f"I2 {one} had different words"
        if not all(request.got.signed_by(OLD) for request in requests):
            yield f"I2 {one} was not signed"
        if len(requests) > tries:
            yield f"I12 {one} was seen {len(requests)} times in {tries} attempts"
    for one, mine in by_id.items():
        if any(row.state in SUCCESS for row in mine) and not any(map(_succeeded, seen.get(one, []))):
            yield f"I1 {one} is delivered, and its receiver does not have it"


def _ends_stay_ends() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT delivery, was, became FROM faults_journal WHERE was = 'settled' OR was = ANY(%s)",
            [sorted(TERMINAL)],
        )
        for delivery, was, became in cursor.fetchall():
            if was == "settled":
                yield f"I5 an attempt of delivery {delivery} was settled twice"
            else:
                yield f"I4 delivery {delivery} was {was} and became {became}"


def _never_too_early(rows: Sequence[Delivery], attempts: dict[int, list[Attempt]]) -> Iterator[str]:
    steps = Hasty.policy.steps
    for row in rows:
        mine = attempts[row.pk]
        if len(mine) > len(steps) + 1:
            yield f"I7 {row.address} was tried {len(mine)} times"
        for before, after in pairwise(mine):
            if before.result == "retry" and _seconds(before.finished_at, after.started_at) < 0.8 * steps[before.no - 1]:
                yield f"I7 attempt {after.no} of {row.address} was early"


def _waits_as_asked(
    rows: Sequence[Delivery], seen: dict[str, list[Seen]], attempts: dict[int, list[Attempt]]
) -> Iterator[str]:
    """By the receiver's own clock. Where a lease was lost, so may have been what the receiver said."""
    for row in rows:
        requests = seen.get(webhook_id(row), [])
        if row.lost or len(requests) != len(attempts[row.pk]):
            continue
        for before, after in pairwise(requests):
            if before.reply is None or before.done is None:
                continue
            if after.at - before.done < before.reply.asks:
                yield f"I7 {row.address} was asked {before.reply.asks} s of patience"


def _on_record_before(
    rows: Sequence[Delivery], seen: dict[str, list[Seen]], attempts: dict[int, list[Attempt]]
) -> Iterator[str]:
    starts = defaultdict[str, list[float]](list)
    for row in rows:
        starts[webhook_id(row)] += [one.started_at.timestamp() for one in attempts[row.pk]]
    for one, requests in seen.items():
        for request, started in zip(requests, sorted(starts[one]), strict=False):
            if request.at < started:
                yield f"I12 {one} was seen before its attempt was on record"


def _nothing_after_a_cancel(
    books: Books, rows: Sequence[Delivery], attempts: dict[int, list[Attempt]]
) -> Iterator[str]:
    now = Counter[UUID | None]()
    for row in rows:
        now[row.origin] += len(attempts[row.pk])
    for origin, then in books.cancels.items():
        if now[origin] != then:
            yield f"I13 {origin} had {then} attempts when its cancel was acknowledged, and has {now[origin]}"


def _lanes_are_empty() -> Iterator[str]:
    for lane in Lane.objects.across_tenants().exclude(in_flight=0):
        yield f"lane {lane} still counts {lane.in_flight} under way"


def _succeeded(request: Seen) -> bool:
    return request.reply is not None and not request.reply.hangs and 200 <= request.reply.status < 300


def _seconds(start: datetime | None, end: datetime) -> float:
    assert start is not None
    return (end - start).total_seconds()


def p99(seconds: Iterable[float]) -> float:
    """The 99th percentile; of fewer than a hundred the largest."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
