"""How long what ended is kept: first the words go, then the tries, at last the record that something was sent.

Small batches, each a transaction of its own, found along an index from their oldest end; so it may stop anywhere, run
in several processes, and be as late as it likes. What is still to be sent is never touched, however old it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery

from notifications.kernel import rowset
from notifications.kernel.clock import db_now

from . import spending
from .conf import conf
from .models import ENDED_BADLY, LASTING, OPEN, Attempt, Delivery, Message, Receipt
from .own.places import forget_unproven

BATCH = 1_000
SECONDS = 3.0
"""For how long a tick may go on: the ticker has other things to do."""


def clear_out_for_a_while() -> None:
    """For the ticker."""
    clear_out(now=db_now(), seconds=SECONDS)


def clear_out(*, now: datetime, most: int = BATCH, seconds: float = float("inf")) -> dict[str, int]:
    """Take away what is past its time by the settings `KEEP_…_DAYS`, in batches of `most`, until nothing is left or
    `seconds` have passed. How many `bodies`, `attempts`, `deliveries`,
    `messages`, `receipts`, `counters` and `unproven` places that was."""
    until, kept = time.monotonic() + seconds, conf()
    ago = [now - timedelta(days=days) for days in (kept.keep_bodies_days, kept.keep_dead_days)]
    old_attempts = now - timedelta(days=kept.keep_attempts_days)
    old_deliveries = now - timedelta(days=kept.keep_deliveries_days)
    steps: dict[str, Callable[[], int]] = {
        "bodies": lambda: empty_messages(well_before=ago[0], badly_before=ago[1], now=now, most=most),
        "attempts": lambda: forget_attempts(before=old_attempts, most=most),
        "deliveries": lambda: forget_deliveries(before=old_deliveries, most=most),
        "messages": lambda: forget_messages(emptied_before=old_deliveries, most=most),
        "receipts": lambda: forget_receipts(before=old_deliveries, most=most),
        "counters": lambda: spending.forget(before=now, most=most),
        "unproven": lambda: forget_unproven(now=now, most=most),
    }
    done = dict.fromkeys(steps, 0)
    for name, step in steps.items():
        while time.monotonic() < until and (count := step()):
            done[name] += count
    return done


def empty_messages(*, well_before: datetime, badly_before: datetime, now: datetime, most: int = BATCH) -> int:
    """Take the words out of messages that are older than `well_before`, unless one of their deliveries is still open,
    or ended badly after `badly_before` and may be wanted once more."""
    needed = Q(state__in=OPEN) | Q(finished_at__gte=badly_before)
    deliveries = Delivery.objects.across_tenants().filter(message=OuterRef("pk"), state__in=(*OPEN, *ENDED_BADLY))
    full = Message.objects.across_tenants().filter(emptied_at__isnull=True, created_at__lt=well_before)
    # Not as EXISTS, which the planner would turn into one reading of all deliveries.
    one = Subquery(deliveries.filter(needed).order_by().values("pk")[:1])
    unneeded = full.annotate(needed=one).filter(needed=None)
    with transaction.atomic():
        chosen = unneeded.order_by("created_at").select_for_update(skip_locked=True, of=("self",), no_key=True)
        held = list(chosen.values_list("pk", flat=True)[:most])
        # Asked again: one that was replayed meanwhile is needed, and nobody replays what is held here.
        return unneeded.filter(pk__in=held).update(parts={}, attachments=[], emptied_at=now)


def forget_attempts(*, before: datetime, most: int = BATCH) -> int:
    """Delete tries that began before this time."""
    newer = Delivery.objects.across_tenants().filter(public_id__gte=_first_id_of(before)).order_by("public_id")
    bound = newer.values_list("pk", flat=True).first()  # ids grow with time: further there is nothing to look for
    attempts = f'"{Attempt._meta.db_table}"'
    at = connection.ops.adapt_datetimefield_value(before)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {attempts} WHERE (delivery_id, no) IN (SELECT delivery_id, no FROM {attempts}"
            " WHERE delivery_id < %s AND started_at < %s AND finished_at IS NOT NULL"
            " ORDER BY delivery_id, no LIMIT %s)",
            [bound or 2**62, at, most],
        )
        return int(cursor.rowcount)


def forget_deliveries(*, before: datetime, most: int = BATCH) -> int:
    """Delete deliveries that were made and ended before this time, with what is left of their tries and
    what was told of them."""
    old = Delivery.objects.across_tenants().filter(public_id__lt=_first_id_of(before), finished_at__lt=before)
    with transaction.atomic():
        chosen = list(old.order_by("public_id").values_list("pk", flat=True)[:most])
        if not chosen:
            return 0
        for table, column in ((Attempt, "delivery_id"), (Receipt, "delivery_id"), (Delivery, "id")):
            mine, parameters = rowset.any_of(connection, column, chosen)
            with connection.cursor() as cursor:
                cursor.execute(f'DELETE FROM "{table._meta.db_table}" WHERE {mine}', parameters)
    return len(chosen)


def forget_receipts(*, before: datetime, most: int = BATCH) -> int:
    """Delete what was told of no delivery before this time, but for STOP and START (`LASTING`)."""
    passing = Receipt.objects.across_tenants().filter(delivery__isnull=True).exclude(event__in=LASTING)
    chosen = list(passing.filter(at__lt=before).order_by("at").values_list("pk", flat=True)[:most])
    return Receipt.objects.across_tenants().filter(pk__in=chosen).delete()[0] if chosen else 0


def forget_messages(*, emptied_before: datetime, most: int = BATCH) -> int:
    """Delete messages whose words went so long ago that their deliveries are gone as well."""
    old = Message.objects.across_tenants().filter(emptied_at__lt=emptied_before)
    chosen = list(old.order_by("emptied_at").values_list("pk", flat=True)[:most])
    mine, parameters = rowset.any_of(connection, "id", chosen)
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{Message._meta.db_table}" WHERE {mine}', parameters)
        return int(cursor.rowcount)


def _first_id_of(moment: datetime) -> UUID:
    """The least UUIDv7 of this moment. Deliveries are named by them, so their index is one by time as well."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
