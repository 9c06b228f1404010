"""Lanes are woken after the commit, in a short transaction of its own.

Not within the caller's: that may take long, and whoever settles what this lane sends would wait for it. A process that
dies between the two leaves its lanes asleep until `sweeps.wake_forgotten` finds them, within ten seconds.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connections, transaction

from notifications.kernel import rowset

from .models import Lane
from .way import Way

BELL, QUEUE = "notifyhub.outbox.drain", "delivery"


def wake(lane: int, *, due: datetime, way: Way | None = None, using: str = "default") -> None:
    """See that this lane is looked at no later than `due`, once the current transaction commits. Its cap and rate take
    the values of `way`."""
    connection = connections[using]
    for savepoints, callback, *_ in connection.run_on_commit:
        if isinstance(callback, _Wake) and savepoints == set(connection.savepoint_ids):
            callback.add(lane, due, way)
            return
    call = _Wake(using)
    call.add(lane, due, way)
    connection.on_commit(call, robust=True)


class _Wake:
    """The after-commit callback: one a transaction, or savepoint, however often `wake` is called in it."""

    def __init__(self, using: str) -> None:
        self.__qualname__ = "wake"  # Django names a callback by it when one fails
        self._using = using
        self._due: dict[int, datetime] = {}
        self._ways: dict[int, Way] = {}

    def add(self, lane: int, due: datetime, way: Way | None) -> None:
        self._due[lane] = min(self._due.get(lane, due), due)
        if way is not None:
            self._ways[lane] = way

    def __call__(self) -> None:
        connection = connections[self._using]
        with transaction.atomic(using=self._using):
            lanes = Lane.objects.using(self._using).across_tenants().filter(pk__in=self._due).order_by("pk")
            locked = list(lanes.select_for_update(no_key=True, of=("self",)))
            ways = [self._ways.get(lane.pk) for lane in locked]
            at = connection.ops.adapt_datetimefield_value
            ready = [min(lane.ready_at or self._due[lane.pk], self._due[lane.pk]) for lane in locked]
            columns: dict[str, rowset.Column] = {
                "id": ("bigint", [lane.pk for lane in locked]),
                "ready_at": ("timestamptz", [str(at(when)) for when in ready]),
                "cap": ("int", [way.cap if way else lane.cap for lane, way in zip(locked, ways, strict=True)]),
                "rate": ("float8", [way.rate if way else lane.rate for lane, way in zip(locked, ways, strict=True)]),
            }
            source, parameters = rowset.table(connection, "t", columns)
            table = f'"{Lane._meta.db_table}"'
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {table} SET ready_at = t.ready_at, cap = t.cap, rate = t.rate FROM {source}"
                    f" WHERE {table}.id = t.id",
                    parameters,
                )
