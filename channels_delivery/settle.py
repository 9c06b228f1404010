"""Writing down what came of attempts: a batch in one transaction, fenced by the lease token.

A row whose token is gone, or which is not being sent any more, is left alone: somebody else has it, or it has ended.
Deliveries lock in the order of their ids, then lanes in the order of theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from notifications.kernel import rowset
from notifications.live import watching

from . import endpoint_health, failover, health
from .alarm import raise_alarm
from .counters import HeldLane, locked_lanes, save_lanes
from .models import Attempt, Delivery, State
from .outcome import Accepted, Delivered, Drop, Ending, GivenBack, Hold, Permanent, Temporary
from .parcel import NOBODY, Parcel
from .retry import RetryPolicy
from .signals import announce
from .suppression import suppress_many

DETAIL_MAX, CODE_MAX = 4_000, 32


@dataclass(frozen=True)
class Result:
    """What came of one parcel. `chance` is uniform in [0, 1), for the spread of its retry. `tried`: its backend was
    asked, so that the outcome tells something of the way out. `ailing`: its channel is known to fail."""

    parcel: Parcel
    outcome: Ending
    policy: RetryPolicy
    chance: float
    tried: bool = True
    ailing: bool = False


@dataclass(frozen=True)
class _Verdict:
    """Where a delivery goes after an attempt, which `counts` unless it was held back before it began."""

    state: State
    code: str = ""
    detail: str = ""
    due_at: datetime | None = None
    wait_reason: str = ""
    counts: bool = True


def settle(results: Sequence[Result], *, now: datetime) -> list[Result]:
    """Write these results down, in a transaction of its own; those that could not be yet, because a cancel that is not
    committed holds their rows."""
    held: dict[int, HeldLane] = {}
    if not results:
        return []
    with transaction.atomic():
        put_off = record(results, held, now=now)
        save_lanes(held.values(), now=now)
    return put_off


def record(results: Sequence[Result], held: dict[int, HeldLane], *, now: datetime) -> list[Result]:
    """Write these results down in the caller's transaction; those that could not be yet. Their lanes join `held`, to be
    saved by the caller.

    Results whose lease is lost are dropped: they write nothing. All of them have a lease, or none (`parcel.NOBODY`).
    """
    verdicts = {result.parcel.id: _judge(result, now) for result in results}
    moves = failover.of_results(((result.parcel, result.outcome) for result in results), now=now)
    verdicts |= {pk: _goes_on(verdicts[pk], now) for pk in moves}
    settled = _write_deliveries(results, verdicts, now)
    mine = [result for result in results if result.parcel.id in settled]
    if mine:
        _write_attempts(mine, verdicts, now)
        held |= _give_back(mine, now)
        failover.carry_out({pk: move for pk, move in moves.items() if pk in settled}, now=now)
        _suppress(mine, now)
        refused = endpoint_health.learn([(one.parcel, one.outcome) for one in mine if one.tried], now=now)
        turned_off = _teach_channels(mine, refused, now)
        raise_alarm(turned_off, now=now)
        announce([result.parcel.id for result in mine], turned_off=turned_off)
        watching.changed(result.parcel.origin for result in mine)
    return _still_ours([result for result in results if result.parcel.id not in settled])


def _goes_on(verdict: _Verdict, now: datetime) -> _Verdict:
    """Another channel tries it at once."""
    return _Verdict(State.PENDING, verdict.code, verdict.detail, now, failover.WAITS)


def _judge(result: Result, now: datetime) -> _Verdict:
    outcome, parcel = result.outcome, result.parcel
    match outcome:
        case Delivered(detail):
            return _Verdict(State.DELIVERED, detail=detail)
        case Accepted(detail):
            return _Verdict(State.ACCEPTED, detail=detail)
        case Permanent(code, detail):
            return _Verdict(State.FAILED, code, detail)
        case Temporary(code, detail, retry_after):
            again = result.policy.next_after(parcel.attempt, now=now, chance=result.chance, retry_after=retry_after)
            if again is None:
                return _Verdict(State.DEAD, code, detail)
            if parcel.expires_at is not None and again >= parcel.expires_at:
                return _Verdict(State.EXPIRED, code, detail)
            return _Verdict(State.PENDING, code, detail, again, "retry")
        case Drop(reason, detail):
            return _Verdict(State.CANCELLED, reason[:CODE_MAX], detail)
        case Hold(until):
            return _Verdict(State.PENDING, due_at=until, wait_reason="held", counts=False)
        case GivenBack(begun=False):
            return _Verdict(State.PENDING, counts=False)
        case GivenBack():
            return _Verdict(State.PENDING, "", "The worker was stopped before there was an answer.", now, "stopped")


def _write_deliveries(results: Sequence[Result], verdicts: dict[int, _Verdict], now: datetime) -> set[int]:
    """One statement: a retry of what was revoked meanwhile becomes a cancel."""
    results = sorted(results, key=lambda result: result.parcel.id)
    at = connection.ops.adapt_datetimefield_value
    tokens = {token: rowset.uuid_text(connection, token) for token in {result.parcel.token for result in results}}
    table = f'"{Delivery._meta.db_table}"'
    chosen = [verdicts[result.parcel.id] for result in results]
    source, parameters = rowset.table(
        connection,
        "t",
        {
            "id": ("bigint", [result.parcel.id for result in results]),
            "token": ("uuid", [tokens[result.parcel.token] for result in results]),
            "state": ("text", [verdict.state.value for verdict in chosen]),
            "code": ("text", [verdict.code for verdict in chosen]),
            "due": ("timestamptz", [verdict.due_at and str(at(verdict.due_at)) for verdict in chosen]),
            "reason": ("text", [verdict.wait_reason for verdict in chosen]),
            "attempt": (
                "int",
                [result.parcel.attempt - (not verdicts[result.parcel.id].counts) for result in results],
            ),
        },
    )
    fence = f"d.id = t.id AND {_LEASED if _have_a_lease(results) else _WAITING}"
    if connection.vendor == "postgresql":  # one row after the other by its key, in the order of the keys
        mine = f"{source}, LATERAL (SELECT 1 FROM {table} d WHERE {fence} FOR UPDATE SKIP LOCKED) AS locked"
    else:
        mine = f"{source} JOIN {table} d ON {fence}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH mine AS (SELECT t.* FROM {mine})"
            f" UPDATE {table} SET"
            f" state = CASE WHEN mine.state = 'pending' AND {table}.revoked THEN 'cancelled' ELSE mine.state END,"
            f" code = mine.code, attempt = mine.attempt,"
            f" due_at = coalesce(mine.due, {table}.due_at), lease_token = NULL, lease_until = NULL,"
            f" wait_reason = CASE WHEN {table}.revoked THEN '' ELSE mine.reason END,"
            f" finished_at = CASE WHEN mine.state = 'pending' AND NOT {table}.revoked THEN NULL ELSE %s END"
            f" FROM mine WHERE {table}.id = mine.id RETURNING {table}.id",
            [*parameters, at(now)],
        )
        return {row[0] for row in cursor.fetchall()}


_LEASED, _WAITING = "d.lease_token = t.token AND d.state = 'sending'", "d.state = 'pending'"


def _have_a_lease(results: Sequence[Result]) -> bool:
    return results[0].parcel.token != NOBODY


def _still_ours(results: Sequence[Result]) -> list[Result]:
    if not results:
        return []
    ids = [result.parcel.id for result in results]
    sending = Delivery.objects.across_tenants().filter(pk__in=ids, state=State.SENDING)
    tokens = dict(sending.values_list("pk", "lease_token"))
    return [result for result in results if tokens.get(result.parcel.id) == result.parcel.token]


def _write_attempts(results: Sequence[Result], verdicts: dict[int, _Verdict], now: datetime) -> None:
    """Close what was tried; take away what was held back before it began, so that its number is used again."""
    held = [result.parcel for result in results if not verdicts[result.parcel.id].counts]
    leased = _have_a_lease(results)
    if held and leased:
        source, parameters = _numbers([(parcel.id, parcel.attempt) for parcel in held])
        with connection.cursor() as cursor:
            cursor.execute(
                f'DELETE FROM "{Attempt._meta.db_table}" WHERE (delivery_id, no) IN (SELECT t.id, t.no FROM {source})',
                parameters,
            )
    tried = [result.parcel for result in results if verdicts[result.parcel.id].counts]
    chosen = [verdicts[parcel.id] for parcel in tried]
    if tried:
        (finish_attempts if leased else _add_attempts)(
            [(parcel.id, parcel.attempt) for parcel in tried],
            results=[verdict.wait_reason or verdict.state.value for verdict in chosen],
            codes=[verdict.code for verdict in chosen],
            details=[_storable(verdict.detail) for verdict in chosen],
            now=now,
        )


def _numbers(attempts: Sequence[tuple[int, int]]) -> tuple[str, list[Any]]:
    columns: dict[str, rowset.Column] = {
        "id": ("bigint", [row for row, _ in attempts]),
        "no": ("bigint", [no for _, no in attempts]),
    }
    return rowset.table(connection, "t", columns)


def finish_attempts(
    attempts: Sequence[tuple[int, int]],
    *,
    results: Sequence[str],
    codes: Sequence[str],
    details: Sequence[str],
    now: datetime,
) -> None:
    """Close these (delivery, number)."""
    source, parameters = _said(attempts, results, codes, details)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_ATTEMPT} SET finished_at = %s, result = t.result, code = t.code, detail = t.detail"
            f" FROM {source} WHERE {_ATTEMPT}.delivery_id = t.id AND {_ATTEMPT}.no = t.no",
            [connection.ops.adapt_datetimefield_value(now), *parameters],
        )


def _add_attempts(
    attempts: Sequence[tuple[int, int]],
    *,
    results: Sequence[str],
    codes: Sequence[str],
    details: Sequence[str],
    now: datetime,
) -> None:
    """Put these on record, which began and ended in the same moment."""
    source, parameters = _said(attempts, results, codes, details)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_ATTEMPT} (delivery_id, no, started_at, finished_at, result, code, detail)"
            f" SELECT t.id, t.no, %s, %s, t.result, t.code, t.detail FROM {source}",
            [*[connection.ops.adapt_datetimefield_value(now)] * 2, *parameters],
        )


def _said(
    attempts: Sequence[tuple[int, int]], results: Sequence[str], codes: Sequence[str], details: Sequence[str]
) -> tuple[str, list[Any]]:
    columns: dict[str, rowset.Column] = {
        "id": ("bigint", [row for row, _ in attempts]),
        "no": ("bigint", [no for _, no in attempts]),
        "result": ("text", results),
        "code": ("text", codes),
        "detail": ("text", details),
    }
    return rowset.table(connection, "t", columns)


_ATTEMPT = f'"{Attempt._meta.db_table}"'


def _storable(detail: str) -> str:
    """What a database takes, whatever a backend says: one strange byte must not lose the other results of a batch."""
    return detail[:DETAIL_MAX].encode("utf-8", "replace").decode().replace("\0", "�")


def _give_back(results: Sequence[Result], now: datetime) -> dict[int, HeldLane]:
    """The lanes of these, which give back what they held, and learn what the results tell of their health."""
    by_lane: dict[int, list[Result]] = defaultdict(list)
    for result in results:
        by_lane[result.parcel.lane_id].append(result)
    lanes = {lane.pk: lane for lane in locked_lanes(by_lane)}
    for lane in lanes.values():
        for result in by_lane[lane.pk]:
            if result.tried:
                lane.learn(result.outcome, now)
        lane.release(len(by_lane[lane.pk]), now)
    return lanes


def _suppress(results: Sequence[Result], now: datetime) -> None:
    """Note the addresses to which nothing is to be sent any more."""
    refused = [(result.parcel, result.outcome) for result in results if isinstance(result.outcome, Permanent)]
    entries = [(one.tenant_id, one.kind, one.address, _storable(said.detail)) for one, said in refused if said.suppress]
    if entries:
        suppress_many(entries, now=now)


def _teach_channels(results: Sequence[Result], refused: set[int], now: datetime) -> dict[int, str]:
    """Turn off the channels whose receiver says that it is gone for good, whose key is `refused`, and those that failed
    for days."""
    told = [(result, result.parcel.channel_id) for result in results if result.tried and result.parcel.channel_id]
    gone = {channel for result, channel in told if isinstance(result.outcome, Permanent) and result.outcome.disable}
    well = {channel for result, channel in told if health.well(result.outcome)}
    failed = {channel for result, channel in told if health.ill(result.outcome)} - gone - well
    better = well & {channel for result, channel in told if result.ailing}
    off = dict.fromkeys(health.turn_off(gone, because="gone", now=now) if gone else (), "gone")
    off |= dict.fromkeys(
        health.turn_off(refused - gone, because="refused", now=now) if refused - gone else (), "refused"
    )
    return off | health.learn(failed=failed, answered=better, now=now)
