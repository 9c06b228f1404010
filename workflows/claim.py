"""Holding a cohort: by a lease token and an end, so that a dead worker's cohorts are simply due again."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from notifications.kernel import rowset
from notifications.live import watching

from .conf import conf
from .models import Cohort, Outcome, Run, Status
from .people import People
from .turns import WINDOW, due_tenants, in_turn

AT_ONCE = 4
"""Cohorts claimed together: enough to share a commit, few enough to lose little with a worker, and not to keep a run
of one person waiting behind thousands of another tenant's."""

CANDIDATES = 32
"""How many are tried for, so that workers who look at the same moment do not end up with nothing."""


@dataclass(frozen=True)
class Held:
    """A cohort that this worker may write, as long as its row still carries the token. `tries` counts this one."""

    cohort_id: int
    token: uuid.UUID
    tries: int = 1
    tenant_id: int = 0


def claim_due(*, now: datetime, lease: timedelta, tenant: int | None = None) -> list[Held]:
    """Take a few due cohorts, in turn by tenant, each tenant's longest due first; of one tenant, if it is named.

    Of what was taken, that comes first whose tenant has the least waiting: it costs the others next to nothing."""
    candidates = _candidates(now, tenant)
    if not candidates:
        return []
    cohort, token = Cohort._meta.db_table, uuid.uuid4()
    source, parameters = rowset.table(
        connection, "t", {"id": ("bigint", list(candidates)), "place": ("bigint", range(len(candidates)))}
    )
    locking = "FOR UPDATE OF c SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    at = connection.ops.adapt_datetimefield_value
    chosen = (
        f"SELECT c.id FROM {cohort} c JOIN {source} ON t.id = c.id WHERE c.open AND c.wake_at <= %s"
        f" ORDER BY t.place LIMIT {AT_ONCE} {locking}"
    )
    # As an array it is asked once; within IN, PostgreSQL may ask it for each row, and then the limit is none.
    mine = f"= ANY(ARRAY({chosen}))" if connection.vendor == "postgresql" else f"IN ({chosen})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {cohort} SET lease_token = %s, wake_at = %s, tries = tries + 1 WHERE id {mine}"
            " RETURNING id, tries, tenant_id",
            [rowset.uuid_text(connection, token), at(now + lease), *parameters, at(now)],
        )
        held = {row[0]: Held(row[0], token, *row[1:]) for row in cursor.fetchall()}
    return sorted((held[one] for one in candidates if one in held), key=lambda one: candidates[one.cohort_id])


def _candidates(now: datetime, only: int | None) -> dict[int, int]:
    """Due cohorts, every tenant's longest due before anybody's second; each with how many its tenant has due."""
    # Not by their keys as well: where very many wake at one moment, all of them would be sorted for each look.
    due = Cohort.objects.within(only).filter(open=True, wake_at__lte=now).order_by("wake_at")
    rows = list(due.values_list("tenant_id", "pk")[:WINDOW])
    if len(rows) == WINDOW and only is None:  # more is due than was seen, and it may all be one tenant's
        tenants = due_tenants(Cohort._meta.db_table, "wake_at", now=now, condition="open")
        each = max(1, CANDIDATES // len(tenants)) if tenants else 0
        first = (due.filter(tenant=tenant).values_list("wake_at", "tenant_id", "pk")[:each] for tenant in tenants)
        rows = [(tenant, pk) for _, tenant, pk in sorted(row for some in first for row in some)]
    owner, waiting = {pk: tenant for tenant, pk in rows}, Counter(tenant for tenant, _ in rows)
    return {pk: waiting[owner[pk]] for pk in in_turn(rows)[:CANDIDATES]}


def hold_on(held: Held, *, now: datetime, lease: timedelta) -> bool:
    """Renew the lease of a cohort that has waited in this worker's hands. False when it is not ours any more."""
    mine = Cohort.objects.across_tenants().filter(pk=held.cohort_id, lease_token=held.token, open=True)
    return bool(mine.update(wake_at=now + lease))


def put_back(held: Held, *, until: datetime) -> None:
    """Somebody else stands in the way (a cancel that is not committed yet): try again then, at no cost in tries."""
    mine = Cohort.objects.across_tenants().filter(pk=held.cohort_id, lease_token=held.token, open=True)
    mine.update(lease_token=None, wake_at=until, tries=F("tries") - 1)


def release_failed(held: Held, *, error: Exception, now: datetime) -> None:
    """Put a cohort back after an error or a loss, a little later each time; after the last try, give its people up.

    A cohort of several runs is halved first, so that the one run that breaks is found and the others go on.
    """
    with transaction.atomic():
        mine = Cohort.objects.across_tenants().filter(pk=held.cohort_id, lease_token=held.token, open=True)
        cohort = mine.select_for_update(of=("self",)).select_related("chunk").first()
        if cohort is None:
            return
        if cohort.tries < conf().tries:
            mine.update(lease_token=None, wake_at=now + timedelta(seconds=2**cohort.tries))
            return
        runs = _runs_of(cohort)
        if len(runs) > 1:
            _halve(cohort, set(runs[: len(runs) // 2]), now)
        else:
            _give_up(cohort, error, now)


def isolate_lost(held: Held, *, now: datetime) -> bool:
    """For a cohort whose workers keep being lost: halve it if it holds several runs, so that the one that takes its
    worker with it is found; give it up once it was lost too often. False when it may be tried as it is."""
    with transaction.atomic():
        mine = Cohort.objects.across_tenants().filter(pk=held.cohort_id, lease_token=held.token, open=True)
        cohort = mine.select_for_update(of=("self",)).select_related("chunk").first()
        if cohort is None:
            return True
        runs = _runs_of(cohort)
        if len(runs) > 1:
            _halve(cohort, set(runs[: len(runs) // 2]), now)
        elif held.tries > conf().losses:
            _give_up(cohort, LookupError("The workers that held it did not come back."), now)
        else:
            return False
    return True


def _runs_of(cohort: Cohort) -> list[int]:
    chunk = cohort.chunk
    return [chunk.run_id or 0] if chunk.runs is None else sorted({chunk.runs[place] for place in cohort.people})


def _halve(cohort: Cohort, first: set[int], now: datetime) -> None:
    people = cohort.people
    half = People.of(place for place in people if (cohort.chunk.runs or [])[place] in first)
    Cohort.objects.across_tenants().filter(pk=cohort.pk).update(
        mask=half.dump(), lease_token=None, wake_at=now, tries=0
    )
    Cohort.objects.create(
        tenant_id=cohort.tenant_id,
        chunk=cohort.chunk,
        step=cohort.step,
        round=cohort.round,
        mask=(people - half).dump(),
        wake_at=now,
    )


def _give_up(cohort: Cohort, error: Exception, now: datetime) -> None:
    Cohort.objects.across_tenants().filter(pk=cohort.pk).update(open=False, lease_token=None)
    Outcome.objects.create(
        chunk=cohort.chunk,
        step=cohort.step,
        round=cohort.round,
        reason="crash",
        detail=f"{type(error).__name__}: {error}"[:500],
        final=True,
        mask=cohort.mask,
        created_at=now,
    )
    failed = Run.objects.across_tenants().filter(
        pk__in=_runs_of(cohort), status__in=[Status.PENDING, Status.PROCESSING]
    )
    ids = list(failed.values_list("public_id", flat=True))
    failed.update(
        status=Status.FAILED, finished_at=now, error=f"Step {cohort.step}: {type(error).__name__}: {error}"[:500]
    )
    watching.changed(ids)
