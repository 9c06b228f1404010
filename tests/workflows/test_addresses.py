"""Mere addresses: rows that walk like people and are in no list of them."""

import pytest

from channels_delivery.models import Delivery
from channels_delivery.outcome import Delivered
from channels_delivery.simulated import send_due
from channels_delivery.suppression import suppress
from notifications import directory
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, outcomes, run_named, statements, workflow
from workflows import engine, retract
from workflows.addresses import Address, entered
from workflows.audience import Audience, count
from workflows.define import send_email, send_inbox
from workflows.explain import explain
from workflows.models import Run, Status
from workflows.trigger import Trigger, dry_run, trigger

pytestmark = pytest.mark.django_db
X = {"email": "x@example.org"}


@pytest.fixture(autouse=True)
def news(publish: Publish) -> None:
    publish(workflow("news", send_inbox(title="Item"), send_email(title="Mail")))


def walked(tenant: Tenant, *recipients: object) -> Run:
    run = run_named(trigger("news", tenant=tenant, recipients=recipients).transaction_id)
    engine.drain()
    run.refresh_from_db()
    return run


def mailed(run: Run) -> list[str]:
    return sorted(Delivery.objects.filter(tenant=run.tenant_id, origin=run.public_id).values_list("address", flat=True))


def test_a_trigger_writes_one_row_and_no_recipient(acme: Tenant) -> None:
    trigger("news", tenant=acme, recipients=[X])

    assert not Recipient.reachable.filter(tenant=acme).exists()


def test_an_address_is_told_and_is_in_no_list(acme: Tenant) -> None:
    run = walked(acme, X)
    row = Recipient.reachable.get(tenant=acme)

    assert (run.status, run.people, mailed(run)) == (Status.SENT, 1, ["x@example.org"])
    assert not Recipient.objects.filter(tenant=acme).exists()
    assert count(Audience(everyone=True, roles=("member",)), tenant_id=acme.pk, without=None) == 0
    assert outcomes(run)["no_address"] == {row.pk}


def test_an_address_has_an_explanation(acme: Tenant) -> None:
    run = walked(acme, X)

    found = explain(run, Recipient.reachable.select_related("tenant").get(tenant=acme))

    assert found.codes[:4] == ["by_address", "no_address", "sent", "pending"]


def test_a_person_with_the_address_is_meant_and_told_once(acme: Tenant) -> None:
    ana, ben = crowd(acme, 2, email="ana@example.org")

    run = walked(acme, ana, {"email": "ANA@example.org"})

    assert (mailed(run), run.people) == (["ana@example.org"], 1)
    assert "by_address" in explain(run, ana).codes
    assert not Recipient.reachable.filter(tenant=acme, ad_hoc=True).exists()
    assert ben.pk not in outcomes(run).get("done", set())


def test_a_suppressed_address_gets_nothing(acme: Tenant) -> None:
    suppress("email", ["X@example.org"], tenant_id=acme.pk, reason="bounced", now=db_now())

    run = walked(acme, X)

    assert mailed(run) == []
    assert "suppressed" in outcomes(run, final=False)


def test_an_address_that_was_suppressed_meanwhile_gets_nothing(acme: Tenant) -> None:
    run = walked(acme, X)
    suppress("email", ["X@example.org"], tenant_id=acme.pk, reason="bounced", now=db_now())

    send_due(tenant_id=acme.pk, now=db_now(), sender=lambda _: Delivered())

    delivery = Delivery.objects.get(tenant=acme, origin=run.public_id)
    assert (delivery.state, delivery.code) == ("failed", "address")


def test_the_same_address_is_one_row_however_often_it_is_named(acme: Tenant, globex: Tenant) -> None:
    said = {**X, "name": "Xenia", "locale": "pt"}

    walked(acme, said)
    walked(acme, {"email": "X@Example.org"}, X)
    walked(globex, X)

    rows = Recipient.reachable.filter(tenant__in=[acme, globex]).order_by("pk")
    assert [(row.tenant, row.name, row.locale) for row in rows] == [(acme, "Xenia", "pt"), (globex, "", "")]


def test_to_enter_forty_costs_as_much_as_one(acme: Tenant) -> None:
    def audiences(size: int, prefix: str) -> list[Audience]:
        return [Audience(addresses=(Address(f"{prefix}{n}@example.org"),)) for n in range(size)]

    with statements() as one:
        entered(audiences(1, "a"), tenant_id=acme.pk)
    with statements() as many:
        found = entered(audiences(40, "b"), tenant_id=acme.pk)

    assert len(one) == len(many) <= 4
    assert len({person for audience in found for person in audience.people}) == 40


def test_a_dry_run_counts_them_and_leaves_nothing(acme: Tenant) -> None:
    crowd(acme, 1, email="ana@example.org")

    found = dry_run(Trigger("news", recipients=[X, {"email": "ana@example.org"}]), tenant=acme)

    assert found.people == 2
    assert [(send.channel, send.people, send.skipped) for send in found.sends] == [
        ("inbox", 1, {"no_address": 1}),
        ("email", 2, {}),
    ]
    assert not Recipient.reachable.filter(tenant=acme, ad_hoc=True).exists()


def test_a_cancel_before_they_are_found_counts_them(acme: Tenant) -> None:
    run = run_named(trigger("news", tenant=acme, recipients=[X]).transaction_id)

    answer = retract.cancel(run.transaction_id, tenant=acme)

    assert answer.cancelled == 1


def test_no_person_takes_the_name_of_an_address(acme: Tenant) -> None:
    with pytest.raises(directory.ValidationError, match="stands before mere addresses"):
        directory.put_people(acme, {"mailto:x@example.org": {}})


def test_an_address_beside_everyone_is_told_too(acme: Tenant) -> None:
    crowd(acme, 2)

    run = walked(acme, {"everyone": True}, X)

    assert (run.people, "x@example.org" in mailed(run)) == (3, True)


def test_everyone_is_not_said_of_an_address(acme: Tenant) -> None:
    walked(acme, X)
    run = walked(acme, {"everyone": True})

    found = explain(run, Recipient.reachable.select_related("tenant").get(tenant=acme))

    assert found.codes == ["outside"]
