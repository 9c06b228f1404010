"""Sending without a network: of one tenant, at a time that the caller says, as a function answers.

For a simulation. A delivery goes through the same hands as for real: the last look, and the settle with its retries and
its attempts on record. What is left out are the leases, since nobody else can see its row, and the lanes: their caps,
rates and breakers say how fast a way out is, and not what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection

from notifications.kernel import rowset

from .backends import backends
from .gate import kept_back
from .models import Delivery, Message, State
from .outcome import Ending, Outcome, Permanent
from .parcel import NOBODY, Parcel, columns, parcels_of
from .retry import QUICK
from .settle import Result, settle

Sender = Callable[[Parcel], Outcome]
"""What comes of a parcel. `parcel.attempt` says which try this is, from 1."""

BATCH = 1_000
EXACTLY = 0.5
"""The chance in the middle: a retry comes neither sooner nor later than its policy says."""


def send_due(*, tenant_id: int, now: datetime, sender: Sender) -> int:
    """Settle what is due of this tenant; how many attempts that were. In the caller's transaction."""
    pending = Delivery.objects.filter(tenant=tenant_id, state=State.PENDING)
    pending.filter(expires_at__lte=now).update(state=State.EXPIRED, wait_reason="", finished_at=now)
    done = last = 0
    while parcels := _due(tenant_id, now, after=last):  # each once, whatever comes of it
        settle(_results(parcels, now, sender), now=now)
        done, last = done + len(parcels), parcels[-1].id
    return done


def _due(tenant_id: int, now: datetime, *, after: int) -> list[Parcel]:
    """At most a batch of what is due, in the order of their ids, of those beyond `after`."""
    delivery, message = Delivery._meta.db_table, Message._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT {columns(connection.vendor)} FROM "{delivery}" d JOIN "{message}" m ON m.id = d.message_id'
            " WHERE d.tenant_id = %s AND d.state = %s AND d.due_at <= %s AND d.id > %s ORDER BY d.id LIMIT %s",
            [tenant_id, State.PENDING.value, connection.ops.adapt_datetimefield_value(now), after, BATCH],
        )
        return parcels_of(cursor.fetchall(), NOBODY)


def next_due(*, tenant_id: int) -> datetime | None:
    """When the next of this tenant's deliveries is due, or past its time; None when none waits."""
    with connection.cursor() as cursor:  # by hand: a simulation asks at each of its moments
        cursor.execute(
            f'SELECT min(due_at), min(expires_at) FROM "{Delivery._meta.db_table}" WHERE tenant_id = %s AND state = %s',
            [tenant_id, State.PENDING.value],
        )
        found = [rowset.moment(at) for at in cursor.fetchone()]
    return min((at for at in found if at is not None), default=None)


def _results(parcels: Sequence[Parcel], now: datetime, sender: Sender) -> list[Result]:
    back, known = kept_back(parcels, now=now), backends()
    results = []
    for parcel in parcels:
        backend = known.get(parcel.kind)
        outcome: Ending
        if parcel.id in back:
            outcome = back[parcel.id]
        elif backend is None:
            outcome = Permanent("config", f"No backend here sends {parcel.kind}.")
        else:
            outcome = sender(parcel)
        tried = parcel.id not in back and backend is not None
        results.append(Result(parcel, outcome, backend.policy if backend else QUICK, EXACTLY, tried=tried))
    return results
