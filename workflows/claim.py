"""Holding a cohort: by a lease token and an end, so that a dead worker's cohorts are simply due again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from notifications.kernel import rowset

from .conf import conf
from .models import Cohort, Outcome, Run, Status
from .people import People

AT_ONCE = 4
"""Cohorts claimed together: enough to share a commit, few enough to lose little with a worker."""

WINDOW = 256
"""How many of the longest-due cohorts are looked at to give each tenant its turn."""


@dataclass(frozen=True)
class Held:
    """A cohort that this worker may write, as long as its row still carries the token."""

    cohort_id: int
    token: uuid.UUID


def claim_due(*, now: datetime, lease: timedelta) -> list[Held]:
    """Take a few due cohorts, in turn by tenant, in one statement and one transaction."""
    cohort = Cohort._meta.db_table
    locking = "FOR UPDATE OF c SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    token = uuid.uuid4()
    at = connection.ops.adapt_datetimefield_value
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {cohort} SET lease_token = %s, wake_at = %s, wake_no = wake_no + 1, tries = tries + 1
            WHERE id IN (
                SELECT c.id FROM {cohort} c JOIN (
                    SELECT id, row_number() OVER (PARTITION BY tenant_id ORDER BY wake_at, id) AS turn
                    FROM (SELECT id, tenant_id, wake_at FROM {cohort} WHERE open AND wake_at <= %s
                          ORDER BY wake_at LIMIT {WINDOW}) due
                ) turns ON turns.id = c.id
                WHERE c.open AND c.wake_at <= %s ORDER BY turns.turn, c.wake_at, c.id LIMIT {AT_ONCE} {locking}
            ) RETURNING id
            """,
            [rowset.uuid_text(connection, token), at(now + lease), at(now), at(now)],
        )
        return [Held(row[0], token) for row in cursor.fetchall()]


def release_failed(held: Held, *, error: Exception, now: datetime) -> None:
    """Put a cohort back after an error, a little later each time; after the last try, give its people up.

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
        of_places: list[int] = cohort.chunk.runs or []
        runs = sorted({of_places[place] for place in cohort.people}) if of_places else []
        if len(runs) > 1:
            _halve(cohort, set(runs[: len(runs) // 2]), now)
        else:
            _give_up(cohort, error, now)


def _halve(cohort: Cohort, first: set[int], now: datetime) -> None:
    people = cohort.people
    half = People.of(place for place in people if (cohort.chunk.runs or [])[place] in first)
    Cohort.objects.across_tenants().filter(pk=cohort.pk).update(
        mask=half.dump(), lease_token=None, wake_at=now, tries=0, wake_no=F("wake_no") + 1
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
    chunk = cohort.chunk
    runs = [chunk.run_id or 0] if chunk.runs is None else sorted({chunk.runs[place] for place in cohort.people})
    failed = Run.objects.across_tenants().filter(pk__in=runs)
    failed.update(
        status=Status.FAILED, finished_at=now, error=f"Step {cohort.step}: {type(error).__name__}: {error}"[:500]
    )
