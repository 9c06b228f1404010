"""Cohorts that sleep cost a sweep nothing, however many: PostgreSQL itself counts the rows that are read.

The benchmark `sleepers` has a hundred thousand, and the time.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import wake_everybody
from workflows import engine
from workflows.claim import claim_due
from workflows.define import delay
from workflows.due import next_due
from workflows.models import Cohort

from .test_plans import execute

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
SLEEPING, TENANTS = 30_000, 50


@pytest.fixture
def asleep(acme: Tenant) -> None:
    """As many tenants with a run of one person each, whose cohorts sleep."""
    Tenant.objects.bulk_create(Tenant(slug=f"t{n}", name=f"T{n}") for n in range(TENANTS - 1))
    execute("SET LOCAL synchronous_commit = off")
    execute(
        "INSERT INTO notifyhub_workflows_definition (hash, key, body, created_at) VALUES ('x', 'k', %s, now())",
        json.dumps({"key": "k", "name": "K", "steps": [delay(days=1), delay(days=1)]}),
    )
    execute(
        "INSERT INTO notifyhub_workflows_run (tenant_id, public_id, transaction_id, workflow, definition_id, payload,"
        " audience, idempotency_hash, status, start_at, cursor, people, depth, error, created_at, payload_bytes,"
        " withdrawn_upto) SELECT id, gen_random_uuid(), 'asleep', 'k', 'x', '{}', '{}', '', 'processing', now(), 0, 1,"
        " 0, '', now(), 2, 0 FROM notifyhub_notifications_tenant"
    )
    execute(
        "INSERT INTO notifyhub_workflows_chunk"
        " (tenant_id, definition_id, run_id, first_id, last_id, people, created_at)"
        " SELECT tenant_id, 'x', id, 1, 1, '[1]', now() FROM notifyhub_workflows_run"
    )
    execute(
        "INSERT INTO notifyhub_workflows_cohort (tenant_id, chunk_id, step, round, mask, wake_at, tries, open)"
        " SELECT c.tenant_id, c.id, '0', 0, '\\x01', now() + n * interval '1 minute', 0, true"
        " FROM notifyhub_workflows_chunk c, generate_series(1, %s) n",
        SLEEPING // TENANTS,
    )
    execute("ANALYZE")


@contextmanager
def rows_read() -> Iterator[dict[str, int]]:
    """How many rows of each table this transaction reads meanwhile, by index or in sequence."""
    read = (
        "SELECT replace(relname, 'notifyhub_workflows_', ''), coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
        " FROM pg_stat_xact_user_tables WHERE relname LIKE 'notifyhub_workflows_%%'"
    )
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(read, [])
        before = dict(cursor.fetchall())
        yield found
        cursor.execute(read, [])
        found.update({table: n - before.get(table, 0) for table, n in cursor.fetchall()})


def test_a_sweep_reads_those_that_are_due_and_no_sleepers(asleep: None, acme: Tenant) -> None:
    """One test of three looks, as it takes its time to lay so many down."""
    with rows_read() as nothing_due:
        assert engine.drain() == 0
        assert next_due(tenant=acme.pk) is not None

    due = Cohort.objects.filter(tenant=acme).order_by("pk").values("pk")[:3]
    Cohort.objects.filter(tenant=acme, pk__in=due).update(wake_at=db_now())
    with rows_read() as three_due:
        assert engine.drain() > 0
    assert not Cohort.objects.filter(tenant=acme, open=True, wake_at__lte=db_now()).exists()

    wake_everybody()
    execute("ANALYZE notifyhub_workflows_cohort")
    with rows_read() as all_due:
        assert claim_due(now=db_now(), lease=timedelta(seconds=30))

    assert nothing_due["cohort"] <= 1, nothing_due
    assert nothing_due["run"] <= 4 * TENANTS, nothing_due
    assert 3 <= three_due["cohort"] < 100, three_due
    assert all_due["cohort"] < SLEEPING // 10, all_due
