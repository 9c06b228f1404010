"""The statements that must not slow down as tables grow use the index that was made for them."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from channels_delivery import tally
from notifications import inbox
from notifications.inbox import Filters
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tab, Tenant, Topic
from tests.cast import crowd, statements
from tests.standing import around_tests
from workflows.audience import ADMINS, Audience, page
from workflows.catalogue import in_force
from workflows.claim import claim_due
from workflows.closing import close_due
from workflows.definition import Body
from workflows.expand import expand_due
from workflows.inhibiting import Asked, held_back
from workflows.matching import WhileActive
from workflows.onward import supposed
from workflows.people import People

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
PEOPLE, ITEMS = 300, 150_000
Told = list[tuple[uuid.UUID, str, int]]


def execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.fixture(scope="class")
def heavy(django_db_setup: None, django_db_blocker: Any) -> Iterator[Recipient]:
    """Somebody with 100,000 items, among others with some hundred each; read marks here and there."""
    with around_tests(django_db_blocker):
        with django_db_blocker.unblock():
            made = filled_inboxes(Tenant.objects.create(slug="acme", name="Acme"))
        yield made


def filled_inboxes(acme: Tenant) -> Recipient:
    people = crowd(acme, PEOPLE)
    heavy = people[PEOPLE // 2]
    execute("SET LOCAL synchronous_commit = off")
    execute(
        "INSERT INTO notifyhub_notifications_notification"
        " (tenant_id, public_id, notice_key, origin_step, title, level, content, created_at)"
        " SELECT %s, gen_random_uuid(), 'k', '', 't', 'info', '{\"title\": \"t\"}', now()"
        " FROM generate_series(1, 1000)",
        acme.pk,
    )
    item = (
        "INSERT INTO notifyhub_notifications_inboxitem"
        " (recipient_id, seq, rev, notification_id, tab, thread, state, read_at, forced)"
        " SELECT %s, n, n, -n, n %% 5, NULL, CASE WHEN n %% 11 = 0 THEN 1 ELSE 0 END,"
        " CASE WHEN n %% 3 = 0 THEN now() END, false FROM generate_series(1, %s) n"
    )
    for person in people:
        execute(item, person.pk, 100_000 if person == heavy else (ITEMS - 100_000) // PEOPLE)
    execute(
        "INSERT INTO notifyhub_notifications_inboxstate (recipient_id, head, epoch, seen_upto)"
        " SELECT recipient_id, max(seq), 1, 0 FROM notifyhub_notifications_inboxitem GROUP BY 1"
    )
    execute("ANALYZE")
    return heavy


def plan_of(call: Callable[[], Any]) -> str:
    """The plans of what `call` selects, as PostgreSQL would do it now."""
    with statements() as found:
        call()
    plans = []
    with connection.cursor() as cursor:
        for statement in found:
            if statement.lstrip().startswith(("SELECT", "WITH", "UPDATE")):
                cursor.execute(f"EXPLAIN {statement}")
                plans += [row[0] for row in cursor.fetchall()]
    return "\n".join(plans)


def plan_at_the_time(call: Callable[[], Any], beginning: str) -> str:
    """The plans of statements that begin so, with the settings that are in force when `call` makes them."""
    plans: list[str] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(beginning):
            execute(f"EXPLAIN {sql}", params, many, context)
            plans.extend(row[0] for row in context["cursor"].fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        call()
    return "\n".join(plans)


def indexes(plan: str) -> set[str]:
    return set(re.findall(r"Index(?: Only)? Scan(?: Backward)? using (\w+)", plan)) | set(
        re.findall(r"Bitmap Index Scan on (\w+)", plan)
    )


READS: dict[str, tuple[Callable[[Recipient], Any], str]] = {
    "list": (inbox.list_items, "inboxitem_pkey|nh_item"),
    "unread list": (lambda person: inbox.list_items(person, filters=Filters(unread=True)), "nh_item_unread"),
    "unread list of a tab": (
        lambda person: inbox.list_items(person, filters=Filters(unread=True, tab=Tab.ERRORS)),
        "nh_item_unread",
    ),
    "unread count": (inbox.unread_count, "nh_item_unread"),
    "changes": (lambda person: inbox.changes_since(person, "1.99990"), "nh_item_changed"),
}


class TestAnInbox:
    @pytest.mark.parametrize("name", READS)
    def test_reading_an_inbox_walks_its_index_and_sorts_nothing_large(self, heavy: Recipient, name: str) -> None:
        call, index = READS[name]

        plan = plan_of(lambda: call(heavy))

        assert any(re.search(index, used) for used in indexes(plan)), plan
        assert "Seq Scan on notifyhub_notifications_inboxitem" not in plan, plan
        assert not re.search(r"Sort .*rows=\d{4,}", plan), plan


@pytest.fixture(scope="class")
def busy(django_db_setup: None, django_db_blocker: Any) -> Iterator[Tenant]:
    """Many cohorts and runs that are over, and a few that are due."""
    with around_tests(django_db_blocker):
        with django_db_blocker.unblock():
            made = with_much_that_is_over(Tenant.objects.create(slug="acme", name="Acme"))
        yield made


def with_much_that_is_over(acme: Tenant) -> Tenant:
    execute(
        "INSERT INTO notifyhub_workflows_definition (hash, key, body, created_at)"
        ' VALUES (\'x\', \'k\', \'{"key": "k", "name": "K", "steps": []}\', now())'
    )
    execute(
        "INSERT INTO notifyhub_workflows_run (tenant_id, public_id, transaction_id, workflow, definition_id, payload,"
        " audience, idempotency_hash, status, start_at, expand_at, cursor, people, depth, error, created_at,"
        " payload_bytes, withdrawn_upto)"
        " SELECT %s, gen_random_uuid(), n::text, 'k', 'x', '{}', '{}', '', 'sent', now(),"
        " CASE WHEN n %% 500 = 0 THEN now() - interval '1 hour' END, 0, 0, 0, '', now(), 2, 0"
        " FROM generate_series(1, 30000) n",
        acme.pk,
    )
    execute(
        "INSERT INTO notifyhub_workflows_chunk (tenant_id, definition_id, first_id, last_id, people, created_at)"
        " VALUES (%s, 'x', 1, 2, '[1, 2]', now())",
        acme.pk,
    )
    execute(
        "INSERT INTO notifyhub_workflows_cohort (tenant_id, chunk_id, step, round, mask, wake_at, tries, open)"
        " SELECT %s, (SELECT max(id) FROM notifyhub_workflows_chunk), '0', 0, '\\x03', now() - interval '1 hour', 0,"
        " n %% 500 = 0 FROM generate_series(1, 30000) n",
        acme.pk,
    )
    execute("ANALYZE")
    return acme


class TestWhatIsDue:
    def test_claiming_cohorts_looks_at_open_ones_alone(self, busy: Tenant) -> None:
        plan = plan_of(lambda: claim_due(now=db_now(), lease=timedelta(seconds=30)))

        assert "nh_cohort_due" in indexes(plan), plan
        assert "Seq Scan on notifyhub_workflows_cohort" not in plan, plan

    def test_finding_runs_to_resolve_looks_at_unresolved_ones_alone(self, busy: Tenant) -> None:
        plan = plan_of(lambda: expand_due(now=db_now()))

        assert "nh_run_to_expand" in indexes(plan), plan
        assert "Seq Scan on notifyhub_workflows_run" not in plan, plan

    def test_what_keeps_an_inhibition_going_is_found_by_workflow_and_time(self, busy: Tenant) -> None:
        execute("UPDATE notifyhub_workflows_run SET start_at = start_at - id * interval '1 second'")
        execute("ANALYZE notifyhub_workflows_run")
        body = Body("b", "B", ())
        scene = supposed(body, busy, [1], people=People.everyone(1), step="0", now=db_now(), payload={"device": "r1"})
        asked = Asked(WhileActive(["k*"], equal=["payload.device"], seconds=600), "rule", scene.people)

        plan = plan_of(lambda: list(held_back([asked], scene)))

        assert indexes(plan) == {"nh_run_of_workflow"}, plan
        assert "Seq Scan on notifyhub_workflows_run" not in plan, plan

    def test_closing_a_thousand_digests_looks_at_their_windows_alone(self, busy: Tenant) -> None:
        execute(
            "INSERT INTO notifyhub_workflows_window (tenant_id, scope, recipient_id, definition_id, step, n, closes_at,"
            " latest_at, closed, created_at)"
            " SELECT %s, 's', n, 'x', '0', 1, now() - interval '1 hour', now(), n %% 30 <> 0, now()"
            " FROM generate_series(1, 30000) n",
            busy.pk,
        )
        execute(
            "INSERT INTO notifyhub_workflows_windowitem (run_id, step, recipient_id, window_id)"
            " SELECT n, '0', n, (SELECT min(id) FROM notifyhub_workflows_window) + n FROM generate_series(1, 30000) n"
        )
        execute("ANALYZE")

        plan = plan_of(lambda: close_due(now=db_now()))

        assert {"nh_window_due", "nh_windowitem_in_order"} <= indexes(plan), plan
        assert "Seq Scan on notifyhub_workflows_window" not in plan, plan

    def test_digests_that_are_due_are_not_sorted_where_nobody_has_counted_them(self, busy: Tenant) -> None:
        execute(
            "INSERT INTO notifyhub_workflows_window (tenant_id, scope, recipient_id, definition_id, step, n, closes_at,"
            " latest_at, closed, created_at)"
            " SELECT %s, 's', n, 'x', '0', 0, now() - interval '1 hour', now(), false, now()"
            " FROM generate_series(1, 20000) n",
            busy.pk,
        )

        plan = plan_at_the_time(lambda: close_due(now=db_now()), "SELECT id, recipient_id, n,")

        assert indexes(plan) == {"nh_window_due"}, plan
        assert "Sort" not in plan, plan


def test_what_is_in_force_is_found_by_key_however_many_workflows_there_are(acme: Tenant) -> None:
    Tenant.objects.bulk_create(Tenant(slug=f"t{n}", name=f"T{n}") for n in range(5))
    columns = "tenant_id, key, name, description, tags, category, critical, tab, payload_schema, sample, steps, status"
    execute(
        f"INSERT INTO notifyhub_workflows_workflow ({columns}, created_at, updated_at)"
        " SELECT t.id, 'k' || n, 'n', '', '[]', '', false, 'general', '{}', '{}', '[]', 'draft', now(), now()"
        " FROM notifyhub_notifications_tenant t, generate_series(1, 5000) n"
    )
    execute(
        "INSERT INTO notifyhub_workflows_wording (tenant_id, key, hash, texts)"
        " SELECT t.id, 'k' || n, 'h', '[]' FROM notifyhub_notifications_tenant t, generate_series(1, 5000) n"
    )
    execute("ANALYZE")

    plan = plan_of(lambda: in_force([f"k{n}" for n in range(5)], tenant=acme))

    assert {"nh_workflow_key", "nh_wording_key"} <= indexes(plan), plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize(
    ("audience", "index"),
    [(Audience(everyone=True), "nh_recipient_by_tenant"), (ADMINS, "nh_recipient_by_role")],
    ids=["everyone", "admins"],
)
def test_a_page_of_an_audience_walks_its_index(acme: Tenant, audience: Audience, index: str) -> None:
    others = Tenant.objects.bulk_create(Tenant(slug=f"t{n}", name=f"T{n}") for n in range(20))
    for tenant in [acme, *others]:
        crowd(tenant, 1000, role="member")
        crowd(tenant, 50, role="admin", prefix="a")
    execute("ANALYZE")

    plan = plan_of(lambda: page(audience, tenant_id=acme.pk, after=500, limit=10, without=None))

    assert index in indexes(plan), plan
    assert "Seq Scan" not in plan, plan


def test_a_page_of_topics_reads_no_more_of_each_than_it_needs(acme: Tenant) -> None:
    execute(
        "INSERT INTO notifyhub_notifications_recipient (tenant_id, public_id, external_id, name, email, phone, locale,"
        " zone, role, attributes, active, created_at) SELECT %s, gen_random_uuid(), n::text, '', '', '', '', '',"
        " 'member', '{}', true, now() FROM generate_series(1, 20000) n",
        acme.pk,
    )
    execute(
        "INSERT INTO notifyhub_notifications_topic (tenant_id, public_id, key, name, created_at)"
        " SELECT %s, gen_random_uuid(), 't' || n, '', now() FROM generate_series(1, 40) n",
        acme.pk,
    )
    execute(
        "INSERT INTO notifyhub_notifications_subscription (topic_id, recipient_id, created_at)"
        " SELECT t.id, r.id, now() FROM notifyhub_notifications_topic t, notifyhub_notifications_recipient r"
        " WHERE (t.id * 7919 + r.id * 104729) %% 17 = 0"
    )
    execute("ANALYZE")
    topics = tuple(Topic.objects.filter(tenant=acme).values_list("pk", flat=True))
    early = Recipient.objects.filter(tenant=acme).order_by("pk")[10].pk

    plan = plan_of(lambda: page(Audience(topics=topics), tenant_id=acme.pk, after=early, limit=100, without=None))

    assert indexes(plan) == {"nh_subscription", "notifyhub_notifications_recipient_pkey"}, plan


@pytest.fixture
def told(acme: Tenant) -> Told:
    """A run that told 20,000 people, in words of their own each, among others."""
    mine = uuid.uuid4()
    notification = (
        "INSERT INTO notifyhub_notifications_notification"
        " (tenant_id, public_id, notice_key, origin, origin_step, title, level, content, created_at)"
        " SELECT %s, gen_random_uuid(), 'k', %s, '0.0', 't', 'info', '{}', now() FROM generate_series(1, %s)"
    )
    execute("SET LOCAL synchronous_commit = off")
    execute(notification, acme.pk, mine, 20_000)
    for _ in range(30):
        execute(notification, acme.pk, uuid.uuid4(), 1_000)
    execute(
        "INSERT INTO notifyhub_notifications_inboxitem (recipient_id, seq, rev, notification_id, tab, state, forced)"
        " SELECT n.id %% 20000, n.id, n.id, n.id, 0, 0, false FROM notifyhub_notifications_notification n"
    )
    execute(
        "INSERT INTO notifyhub_channels_delivery_delivery (tenant_id, public_id, stable_id, message_id, lane_id, kind,"
        " address, slots, origin, origin_step, state, wait_reason, due_at, decided_at, attempt, lost, revoked, code,"
        " created_at, recipient_id)"
        " SELECT tenant_id, gen_random_uuid(), gen_random_uuid(), 1, 1, 'email', 'a', '{}', origin, '2.0', 'accepted',"
        " '', now(), now(), 1, 0, false, '', now(), id FROM notifyhub_notifications_notification"
    )
    execute("ANALYZE")
    return [(mine, "0.0", person) for person in range(20)]


def test_what_people_did_with_items_is_read_from_indexes(told: Told) -> None:
    plan = plan_of(lambda: inbox.reactions(told))

    assert not re.search("Seq Scan on notifyhub_notifications_(notification|inboxitem)", plan), plan


def test_what_became_of_messages_is_found_by_origin_step_and_person(told: Told, acme: Tenant) -> None:
    plan = plan_of(lambda: tally.of_steps([(origin, "2.0", person) for origin, _, person in told], tenant_id=acme.pk))

    assert "nh_delivery_once" in indexes(plan), plan
    assert "Seq Scan" not in plan, plan
