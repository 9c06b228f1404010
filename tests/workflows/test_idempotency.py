"""Idempotency keys: the first answer again for the same call, a refusal for another, and free again after a day."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.models import Recipient, Tenant
from tests.cast import Publish, rolled_back, run_named, workflow
from workflows import registry
from workflows.define import send_inbox
from workflows.models import Run
from workflows.refusals import KeyReused, Refused
from workflows.trigger import Trigger, Triggered, trigger, trigger_many

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hello")]
PAYLOAD = {"name": "Ada"}


def runs() -> int:
    return Run.objects.across_tenants().count()


def test_the_same_call_again_gets_the_first_answer(acme: Tenant, alice: Recipient) -> None:
    first, again = (
        trigger("hello", tenant=acme, payload=PAYLOAD, recipients=[alice], idempotency_key="k") for _ in range(2)
    )

    assert again.duplicate
    assert asdict(again) == {**asdict(first), "duplicate": True}
    assert runs() == 1


def test_the_same_call_in_other_words_is_the_same_call(acme: Tenant, alice: Recipient) -> None:
    trigger("hello", tenant=acme, payload={"a": 1, "b": {"c": 2, "d": 3}}, recipients=["alice"], idempotency_key="k")

    again = trigger(
        "hello",
        tenant=acme,
        payload={"b": {"d": 3, "c": 2}, "a": 1},
        recipients=[{"user": "alice"}],
        idempotency_key="k",
    )

    assert again.duplicate


CHANGES: list[dict[str, Any]] = [
    {"payload": {"name": "Eve"}},
    {"recipients": None},
    {"recipients": ["alice", "bob"]},
    {"actor": "bob"},
    {"transaction_id": "other"},
    {"include_actor": True},
    {"at": timezone.now() + timedelta(days=1)},
    {"caused_by": "no-such-run"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_another_call_with_the_same_key_is_refused(
    acme: Tenant, alice: Recipient, bob: Recipient, change: dict[str, Any]
) -> None:
    call: dict[str, Any] = {"payload": PAYLOAD, "recipients": ["alice"], "idempotency_key": "k"}
    trigger("hello", tenant=acme, **call)

    with pytest.raises(KeyReused) as refused:
        trigger("hello", tenant=acme, **{**call, **change})

    assert refused.value.status == 422
    assert runs() == 1


def test_a_key_belongs_to_its_tenant(acme: Tenant, globex: Tenant) -> None:
    answers = [trigger("hello", tenant=tenant, idempotency_key="k") for tenant in (acme, globex)]

    assert not any(answer.duplicate for answer in answers)
    assert runs() == 2


def test_a_refused_call_does_not_burn_its_key(acme: Tenant, alice: Recipient) -> None:
    with pytest.raises(Refused):
        trigger("hello", tenant=acme, recipients=["nobody"], idempotency_key="k")

    answer = trigger("hello", tenant=acme, recipients=["alice"], idempotency_key="k")

    assert not answer.duplicate


def test_nor_does_it_within_one_call_of_many(acme: Tenant, publish: Publish) -> None:
    publish(workflow("strict", send_inbox(title="x"), payload={"required": ["n"]}))
    trigger("hello", tenant=acme, transaction_id="T-0")
    calls = [
        Trigger("strict", {}, idempotency_key="a"),
        Trigger("strict", {"n": 1}, idempotency_key="a"),
        Trigger("strict", {"n": 2}, idempotency_key="a"),
        Trigger("strict", {"n": 1}, idempotency_key="a"),
        Trigger("hello", transaction_id="T-0", idempotency_key="b"),
        Trigger("hello", transaction_id="T-1", idempotency_key="b"),
    ]

    answers = trigger_many(calls, tenant=acme)

    said = [one.duplicate if isinstance(one, Triggered) else one.code for one in answers]
    reused = "idempotency_key_reused"
    assert said == ["invalid_payload", False, reused, True, "transaction_id_taken", False]
    assert runs() == 3


def test_a_key_that_has_had_its_time_is_free(acme: Tenant) -> None:
    """Whether or not anybody has cleared it since."""
    old = trigger("hello", tenant=acme, payload=PAYLOAD, idempotency_key="k")
    aged = Run.objects.across_tenants()

    aged.update(created_at=timezone.now() - timedelta(hours=23, minutes=59))
    assert trigger("hello", tenant=acme, payload=PAYLOAD, idempotency_key="k").duplicate
    aged.update(created_at=timezone.now() - timedelta(hours=24, minutes=1))
    new = trigger("hello", tenant=acme, payload={"name": "Eve"}, idempotency_key="k")

    assert not new.duplicate
    assert [run_named(one.transaction_id).idempotency_key for one in (old, new)] == [None, "k"]
    assert trigger("hello", tenant=acme, payload={"name": "Eve"}, idempotency_key="k").run == new.run


def test_a_rolled_back_call_does_not_burn_its_key(acme: Tenant) -> None:
    with rolled_back():
        trigger("hello", tenant=acme, idempotency_key="k", payload={"first": 1})

    assert not trigger("hello", tenant=acme, idempotency_key="k", payload={"second": 2}).duplicate


def test_a_known_key_is_answered_even_when_the_workflow_is_gone(acme: Tenant, publish: Publish) -> None:
    publish(workflow("fleeting", send_inbox(title="x")))
    trigger("fleeting", tenant=acme, idempotency_key="k")
    registry.unregister("fleeting")

    assert trigger("fleeting", tenant=acme, idempotency_key="k").duplicate
