"""What attempts tell of endpoints: whether somebody is there, is gone for good, or fails for days.

A device that is gone is forgotten, since its browser subscribes again. Another place of somebody's own is turned off,
and they are told: they wrote it by hand.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, F, Max, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Least

from notifications.kernel import rowset

from .alarm import tell_owners
from .backends import backends
from .endpoints import PUSH
from .models import Endpoint
from .outcome import Accepted, Delivered, Ending, Permanent, Temporary
from .parcel import Parcel
from .suppression import digest

logger = logging.getLogger(__name__)

STRIKES, PEOPLE = 3, 3
QUIET, NOTED = timedelta(minutes=10), timedelta(minutes=1)
FAILURES, FOR = 10, timedelta(days=5)
"""So many failures in a row, over so long, turn a place off."""


def learn(results: Sequence[tuple[Parcel, Ending]], *, now: datetime) -> set[int]:
    """What a batch of attempts says of its endpoints; the channels whose key their service refuses. In the transaction
    that settles the batch. Statements do not grow with the results."""
    of_endpoints = [(parcel, outcome) for parcel, outcome in results if "endpoint" in parcel.slots]
    if not of_endpoints:
        return set()
    well, gone, refused = set[int](), set[tuple[int, str]](), dict[int, Parcel]()
    useless, failing = dict[int, str](), set[int]()
    for parcel, outcome in of_endpoints:
        pk = parcel.slots["endpoint"]
        match outcome:
            case Delivered() | Accepted():
                well.add(pk)
            case Permanent(code="address" | "auth" as code) if _has_own_way(parcel.kind):
                useless[pk] = code
            case Permanent(suppress=True) if parcel.kind != PUSH:  # of other failures the channel may be the cause
                useless[pk] = "address"
            case Temporary() | Permanent() if _has_own_way(parcel.kind):
                failing.add(pk)
            case Permanent(forget=True):
                gone.add((pk, digest(parcel.tenant_id, parcel.kind, parcel.address)))
            case Temporary(code="auth"):
                refused[pk] = parcel
            case _:
                continue
    _note_success(well, now)
    _forget(gone)
    _turn_off(useless, failing - well - set(useless), now)
    return _count_refusals(refused, now) if refused else set()


def _note_success(well: set[int], now: datetime) -> None:
    """Once a minute is often enough to know that somebody is there."""
    if not well:
        return
    at, table = connection.ops.adapt_datetimefield_value, f'"{Endpoint._meta.db_table}"'
    among, chosen = rowset.any_of(connection, "id", sorted(well))
    stale = f"SELECT id FROM {table} WHERE {among} AND (failures > 0 OR last_ok_at IS NULL OR last_ok_at < %s)"
    if connection.vendor == "postgresql":
        stale += " ORDER BY id FOR UPDATE"  # in one order everywhere: nobody waits for somebody who waits for them
    with connection.cursor() as cursor:  # by hand: this is asked with every batch of pushes
        cursor.execute(
            f"UPDATE {table} SET last_ok_at = %s, failures = 0, failing_since = NULL WHERE id IN ({stale})",
            [at(now), *chosen, at(now - NOTED)],
        )


def _forget(gone: set[tuple[int, str]]) -> None:
    """Those that are gone, unless they have another address by now."""
    if gone:
        rows = Endpoint.objects.across_tenants().filter(pk__in=[pk for pk, _ in gone])
        rows.filter(digest__in=[hashed for _, hashed in gone]).delete()


def _count_refusals(refused: Mapping[int, Parcel], now: datetime) -> set[int]:
    """A device that was refused three times goes, but not while its service may be refusing everybody: that would be
    our key, and for sure after ten minutes."""
    rows = Endpoint.objects.across_tenants().filter(pk__in=refused)
    held = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", "origin"))
    Endpoint.objects.across_tenants().filter(pk__in=[pk for pk, _ in held]).update(
        failures=F("failures") + 1, failing_since=Coalesce("failing_since", Value(now))
    )
    doubted, ours = _refusing_everybody({origin for _, origin in held}, now)
    for origin in sorted(ours):
        logger.error("push.key_refused origin=%s advice=check VAPID_PRIVATE_KEY and VAPID_SUBJECT", origin)
    alone = [pk for pk, origin in held if origin not in doubted]
    Endpoint.objects.across_tenants().filter(pk__in=alone, failures__gte=STRIKES).delete()
    return {channel for pk, origin in held if origin in ours and (channel := refused[pk].channel_id)}


def _refusing_everybody(origins: set[str], now: datetime) -> tuple[set[str], set[str]]:
    """Those of these services where three people have devices that fail, and no device of anybody has succeeded since;
    and those of them where it has been so for ten minutes."""
    there = Endpoint.objects.across_tenants().filter(origin__in=origins).values("origin").order_by()
    since = Q()
    for origin, ok in there.annotate(ok=Max("last_ok_at")).values_list("origin", "ok"):
        since |= Q(origin=origin) & (Q() if ok is None else Q(failing_since__gt=ok))
    failing = there.filter(since, failures__gt=0).annotate(
        people=_people(Q()), long=_people(Q(failing_since__lte=now - QUIET))
    )
    found = [(one["origin"], one["people"], one["long"]) for one in failing]
    doubted = {origin for origin, people, _ in found if people >= PEOPLE}
    return doubted, {origin for origin, _, long in found if long >= PEOPLE}


def _people(having: Q) -> Combinable:
    """How many different ones: somebody with an account is one in however many tenants."""
    nameless = Count("recipient", distinct=True, filter=having & Q(recipient__user__isnull=True))
    return Count("recipient__user", distinct=True, filter=having) + nameless


def _has_own_way(kind: str) -> bool:
    """Nothing but this place lies behind its lane: when sending fails, it is the place that does."""
    backend = backends().get(kind)
    return backend is not None and backend.by_choice


def _turn_off(useless: Mapping[int, str], failing: Set[int], now: datetime) -> None:
    """Those that are of no use, and those that had nothing but failures for days."""
    if not useless and not failing:
        return
    on = Endpoint.objects.across_tenants().filter(pk__in={*useless, *failing}, disabled_at__isnull=True)
    held = set(on.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    mine = Endpoint.objects.across_tenants()
    mine.filter(pk__in=held & failing).update(
        failing_since=Coalesce("failing_since", Value(now)), failures=Least(F("failures") + 1, FAILURES)
    )
    hopeless = mine.filter(pk__in=held & failing, failures__gte=FAILURES, failing_since__lte=now - FOR)
    off = {pk: code for pk, code in useless.items() if pk in held}
    off |= dict.fromkeys(hopeless.values_list("pk", flat=True), "failing")
    for because in sorted(set(off.values())):
        chosen = [pk for pk, code in off.items() if code == because]
        mine.filter(pk__in=chosen).update(disabled_at=now, disabled_because=because)
    tell_owners(off, now=now)
