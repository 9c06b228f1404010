"""Our side: a fresh notifyhub database with a tenant, its people and the items they already have."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, connections

from . import database

if TYPE_CHECKING:
    from notifications.models import Recipient, Tenant

TABLES = ["recipient", "notification", "inboxstate", "inboxitem"]


@dataclass(frozen=True, slots=True)
class Inbox:
    """What one person has: `items` in all, the newest `unread` of them above the read-all mark."""

    items: int
    unread: int


def fresh_site() -> None:
    """An empty, migrated database in the place of whatever was there."""
    from django.core.management import call_command

    connections.close_all()
    database.recreate(database.url())
    call_command("migrate", verbosity=0)


def site_with_history(*, slug: str, people: int, each: int) -> Tenant:
    """A fresh site with one tenant, whose people have `each` items."""
    fresh_site()
    return tenant_with_history(slug=slug, people=people, each=each)


def tenant_with_history(*, slug: str, people: int, each: int) -> Tenant:
    tenant = add_tenant(slug)
    add_people(tenant, people)
    fill_evenly(people=people_of(tenant), each=each, first=add_notifications(tenant, each))
    return tenant


def add_tenant(slug: str) -> Tenant:
    from notifications.models import Tenant

    return Tenant.objects.create(slug=slug, name=slug.title())


def add_people(tenant: Tenant, count: int) -> None:
    execute(
        "INSERT INTO {recipient} (tenant_id, public_id, external_id, name, email, phone, locale, zone, role,"
        " attributes, active, created_at)"
        " SELECT %s, gen_random_uuid(), 'person-' || g, 'Person ' || g, 'person-' || g || '@example.com', '', '', '',"
        " 'member', '{{}}', true, now() FROM generate_series(1, %s) g",
        [tenant.pk, count],
    )


def add_notifications(tenant: Tenant, count: int) -> int:
    """Contents for items of the past; the id of the first, from which they are numbered on."""
    first = int(execute("SELECT coalesce(max(id), 0) + 1 FROM {notification}", [])[0][0])
    execute(
        "INSERT INTO {notification} (id, tenant_id, public_id, notice_key, origin, origin_step, title, level, content,"
        " created_at)"
        " SELECT %s + g, %s, gen_random_uuid(), 'bench.past', NULL, '', 'Session ' || g || ' was escalated', 'info',"
        " jsonb_build_object('title', 'Session ' || g || ' was escalated',"
        " 'body', 'A person is waiting for an answer from you.', 'url', '/sessions/' || g),"
        " now() - interval '1 day' + g * interval '1 millisecond' FROM generate_series(0, %s - 1) g",
        [first, tenant.pk, count],
    )
    execute("SELECT setval(pg_get_serial_sequence('{notification}', 'id'), %s)", [first + count - 1])
    return first


def fill_evenly(*, people: Sequence[int], each: int, first: int = 1) -> None:
    """`each` unread items for everybody, in the order in which earlier fan-outs would have written them."""
    execute(
        "INSERT INTO {inboxstate} (recipient_id, head, epoch, seen_upto)"
        " SELECT p, %s, 1, 0 FROM unnest(%s::bigint[]) p",
        [each, list(people)],
    )
    execute(
        "INSERT INTO {inboxitem} (recipient_id, seq, rev, notification_id, tab, thread, state, read_at, forced)"
        " SELECT p, g, g, %s + g - 1, 0, NULL, 0, NULL, false"
        " FROM generate_series(1, %s) g, unnest(%s::bigint[]) p ORDER BY g, p",
        [first, each, list(people)],
    )


def fill_one(person: int, inbox: Inbox) -> None:
    """One person's inbox, with a read-all mark below the unread part."""
    fill_evenly(people=[person], each=inbox.items)
    execute(
        "INSERT INTO {mark} (recipient_id, tab, read_upto, rev) VALUES (%s, 0, %s, %s)",
        [person, inbox.items - inbox.unread, inbox.items],
    )


def settle() -> None:
    with database.connect(database.url()) as plain:
        database.settle(plain, *(table(name) for name in [*TABLES, "mark"]))


def people_of(tenant: Tenant) -> list[int]:
    from notifications.models import Recipient

    return list(Recipient.objects.for_tenant(tenant).order_by("pk").values_list("pk", flat=True))


def external_ids_of(tenant: Tenant) -> list[str]:
    from notifications.models import Recipient

    return list(Recipient.objects.for_tenant(tenant).order_by("pk").values_list("external_id", flat=True))


def person(tenant: Tenant, pk: int) -> Recipient:
    from notifications.models import Recipient

    return Recipient.objects.for_tenant(tenant).get(pk=pk)


def items_of(run: int) -> int:
    """How many inbox items this run made."""
    query = (
        "SELECT count(*) FROM {inboxitem} i JOIN {notification} n ON n.id = i.notification_id"
        " JOIN {run} r ON r.public_id = n.origin WHERE r.id = %s"
    )
    return int(execute(query, [run])[0][0])


def last_run() -> int:
    return int(execute("SELECT coalesce(max(id), 0) FROM {run}", [])[0][0])


def last_run_of(tenant: Tenant) -> int:
    return int(execute("SELECT coalesce(max(id), 0) FROM {run} WHERE tenant_id = %s", [tenant.pk])[0][0])


def wait_for_runs(first: int, last: int, *, every: float = 0.003, patience: float = 600) -> float:
    """Look at the run rows until all in this range of ids have ended well; the moment when they had.

    Looks at the last one alone first, so that waiting costs the server next to nothing.
    """
    give_up = time.perf_counter() + patience
    for low in (last, first):
        while True:
            found = execute(
                "SELECT status FROM {run} WHERE id BETWEEN %s AND %s AND status <> 'sent' LIMIT 1", [low, last]
            )
            now = time.perf_counter()
            if not found:
                break
            if found[0][0] == "failed" or now > give_up:
                raise SystemExit(f"runs {low}-{last} did not end: one is {found[0][0]!r}")
            time.sleep(every)
    return now


def wait_for_digests(after: int, people: int, *, every: float = 0.01, patience: float = 600) -> float:
    """Look at the runs that carry digests, made since this run, until they have told so many people; when they had."""
    give_up = time.perf_counter() + patience
    told = "SELECT coalesce(sum(people), 0) FROM {run} WHERE id > %s AND digest <> '' AND status = 'sent'"
    while (found := int(execute(told, [after])[0][0])) < people:
        if time.perf_counter() > give_up:
            raise SystemExit(f"digests told {found} of {people} people")
        time.sleep(every)
    return time.perf_counter()


def items() -> int:
    """How many inbox items there are."""
    return int(execute("SELECT count(*) FROM {inboxitem}", [])[0][0])


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """The statements of this process while the block runs, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(run: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        seen.append((sql, params))
        return run(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def indexes_used(statement: str, parameters: Any) -> list[str]:
    """Names of the indexes in the plan of this statement."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
        plan = cursor.fetchone()[0]
    return sorted(set(_index_names(plan)))


def _index_names(plan: object) -> Iterator[str]:
    if isinstance(plan, list):
        for part in plan:
            yield from _index_names(part)
    elif isinstance(plan, dict):
        if "Index Name" in plan:
            yield plan["Index Name"]
        for part in plan.values():
            yield from _index_names(part)


def table(name: str, *, app: str = "notifications") -> str:
    return f"notifyhub_{app}_{name}"


def execute(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    names = {name: table(name) for name in [*TABLES, "mark"]} | {"run": table("run", app="workflows")}
    names |= {name: table(name, app="channels_delivery") for name in ("delivery", "attempt")}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**names), parameters)
        return list(cursor.fetchall()) if cursor.description else []
