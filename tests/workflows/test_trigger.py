"""The front door: one row in the caller's transaction, checked first, answered once a key."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.kernel.doorbell import RINGS
from notifications.models import Notification, Recipient, Tenant
from tests.cast import Publish, crowd, member, rolled_back, run_named, topic, workflow
from workflows.define import Workflow, send_inbox
from workflows.engine import drain
from workflows.models import Chunk, Definition, Run, Status
from workflows.refusals import (
    BadRequest,
    Refused,
    TransactionIdTaken,
    UnknownTenant,
    UnknownWorkflow,
)
from workflows.trigger import BULK_MAX, Trigger, Triggered, atrigger, dry_run, trigger, trigger_many

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hello")]
PAYLOAD = {"name": "Ada"}


def runs() -> int:
    return Run.objects.across_tenants().count()


def test_it_writes_one_row_and_nothing_else(acme: Tenant, alice: Recipient) -> None:
    answer = trigger("hello", tenant=acme, payload=PAYLOAD, recipients=[alice])

    run = run_named(answer.transaction_id)
    assert (run.tenant, run.workflow, run.status, run.payload) == (acme, "hello", Status.PENDING, PAYLOAD)
    assert (answer.run, answer.status, answer.duplicate) == (run.public_id, "pending", False)
    assert not Chunk.objects.across_tenants().exists()
    assert not Notification.objects.across_tenants().exists()


@pytest.mark.django_db(transaction=True)
def test_it_vanishes_with_its_callers_transaction(acme: Tenant) -> None:
    RINGS.clear()

    with rolled_back():
        trigger("hello", tenant=acme)

    assert runs() == 0
    assert not Definition.objects.filter(key="hello").exists()
    assert not RINGS


@pytest.mark.django_db(transaction=True)
def test_it_vanishes_with_a_savepoint_and_what_is_around_it_stays(acme: Tenant) -> None:
    with transaction.atomic():
        kept = trigger("hello", tenant=acme)
        with rolled_back():
            trigger("hello", tenant=acme)

    assert run_named(kept.transaction_id)
    assert runs() == 1


@pytest.mark.django_db(transaction=True)
def test_many_triggers_in_one_transaction_ring_once(acme: Tenant) -> None:
    RINGS.clear()

    with transaction.atomic():
        for _ in range(10):
            trigger("hello", tenant=acme)

    assert sum(RINGS.values()) == 1


def test_a_refusal_leaves_the_callers_transaction_usable(acme: Tenant) -> None:
    with transaction.atomic():
        with pytest.raises(UnknownWorkflow):
            trigger("no.such", tenant=acme)
        trigger("hello", tenant=acme)

    assert runs() == 1


def refusals(tenant: Tenant, stranger: Recipient) -> dict[str, tuple[type[Refused], Callable[[], Any]]]:
    def call(key: Any = "hello", **given: Any) -> Callable[[], Any]:
        return lambda: trigger(key, tenant=given.pop("tenant", tenant), **given)

    return {
        "unknown workflow": (UnknownWorkflow, call("no.such")),
        "no workflow": (BadRequest, call("")),
        "a workflow that is no text": (BadRequest, call(7)),
        "unknown tenant": (UnknownTenant, call(tenant="nowhere")),
        "a payload that is a list": (BadRequest, call(payload=[1])),
        "NUL in the payload": (BadRequest, call(payload={"a": "\0"})),
        "a payload that does not fit": (BadRequest, call("strict", payload={"n": "x"})),
        "a payload with a misspelt field": (BadRequest, call("strict", payload={"n": 1, "m": 2})),
        "no such person": (BadRequest, call(recipients=["nobody"])),
        "a person of others": (BadRequest, call(recipients=[stranger])),
        "an actor of others": (BadRequest, call(actor=stranger)),
        "an unknown actor": (BadRequest, call(actor="nobody")),
        "an actor that is a topic": (BadRequest, call(actor={"topic": "news"})),
        "an actor that is a role": (BadRequest, call(actor={"role": "admin"})),
        "recipients that are not understood": (BadRequest, call(recipients=[{"who": 1}])),
        "an empty key": (BadRequest, call(idempotency_key="")),
        "a key that is too long": (BadRequest, call(idempotency_key="k" * 256)),
        "a key with a line break": (BadRequest, call(idempotency_key="a\nb")),
        "a key that is no text": (BadRequest, call(idempotency_key=7)),
        "a name that is too long": (BadRequest, call(transaction_id="t" * 101)),
        "a name with NUL": (BadRequest, call(transaction_id="a\0")),
        "a time without an offset": (BadRequest, call(at=datetime(2030, 1, 1))),
    }


REFUSALS = list(refusals(None, None))  # type: ignore[arg-type]


@pytest.mark.parametrize("case", REFUSALS)
def test_a_wrong_call_is_refused_before_anything_is_written(
    acme: Tenant, mallory: Recipient, publish: Publish, case: str
) -> None:
    topic(acme, "news")
    strict = {"additionalProperties": False, "properties": {"n": {"type": "integer"}}}
    publish(workflow("strict", send_inbox(title="x"), payload=strict))
    expected, call = refusals(acme, mallory)[case]

    with pytest.raises(expected) as refused:
        call()

    assert refused.value.detail
    assert runs() == 0


def test_a_refusal_says_which_people_and_which_fields(acme: Tenant, mallory: Recipient, publish: Publish) -> None:
    publish(workflow("strict", send_inbox(title="x"), payload={"properties": {"n": {"type": "integer"}}}))

    with pytest.raises(BadRequest) as people:
        trigger("hello", tenant=acme, recipients=["mallory", mallory])
    with pytest.raises(BadRequest) as fields:
        trigger("strict", tenant=acme, payload={"n": "x"})

    assert (people.value.code, set(people.value.errors)) == (
        "unknown_recipients",
        {"user mallory", f"id {mallory.public_id}"},
    )
    assert (fields.value.code, set(fields.value.errors)) == ("invalid_payload", {"/n"})


STRANGE: dict[str, Callable[[str], Trigger]] = {
    "a person": lambda text: Trigger("hello", recipients=["alice", text]),
    "a person in the spelling of the API": lambda text: Trigger("hello", recipients=[{"user": text}]),
    "a topic": lambda text: Trigger("hello", recipients=[{"topic": text}]),
    "a role": lambda text: Trigger("hello", recipients=[{"role": text}]),
    "an address": lambda text: Trigger("hello", recipients=[{"email": f"{text}@example.com"}]),
    "the name of an address": lambda text: Trigger("hello", recipients=[{"email": "a@example.com", "name": text}]),
    "an actor": lambda text: Trigger("hello", actor=text),
    "a workflow": Trigger,
    "a cause": lambda text: Trigger("hello", caused_by=text),
    "an object": lambda text: Trigger("hello", target={"type": "document", "id": text}),
}


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=ascii)
@pytest.mark.parametrize("where", STRANGE)
def test_a_text_that_no_database_holds_is_refused_and_touches_no_other(acme: Tenant, where: str, text: str) -> None:
    with transaction.atomic():
        answers = trigger_many([STRANGE[where](text), Trigger("hello")], tenant=acme)

    assert isinstance(answers[1], Triggered)
    assert isinstance(answers[0], Refused)
    assert answers[0].status == (404 if where == "a workflow" else 400)
    assert runs() == 1


def test_the_name_that_no_database_holds_is_said(acme: Tenant, alice: Recipient) -> None:
    with pytest.raises(BadRequest) as refused:
        trigger("hello", tenant=acme, recipients=["alice", "a\0b"])

    assert list(refused.value.errors) == [r"'a\x00b'"]


def test_the_longest_names_fit(acme: Tenant) -> None:
    answer = trigger("hello", tenant=acme, idempotency_key="k" * 255, transaction_id="t" * 100)

    assert run_named("t" * 100).idempotency_key == "k" * 255
    assert answer.transaction_id == "t" * 100


def test_a_name_is_taken_once_a_tenant(acme: Tenant, globex: Tenant) -> None:
    trigger("hello", tenant=acme, transaction_id="T-1")
    trigger("hello", tenant=globex, transaction_id="T-1")

    with pytest.raises(TransactionIdTaken) as refused:
        trigger("hello", tenant=acme, transaction_id="T-1")

    assert refused.value.status == 409
    assert runs() == 2


def test_it_starts_not_before_the_time_it_was_given(acme: Tenant) -> None:
    later = timezone.now() + timedelta(hours=3)

    run = run_named(trigger("hello", tenant=acme, at=later).transaction_id)

    assert run.start_at == run.expand_at == later


def test_a_time_that_is_past_means_now(acme: Tenant) -> None:
    run = run_named(trigger("hello", tenant=acme, at=timezone.now() - timedelta(days=9)).transaction_id)

    assert run.start_at == run.created_at


@pytest.mark.parametrize(("include", "told"), [(False, 0), (True, 1)])
def test_who_did_it_is_left_out_unless_wanted(acme: Tenant, alice: Recipient, include: bool, told: int) -> None:
    wanted = Trigger("hello", PAYLOAD, ["alice"], actor="alice", include_actor=include)

    assert dry_run(wanted, tenant=acme).people == told


def test_a_single_recipient_needs_no_list(acme: Tenant, alice: Recipient) -> None:
    for single in (alice, "alice", {"user": "alice"}, alice.user):
        run = run_named(trigger("hello", tenant=acme, recipients=single).transaction_id)
        assert run.audience == {"people": [alice.pk]}


def test_any_iterable_of_recipients_will_do(acme: Tenant) -> None:
    people = crowd(acme, 3)

    for given in ((one for one in people), set(people), Recipient.objects.filter(tenant=acme)):
        run = run_named(trigger("hello", tenant=acme, recipients=given).transaction_id)
        assert run.audience["people"] == [one.pk for one in people]


def test_where_there_is_one_tenant_it_need_not_be_named(acme: Tenant) -> None:
    assert run_named(trigger("hello").transaction_id).tenant == acme


def test_where_there_are_several_the_tenant_must_be_named(acme: Tenant, globex: Tenant) -> None:
    with pytest.raises(UnknownTenant):
        trigger("hello")

    assert run_named(trigger("hello", tenant="globex").transaction_id).tenant == globex


def test_a_suspended_tenant_is_no_tenant(acme: Tenant) -> None:
    Tenant.objects.update(active=False)

    with pytest.raises(UnknownTenant):
        trigger("hello", tenant="acme")


def test_a_dry_run_says_what_would_happen_and_writes_nothing(acme: Tenant, alice: Recipient) -> None:
    crowd(acme, 30, role="admin")

    said = dry_run(Trigger("hello", PAYLOAD, None, actor=alice), tenant=acme)

    assert (said.people, len(said.first)) == (30, 20)
    assert said.steps == [{"kind": "send", "channel": "inbox"}]
    assert runs() == Definition.objects.filter(key="hello").count() == 0


def test_a_dry_run_refuses_what_the_real_one_would(acme: Tenant) -> None:
    with pytest.raises(BadRequest):
        dry_run(Trigger("hello", recipients=["nobody"]), tenant=acme)


def test_each_of_many_gets_its_own_answer_in_order(acme: Tenant, alice: Recipient) -> None:
    trigger("hello", tenant=acme, idempotency_key="old", transaction_id="T-0")

    answers = trigger_many(
        [
            Trigger("hello", recipients=["alice"]),
            Trigger("no.such"),
            Trigger("hello", recipients=["nobody"]),
            Trigger("hello", payload={"a": "\0"}),
            Trigger("hello", idempotency_key="old", transaction_id="T-0"),
            Trigger("hello", idempotency_key="old"),
            Trigger("hello", transaction_id="T-0"),
            Trigger("hello", transaction_id="T-1"),
            Trigger("hello", transaction_id="T-1"),
            Trigger("hello", idempotency_key="new"),
            Trigger("hello", idempotency_key="new"),
            Trigger("hello", idempotency_key="new", payload={"other": 1}),
        ],
        tenant=acme,
    )

    said = [(one.status, one.duplicate) if isinstance(one, Triggered) else (one.status, one.code) for one in answers]
    assert said == [
        ("pending", False),
        (404, "unknown_workflow"),
        (400, "unknown_recipients"),
        (400, "invalid_payload"),
        ("pending", True),
        (422, "idempotency_key_reused"),
        (409, "transaction_id_taken"),
        ("pending", False),
        (409, "transaction_id_taken"),
        ("pending", False),
        ("pending", True),
        (422, "idempotency_key_reused"),
    ]
    assert runs() == 4
    assert answers[9].transaction_id == answers[10].transaction_id  # type: ignore[union-attr]


def test_more_than_a_thousand_at_once_are_refused(acme: Tenant) -> None:
    with pytest.raises(BadRequest):
        trigger_many([Trigger("hello")] * (BULK_MAX + 1), tenant=acme)

    assert runs() == 0


@pytest.mark.postgres  # SQLite takes fewer values a statement, so a thousand rows are more of them
@pytest.mark.parametrize("keyed", [False, True])
def test_a_thousand_cost_as_many_statements_as_ten(acme: Tenant, keyed: bool) -> None:
    crowd(acme, 1000)
    counts = []
    for size in (10, 1000):
        calls = [
            Trigger("hello", recipients=[f"p{n}"], actor=f"p{n}", idempotency_key=f"{size}-{n}" if keyed else None)
            for n in range(size)
        ]
        with CaptureQueriesContext(connection) as counted:
            trigger_many(calls, tenant=acme)
        counts.append(len(counted))

    assert counts[0] == counts[1] < 15


@pytest.mark.django_db(transaction=True)
def test_async_callers_await_it(acme: Tenant) -> None:
    answer = async_to_sync(atrigger)("hello", tenant=acme)

    assert run_named(answer.transaction_id)


def test_a_run_keeps_the_version_it_was_started_with(acme: Tenant, hello: Workflow, publish: Publish) -> None:
    old = run_named(trigger("hello", tenant=acme).transaction_id)

    publish(workflow("hello", send_inbox(title="Changed")))
    new = run_named(trigger("hello", tenant=acme).transaction_id)

    assert old.definition_id == hello.hash != new.definition_id
    assert old.definition.body["steps"][0]["template"]["title"] == "Hello {{ payload.name }}"


def test_the_audience_is_resolved_when_the_run_is_worked_off_not_when_it_is_asked_for(acme: Tenant) -> None:
    news = topic(acme, "news")
    answer = trigger("hello", tenant=acme, recipients=[news])

    late = member(acme, "late")
    news.subscriptions.create(recipient=late)
    drain()

    assert run_named(answer.transaction_id).people == 1
