"""A sweep with nothing due while a hundred thousand cohorts of fifty tenants sleep, and one with four due among them:
beside one row by its primary key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import database, product
from benchmarks.goals import Line
from benchmarks.harness import alternate, repeat, repeat_with_reset
from benchmarks.report import Report

if TYPE_CHECKING:
    from notifications.models import Tenant

TENANTS = 50


def measure(*, quick: bool) -> Report:
    sleeping, rounds, seconds = (5_000, 3, 0.3) if quick else (100_000, 15, 1.0)
    product.fresh_site()
    tenants = [product.add_tenant(f"t{n}") for n in range(TENANTS)]
    product.add_people(tenants[0], 1)
    lay_down(sleeping // TENANTS)
    with database.connect(database.url()) as plain:
        database.settle(plain, "notifyhub_workflows_cohort")

    from notifications.models import Recipient
    from workflows import engine

    [pk] = product.people_of(tenants[0])
    due = first_of(tenants[0], 4)

    def wake() -> None:
        product.execute("UPDATE notifyhub_workflows_cohort SET wake_at = now(), open = true, step = '0',"
                        " lease_token = NULL WHERE id = ANY(%s)", [due])  # fmt: skip

    with product.statements() as idle:
        engine.drain()
    wake()
    with product.statements() as busy:
        engine.drain()
    sides = {
        "nothing due": repeat(engine.drain, seconds=seconds),
        "four due": repeat_with_reset(engine.drain, wake, seconds=seconds),
        "a row": repeat(lambda: Recipient.objects.for_tenant(tenants[0]).get(pk=pk), seconds=seconds),
    }
    done = alternate(sides, rounds=rounds)
    lines = []
    for side, goal in (("nothing due", 10), ("four due", 150)):
        detail = f"{done.each(side).median * 1e3:.2f} ms against {done.each('a row').median * 1e3:.2f}"
        work, ratio = f"a sweep with {side}, among {sleeping:,} sleeping cohorts", done.time_ratio(side, "a row")
        against = "one row by primary key through the ORM"
        key = f"sleepers.{side.split()[0]}"
        lines.append(Line(key, work, against, "at most", goal, ratio, done.control(side), detail=detail))
    counts: dict[str, object] = {
        "statements of a sweep with nothing due": len(idle),
        "indexes that it looks into": sorted({name for one in idle for name in product.indexes_used(*one)}),
        "statements of a sweep with four due": len(busy),
    }
    return Report("sleepers", lines, counts=counts, rounds={"sleepers": done.as_json()})


DEFINITION = (
    "INSERT INTO notifyhub_workflows_definition (hash, key, body, created_at) VALUES ('x', 'k', '{{\"key\": \"k\","
    ' "name": "K", "steps": [{{"kind": "delay", "seconds": 86400}}, {{"kind": "delay", "seconds": 60}}]}}\', now())'
)
RUNS = (
    "INSERT INTO notifyhub_workflows_run (tenant_id, public_id, transaction_id, workflow, definition_id, payload,"
    " audience, idempotency_hash, status, start_at, cursor, people, depth, error, created_at, payload_bytes,"
    " withdrawn_upto) SELECT id, gen_random_uuid(), 'asleep', 'k', 'x', '{{}}', '{{}}', '', 'processing', now(), 0, 1,"
    " 0, '', now(), 2, 0 FROM notifyhub_notifications_tenant"
)
CHUNKS = (
    "INSERT INTO notifyhub_workflows_chunk (tenant_id, definition_id, run_id, first_id, last_id, people, created_at)"
    " SELECT tenant_id, 'x', id, 1, 1, '[1]', now() FROM notifyhub_workflows_run"
)


def lay_down(each: int) -> None:
    """So many cohorts of each tenant, of a person each, that wake in the next days."""
    for statement in (DEFINITION, RUNS, CHUNKS):
        product.execute(statement, [])
    product.execute(
        "INSERT INTO notifyhub_workflows_cohort (tenant_id, chunk_id, step, round, mask, wake_at, tries, open)"
        " SELECT c.tenant_id, c.id, '0', 0, '\\x01', now() + interval '1 hour' + n * interval '1 minute', 0, true"
        " FROM notifyhub_workflows_chunk c, generate_series(1, %s) n",
        [each],
    )


def first_of(tenant: Tenant, count: int) -> list[int]:
    query = "SELECT id FROM notifyhub_workflows_cohort WHERE tenant_id = %s ORDER BY id LIMIT %s"
    return [row[0] for row in product.execute(query, [tenant.pk, count])]
