"""The list of 20 and the unread number among a million items, beside one row by primary key through the ORM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import product
from benchmarks.goals import Line
from benchmarks.harness import Rounds, Side, alternate, repeat
from benchmarks.product import Inbox
from benchmarks.report import Report

if TYPE_CHECKING:
    from notifications.models import Recipient


@dataclass(frozen=True, slots=True)
class Size:
    items: int
    persons: dict[str, Inbox]
    rounds: int
    seconds: float


FULL = Size(
    items=1_000_000,
    persons={
        "ordinary": Inbox(items=1_000, unread=200),
        "1k": Inbox(items=1_000, unread=1_000),
        "10k": Inbox(items=10_000, unread=10_000),
        "100k": Inbox(items=100_000, unread=100_000),
    },
    rounds=15,
    seconds=1.0,
)
QUICK = Size(
    items=30_000,
    persons={
        "ordinary": Inbox(items=1_000, unread=200),
        "1k": Inbox(items=1_000, unread=1_000),
        "10k": Inbox(items=2_000, unread=2_000),
        "100k": Inbox(items=10_000, unread=10_000),
    },
    rounds=3,
    seconds=0.2,
)
KEY = "one row by primary key through the ORM"
OTHERS_HAVE = 1_000


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    persons = setup(size)
    from notifications.inbox import list_items, unread_count

    lists = {name: partial(list_items, who, limit=20) for name, who in persons.items()}
    counts = {name: partial(unread_count, who) for name, who in persons.items()}
    lines: list[Line] = []
    rounds: dict[str, object] = {}
    facts: dict[str, object] = {}
    measured: list[tuple[str, str, Mapping[str, Callable[[], object]]]]
    measured = [("list", "list of 20", lists), ("unread", "unread count", counts)]
    for key, title, operations in measured:
        facts |= explained(title, operations)
        sides = {
            KEY: row_by_key(size),
            **{name: repeat(done, seconds=size.seconds) for name, done in operations.items()},
        }
        done = alternate(sides, rounds=size.rounds)
        lines += compared(key, title, done, size)
        rounds[key] = done.as_json()
    return Report("inbox_reads", lines, counts=facts, rounds=rounds)


def setup(size: Size) -> dict[str, Recipient]:
    """The measured persons, and others who have the rest of the items."""
    from django.contrib.auth.models import User

    product.fresh_site()
    tenant = product.add_tenant("bench")
    User.objects.create(username="someone")
    taken = sum(inbox.items for inbox in size.persons.values())
    others = (size.items - taken) // OTHERS_HAVE
    product.add_people(tenant, others + len(size.persons))
    product.add_notifications(tenant, max(inbox.items for inbox in size.persons.values()))
    ids = product.people_of(tenant)
    product.fill_evenly(people=ids[len(size.persons) :], each=OTHERS_HAVE)
    for pk, inbox in zip(ids, size.persons.values(), strict=False):
        product.fill_one(pk, inbox)
    product.settle()
    return {name: product.person(tenant, pk) for name, pk in zip(size.persons, ids, strict=False)}


def row_by_key(size: Size) -> Side:
    from django.contrib.auth.models import User

    pk = User.objects.get(username="someone").pk
    return repeat(lambda: User.objects.get(pk=pk), seconds=size.seconds)


def compared(key: str, title: str, rounds: Rounds, size: Size) -> list[Line]:
    def line(name: str, ours: str, against: str, goal: float) -> Line:
        has = size.persons[ours]
        work = f"{title}: {has.unread:,} unread of {has.items:,}, among {size.items:,}"
        beside = f"the same, {size.persons[against].unread:,} unread" if against in size.persons else against
        detail = f"{rounds.each(ours).median * 1e3:.2f} ms against {rounds.each(against).median * 1e3:.2f}"
        ratio, control = rounds.time_ratio(ours, against), rounds.control(ours)
        return Line(f"inbox_reads.{key}.{name}", work, beside, "at most", goal, ratio, control, detail=detail)

    return [
        line("ordinary", "ordinary", KEY, 4),
        line("heavy_by_key", "100k", KEY, 4),
        line("heavy", "100k", "ordinary", 2.5),
        line("flat_10k", "10k", "1k", 1.3),
        line("flat_100k", "100k", "1k", 1.3),
    ]


def explained(title: str, operations: Mapping[str, Callable[[], object]]) -> dict[str, object]:
    """Statements and the indexes of their plans, for the lightest and the heaviest person."""
    found: dict[str, object] = {}
    for name in ("ordinary", "100k"):
        with product.statements() as seen:
            operations[name]()
        indexes = [product.indexes_used(statement, parameters) for statement, parameters in seen]
        found[f"{title}, {name}"] = {
            "statements": len(seen),
            "indexes": sorted({one for used in indexes for one in used}),
        }
    return found
