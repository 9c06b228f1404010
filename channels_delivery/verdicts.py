"""What comes of attempts, on the rows of their deliveries, which lock in the order of their ids, and in their log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from notifications.kernel import rowset

from .models import ERASED, Attempt, Delivery, State
from .parcel import NOBODY, Parcel

DETAIL_MAX = 4_000


class Verdict(NamedTuple):
    """Where a delivery goes after an attempt, which `counts` unless it was held back before it began."""

    state: State
    code: str = ""
    detail: str = ""
    due_at: datetime | None = None
    wait_reason: str = ""
    counts: bool = True

    @property
    def result(self) -> str:
        """What the log says."""
        return self.wait_reason or self.state.value


def write(parcels: Sequence[Parcel], verdicts: Mapping[int, Verdict], *, now: datetime) -> dict[int, bool]:
    """Write these down, and close their attempts; an attempt that does not count is taken away, so that its number is
    used again. The deliveries (ids) whose lease still held, or that still waited where there is none, and of each
    whether its person was erased meanwhile; others are left alone. A retry of what was revoked meanwhile becomes a
    cancel; of who was erased no words are kept, which mostly repeat the address. On PostgreSQL one statement, and one
    more where something was held back."""
    parcels = sorted(parcels, key=lambda parcel: parcel.id)
    leased = parcels[0].token != NOBODY
    source, parameters = _source(parcels, verdicts)
    fence = f"d.id = t.id AND {_LEASED if leased else _WAITING}"
    on_postgres = connection.vendor == "postgresql"
    if on_postgres:  # one row after the other by its key, in the order of the keys
        mine = f"{source}, LATERAL (SELECT 1 FROM {_DELIVERY} d WHERE {fence} FOR UPDATE SKIP LOCKED) AS locked"
    else:
        mine = f"{source} JOIN {_DELIVERY} d ON {fence}"
    mine = f"WITH mine AS (SELECT t.* FROM {mine})"
    moved = (
        f"UPDATE {_DELIVERY} SET"
        f" state = CASE WHEN mine.state = 'pending' AND {_DELIVERY}.revoked THEN 'cancelled' ELSE mine.state END,"
        f" code = mine.code, attempt = mine.no - 1 + mine.spent,"
        f" due_at = coalesce(mine.due, {_DELIVERY}.due_at), lease_token = NULL, lease_until = NULL,"
        f" wait_reason = CASE WHEN {_DELIVERY}.revoked THEN '' ELSE mine.reason END,"
        f" finished_at = CASE WHEN mine.state = 'pending' AND NOT {_DELIVERY}.revoked THEN NULL ELSE %s END"
        f" FROM mine WHERE {_DELIVERY}.id = mine.id RETURNING {_DELIVERY}.id"
    )
    at = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        if on_postgres:
            closed, times = _closing("done AS t", at, leased=leased)
            said = ", ".join(f"mine.{name}" for name in ("no", "spent", "result", "code"))
            said += f", CASE WHEN {_IS_ERASED} THEN '' ELSE mine.detail END AS detail, {_IS_ERASED} AS erased"
            statement = f"{mine}, done AS ({moved}, {said}), closed AS ({closed}) SELECT id, erased FROM done"
            cursor.execute(statement, [*parameters, at, *times])
        else:
            cursor.execute(f"{mine} {moved}, {_IS_ERASED}", [*parameters, at])
        written = {pk: bool(erased) for pk, erased in cursor.fetchall()}
        settled = [parcel for parcel in parcels if parcel.id in written]
        if settled and not on_postgres:
            kept = {pk: verdicts[pk]._replace(detail="") if erased else verdicts[pk] for pk, erased in written.items()}
            source, parameters = _source(settled, kept)
            closed, times = _closing(source, at, leased=leased)
            cursor.execute(closed, [*times, *parameters])
    if leased:
        _take_away([parcel for parcel in settled if not verdicts[parcel.id].counts])
    return written


def finish_attempts(attempts: Sequence[tuple[int, int]], verdict: Verdict, *, now: datetime) -> None:
    """Close these (delivery, number), all alike."""
    columns = _numbers(attempts)
    for name, value in [("result", verdict.result), ("code", verdict.code), ("detail", verdict.detail)]:
        columns[name] = "text", [value] * len(attempts)
    columns["spent"] = "int", [1] * len(attempts)
    source, parameters = rowset.table(connection, "t", columns)
    closed, times = _closing(source, connection.ops.adapt_datetimefield_value(now), leased=True)
    with connection.cursor() as cursor:
        cursor.execute(closed, [*times, *parameters])


def storable(text: str, most: int = DETAIL_MAX) -> str:
    """What a database takes, whatever a backend or a provider says: one strange byte must not lose the other results of
    a batch."""
    return text[:most].encode("utf-8", "replace").decode().replace("\0", "�")


def _source(parcels: Sequence[Parcel], verdicts: Mapping[int, Verdict]) -> tuple[str, list[Any]]:
    chosen = [verdicts[parcel.id] for parcel in parcels]
    at = connection.ops.adapt_datetimefield_value
    tokens = {token: rowset.uuid_text(connection, token) for token in {parcel.token for parcel in parcels}}
    columns = _numbers([(parcel.id, parcel.attempt) for parcel in parcels])
    columns |= {
        "token": ("uuid", [tokens[parcel.token] for parcel in parcels]),
        "state": ("text", [verdict.state.value for verdict in chosen]),
        "code": ("text", [verdict.code for verdict in chosen]),
        "detail": ("text", [storable(verdict.detail) for verdict in chosen]),
        "due": ("timestamptz", [verdict.due_at and str(at(verdict.due_at)) for verdict in chosen]),
        "reason": ("text", [verdict.wait_reason for verdict in chosen]),
        "result": ("text", [verdict.result for verdict in chosen]),
        "spent": ("int", [int(verdict.counts) for verdict in chosen]),
    }
    return rowset.table(connection, "t", columns)


def _numbers(attempts: Sequence[tuple[int, int]]) -> dict[str, rowset.Column]:
    return {"id": ("bigint", [row for row, _ in attempts]), "no": ("bigint", [no for _, no in attempts])}


def _closing(rows: str, at: Any, *, leased: bool) -> tuple[str, list[Any]]:
    """Put on record how these attempts (`rows`, as t) ended, and the times that the statement takes first. Those
    without a lease begin in the same moment."""
    if leased:
        changes = "finished_at = %s, result = t.result, code = t.code, detail = t.detail"
        here = f"t.spent = 1 AND {_ATTEMPT}.delivery_id = t.id AND {_ATTEMPT}.no = t.no"
        return f"UPDATE {_ATTEMPT} SET {changes} FROM {rows} WHERE {here}", [at]
    return (
        f"INSERT INTO {_ATTEMPT} (delivery_id, no, started_at, finished_at, result, code, detail)"
        f" SELECT t.id, t.no, %s, %s, t.result, t.code, t.detail FROM {rows} WHERE t.spent = 1"
    ), [at, at]


def _take_away(parcels: Sequence[Parcel]) -> None:
    """The attempts of these, which did not begin."""
    if not parcels:
        return
    source, parameters = rowset.table(connection, "t", _numbers([(parcel.id, parcel.attempt) for parcel in parcels]))
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {_ATTEMPT} WHERE (delivery_id, no) IN (SELECT t.id, t.no FROM {source})", parameters
        )


_LEASED, _WAITING = "d.lease_token = t.token AND d.state = 'sending'", "d.state = 'pending'"
_DELIVERY, _ATTEMPT = (f'"{model._meta.db_table}"' for model in (Delivery, Attempt))
_IS_ERASED = f"substr({_DELIVERY}.address, 1, {len(ERASED)}) = '{ERASED}'"
