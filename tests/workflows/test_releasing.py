"""Releasing what was held: each message once, with the words it had, by what people want then, in few statements."""

from datetime import timedelta
from typing import Any

import pytest

from channels_delivery.models import Delivery, Message
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences import changing, holding
from preferences.changing import By
from preferences.models import Habits, HeldWords, Hold, TenantHabits, Via
from tests.cast import Publish, crowd, outcomes, run_named, statements, workflow
from workflows import engine, releasing, retract, texts
from workflows.conf import CHUNK
from workflows.define import send_email
from workflows.explain import explain
from workflows.models import Run
from workflows.retract_for import cancel_for
from workflows.summary import KEY
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
ALWAYS = [{"start": "00:00", "end": "24:00"}]
ME = By("somebody", Via.PAGE)


@pytest.fixture
def mail(publish: Publish) -> None:
    publish(workflow("t.mail", send_email(title="Mail {{ payload.n }}")))
    publish(workflow("t.own", send_email(title="For {{ recipient.name }}")))


@pytest.fixture
def people(acme: Tenant) -> list[Recipient]:
    return crowd(acme, 3, email="a@example.com")


@pytest.fixture
def asleep(acme: Tenant) -> TenantHabits:
    """Everybody of Acme is, until they are woken."""
    return TenantHabits.objects.create(tenant=acme, quiet_hours=ALWAYS)


def start(tenant: Tenant, *people: Recipient, key: str = "t.mail", **payload: Any) -> Run:
    run = run_named(trigger(key, tenant=tenant, recipients=people, payload=payload).transaction_id)
    engine.drain()
    return run


def wake(tenant: Tenant) -> None:
    TenantHabits.objects.filter(tenant=tenant).delete()
    holding.look_again_at_all(tenant.pk, now=db_now())


def release(tenant: Tenant) -> None:
    releasing.release_all(tenant=tenant.pk, clock=db_now)


def mailed(tenant: Tenant) -> dict[int, list[str]]:
    """What left, by person."""
    said = dict(Message.objects.filter(tenant=tenant).values_list("pk", "parts"))
    found: dict[int, list[str]] = {}
    for one in Delivery.objects.filter(tenant=tenant, state="pending").order_by("pk"):
        found.setdefault(one.recipient_id or 0, []).append(said[one.message_id]["subject"])
    return found


def ends(tenant: Tenant) -> list[str]:
    return list(Hold.objects.filter(tenant=tenant).order_by("pk").values_list("ended_as", flat=True))


def test_words_are_kept_once_for_all_and_are_those_of_the_moment(
    acme: Tenant, people: list[Recipient], asleep: None, mail: None
) -> None:
    run = start(acme, *people, n=1)

    assert outcomes(run, final=False) == {"quiet_hours": {one.pk for one in people}}
    assert (run_named(run.transaction_id).status, Delivery.objects.filter(tenant=acme).count()) == ("sent", 0)
    assert (HeldWords.objects.filter(tenant=acme).count(), Hold.objects.filter(tenant=acme).count()) == (1, 3)

    wake(acme)
    release(acme)

    assert mailed(acme) == {one.pk: ["Mail 1"] for one in people}
    assert Delivery.objects.filter(tenant=acme, origin=run.public_id, origin_step="0.0").count() == 3
    assert Message.objects.filter(tenant=acme).count() == 1


def test_several_are_one_summary_and_those_with_the_same_share_its_words(
    acme: Tenant, people: list[Recipient], asleep: None, mail: None
) -> None:
    start(acme, *people, n=1)
    start(acme, *people[:2], n=2)
    start(acme, people[0], n=3)

    wake(acme)
    release(acme)

    assert mailed(acme) == {
        people[0].pk: ["3 messages waited for you: Mail 1"],
        people[1].pk: ["2 messages waited for you: Mail 1"],
        people[2].pk: ["Mail 1"],
    }
    assert ends(acme) == ["summary", "summary", "sent", "summary", "summary", "summary"]


def test_a_summary_says_what_each_message_said(acme: Tenant, people: list[Recipient], asleep: None, mail: None) -> None:
    for n in range(12):
        start(acme, people[0], n=n)

    wake(acme)
    release(acme)

    (said,) = Message.objects.filter(tenant=acme).values_list("parts", flat=True)
    assert [line for line in said["text"].splitlines() if line.startswith("•")] == [f"• Mail {n}" for n in range(10)]
    assert "… and 2 more." in said["text"]


def test_a_tenants_own_words_of_a_summary(acme: Tenant, people: list[Recipient], asleep: None, mail: None) -> None:
    place = texts.Place(KEY, "email")
    texts.create(acme, place, {"title": "{{ recipient.name }}: {{ payload.count }} Stück"})
    start(acme, *people[:2], n=1)
    start(acme, *people[:2], n=2)

    wake(acme)
    release(acme)

    assert mailed(acme) == {one.pk: [f"{one.name}: 2 Stück"] for one in people[:2]}


def test_one_by_one_where_the_tenant_or_the_person_says_so(acme: Tenant, people: list[Recipient], mail: None) -> None:
    for one in people:
        Habits.objects.create(tenant=acme, recipient=one, quiet_hours=ALWAYS)
    TenantHabits.objects.create(tenant=acme, summaries=False)
    Habits.objects.filter(tenant=acme, recipient=people[1]).update(summaries=True)
    start(acme, *people[:2], n=1)
    start(acme, *people[:2], n=2)

    for one in people[:2]:
        changing.change(one, {"quiet_hours": None}, by=ME, now=db_now())
    release(acme)

    assert mailed(acme) == {
        people[0].pk: ["Mail 1", "Mail 2"],
        people[1].pk: ["2 messages waited for you: Mail 1"],
    }


def test_who_is_gone_or_has_no_address_any_more_gets_nothing(
    acme: Tenant, people: list[Recipient], asleep: None, mail: None
) -> None:
    start(acme, *people, n=1)
    Recipient.objects.filter(tenant=acme, pk=people[0].pk).update(active=False)
    Recipient.objects.filter(tenant=acme, pk=people[1].pk).update(email="")
    Recipient.objects.filter(tenant=acme, pk=people[2].pk).update(email="new@example.com")

    wake(acme)
    release(acme)

    assert ends(acme) == ["inactive", "no_address", "sent"]
    assert Delivery.objects.get(tenant=acme).address == "new@example.com"


def test_a_cancel_counts_what_is_held_and_nothing_of_it_is_sent(
    acme: Tenant, people: list[Recipient], asleep: None, mail: None
) -> None:
    first, second = start(acme, *people, n=1), start(acme, *people, n=2)

    for_one = cancel_for(second.transaction_id, tenant=acme, recipients=[people[0]])
    answer = retract.cancel(first.transaction_id, tenant=acme)
    wake(acme)
    release(acme)

    assert (for_one.deliveries_cancelled, for_one.deliveries_too_late) == (1, 0)
    assert (answer.deliveries_cancelled, answer.deliveries_too_late) == (3, 0)
    assert mailed(acme) == {one.pk: ["Mail 2"] for one in people[1:]}


def test_a_cancel_takes_apart_a_summary_that_has_not_left(
    acme: Tenant, people: list[Recipient], asleep: None, mail: None
) -> None:
    first = start(acme, *people, n=1)
    start(acme, *people, n=2)
    start(acme, people[0], n=3)
    wake(acme)
    release(acme)
    Delivery.objects.filter(tenant=acme, recipient=people[2]).update(state="sending")

    answer = retract.cancel(first.transaction_id, tenant=acme)
    release(acme)

    assert answer.deliveries_cancelled == 2
    assert mailed(acme) == {
        people[0].pk: ["2 messages waited for you: Mail 2"],
        people[1].pk: ["Mail 2"],
    }
    assert Delivery.objects.get(tenant=acme, state="sending").revoked is False


def test_all_sending_off_ends_what_is_held(
    acme: Tenant, people: list[Recipient], asleep: None, mail: None, settings: Any
) -> None:
    start(acme, *people, n=1)

    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "ENABLED": False}
    wake(acme)
    release(acme)

    assert ends(acme) == ["disabled"] * 3


def test_one_whose_release_fails_keeps_nobody_else_from_theirs(
    acme: Tenant, people: list[Recipient], asleep: None, mail: None
) -> None:
    start(acme, *people, key="t.own")
    HeldWords.objects.filter(tenant=acme, content__title=f"For {people[1].name}").update(letter={})

    wake(acme)
    release(acme)

    assert mailed(acme) == {one.pk: [f"For {one.name}"] for one in (people[0], people[2])}
    (left,) = Hold.objects.filter(tenant=acme, ended_at__isnull=True)
    assert left.recipient_id == people[1].pk
    assert left.due_at > db_now() + timedelta(minutes=9)


def test_explain_tells_the_hold_and_the_summary(
    acme: Tenant, people: list[Recipient], asleep: None, mail: None
) -> None:
    run = start(acme, people[0], n=1)
    start(acme, people[0], n=2)
    held = explain(run, people[0])
    wake(acme)
    release(acme)

    told = explain(run, people[0])

    assert (held.codes[1:], held.told) == (["quiet_hours", "still_held", "done"], True)
    assert (told.codes[1:], told.told) == (["quiet_hours", "in_summary", "pending", "done"], True)
    assert told.texts[2].endswith("in one summary with others that had waited: 1.")


def test_as_many_statements_for_ten_people_as_for_a_thousand(acme: Tenant, globex: Tenant, mail: None) -> None:
    counts = []
    for tenant, size in ((acme, 10), (globex, CHUNK)):
        crowd(tenant, size, email="a@example.com")
        TenantHabits.objects.create(tenant=tenant, quiet_hours=ALWAYS)
        with statements() as holding_them:
            for n in range(2):
                trigger("t.mail", tenant=tenant, recipients=[{"everyone": True}], payload={"n": n})
            engine.drain()
        wake(tenant)
        with statements() as found:
            release(tenant)
        assert len(mailed(tenant)) == size
        counts.append((len(holding_them), len(found)))

    assert counts[1][0] <= counts[0][0] + 4  # the first has its definition stored
    assert counts[0][1] == counts[1][1] <= 25
