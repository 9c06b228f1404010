"""Writing down what came of attempts: a batch in one transaction, fenced by the lease token.

A row whose token is gone, or which is not being sent any more, is left alone: somebody else has it, or it has ended.
Deliveries lock in the order of their ids, then lanes in the order of theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from notifications.live import watching

from . import endpoint_health, failover, health
from .alarm import raise_alarm
from .confidential import CODE_NOTICE, forget_words, in_place_of
from .counters import HeldLane, locked_lanes, save_lanes
from .models import Delivery, State
from .outcome import MAYBE_SENT, Accepted, Delivered, Drop, Ending, GivenBack, Hold, Permanent, Temporary
from .parcel import Parcel
from .retry import PATIENCE_MAX, PAUSE_MAX, RetryPolicy
from .signals import announce
from .suppression import suppress_many, wordless
from .verdicts import Verdict, storable, write

CODE_MAX = 32
_STOPPED = "The worker was stopped before there was an answer"


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
    results = [_discreet(result) for result in results]
    verdicts = {result.parcel.id: _judge(result, now) for result in results}
    moves = failover.of_results(((result.parcel, result.outcome) for result in results), now=now)
    verdicts |= {pk: _goes_on(verdicts[pk], now) for pk in moves}
    settled = write([result.parcel for result in results], verdicts, now=now)
    mine = [result for result in results if result.parcel.id in settled]
    if mine:
        held |= _give_back(mine, now)
        failover.carry_out({pk: move for pk, move in moves.items() if pk in settled}, now=now)
        _suppress(mine, settled, now)
        if codes := [result.parcel.id for result in mine if result.parcel.notice_key == CODE_NOTICE]:
            forget_words(codes, now=now)
        refused = endpoint_health.learn([(one.parcel, one.outcome) for one in mine if one.tried], now=now)
        turned_off = _teach_channels(mine, refused, now)
        raise_alarm(turned_off, now=now)
        announce([result.parcel.id for result in mine], turned_off=turned_off)
        watching.changed(result.parcel.origin for result in mine)
    return _still_ours([result for result in results if result.parcel.id not in settled])


def _discreet(result: Result) -> Result:
    """Without the words of whoever got a code; ours of what was not tried stay."""
    outcome = result.outcome
    if result.parcel.notice_key != CODE_NOTICE or not result.tried or isinstance(outcome, Hold | GivenBack):
        return result
    return replace(result, outcome=replace(outcome, detail=in_place_of(outcome.detail)))


def _goes_on(verdict: Verdict, now: datetime) -> Verdict:
    """Another channel tries it at once."""
    return Verdict(State.PENDING, verdict.code, verdict.detail, now, failover.WAITS)


def _judge(result: Result, now: datetime) -> Verdict:
    outcome, parcel = result.outcome, result.parcel
    match outcome:
        case Delivered(detail):
            return Verdict(State.DELIVERED, detail=detail)
        case Accepted(detail):
            return Verdict(State.ACCEPTED, detail=detail)
        case Permanent(code, detail):
            return Verdict(State.FAILED, code, detail)
        case Temporary(code, detail, wish, alone=alone):
            again = result.policy.next_after(
                parcel.attempt,
                now=now,
                chance=result.chance,
                retry_after=wish,
                patience=PAUSE_MAX if alone else PATIENCE_MAX,
            )
            if again is None:
                return Verdict(State.DEAD, code, detail)
            if parcel.expires_at is not None and again >= parcel.expires_at:
                return Verdict(State.EXPIRED, code, detail)
            return Verdict(State.PENDING, code, detail, again, "retry")
        case Drop(reason, detail):
            return Verdict(State.CANCELLED, reason[:CODE_MAX], detail)
        case Hold(until):
            return Verdict(State.PENDING, due_at=until, wait_reason="held", counts=False)
        case GivenBack(begun=False):
            return Verdict(State.PENDING, counts=False)
        case GivenBack(again=False):
            return Verdict(State.FAILED, "timeout", f"{_STOPPED}, and {MAYBE_SENT}.")
        case GivenBack():
            return Verdict(State.PENDING, "", f"{_STOPPED}.", now, "stopped")


def _still_ours(results: Sequence[Result]) -> list[Result]:
    if not results:
        return []
    ids = [result.parcel.id for result in results]
    sending = Delivery.objects.across_tenants().filter(pk__in=ids, state=State.SENDING)
    tokens = dict(sending.values_list("pk", "lease_token"))
    return [result for result in results if tokens.get(result.parcel.id) == result.parcel.token]


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


def _suppress(results: Sequence[Result], erased: Mapping[int, bool], now: datetime) -> None:
    """Note the addresses to which nothing is to be sent any more."""
    refused = [(result.parcel, result.outcome) for result in results if isinstance(result.outcome, Permanent)]
    said = {one.id: storable(outcome.detail) for one, outcome in refused if outcome.suppress}
    entries = [
        (one.tenant_id, one.kind, one.address, wordless(said[one.id]) if erased[one.id] else said[one.id])
        for one, _outcome in refused
        if one.id in said
    ]
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
