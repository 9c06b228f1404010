"""A hundred thousand cohorts that sleep cost a sweep nothing: PostgreSQL itself counts the rows that are read."""

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
from workflows.models import Cohort

from .test_plans import execute, indexes, plan_of

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
SLEEPING = 100_000
TABLES = ("cohort", "window", "run")


@pytest.fixture
def asleep(acme: Tenant) -> None:
    """Fifty tenants with a run of one person each, whose cohorts sleep, and two hundred open windows."""
    Tenant.objects.bulk_create(Tenant(slug=f"t{n}", name=f"T{n}") for n in range(49))
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
        SLEEPING // 50,
    )
    execute(
        "INSERT INTO notifyhub_workflows_window (tenant_id, scope, recipient_id, definition_id, step, n, closes_at,"
        " latest_at, closed, created_at)"
        " SELECT t.id, 's', n, 'x', '0', 1, now() + n * interval '1 minute', now(), false, now()"
        " FROM notifyhub_notifications_tenant t, generate_series(1, 200) n"
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


def test_a_sweep_with_nothing_due_reads_none_of_them(asleep: None) -> None:
    with rows_read() as found:
        assert engine.drain() == 0

    assert Cohort.objects.across_tenants().filter(open=True).count() == SLEEPING
    assert {table: found[table] for table in TABLES} == dict.fromkeys(TABLES, 0)


def test_a_sweep_reads_those_that_are_due_and_few_more(asleep: None, acme: Tenant) -> None:
    due = Cohort.objects.filter(tenant=acme).order_by("pk").values("pk")[:3]
    Cohort.objects.filter(tenant=acme, pk__in=due).update(wake_at=db_now())

    with rows_read() as found:
        assert engine.drain() > 0

    assert not Cohort.objects.filter(tenant=acme, open=True, wake_at__lte=db_now()).exists()
    assert 3 <= found["cohort"] < 100, found


def test_when_all_are_due_at_once_the_first_are_found_by_the_index(asleep: None) -> None:
    wake_everybody()
    execute("ANALYZE notifyhub_workflows_cohort")

    plan = plan_of(lambda: claim_due(now=db_now(), lease=timedelta(seconds=30)))

    assert {"nh_cohort_due", "nh_cohort_due_of_tenant"} <= indexes(plan), plan
    assert "Seq Scan on notifyhub_workflows_cohort" not in plan, plan


def test_when_the_next_is_due_is_read_from_the_index(asleep: None, acme: Tenant) -> None:
    with rows_read() as found:
        assert engine.next_due(tenant=acme.pk) is not None

    assert found["cohort"] <= 2, found
