"""What left the building, on the page of a run: each delivery, how far it is, why, and where it can be seen."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection
from pytest_django import Settings

from channels_delivery.models import Attempt, Channel, Delivery, Lane, Message
from notifications.kernel.clock import db_now
from notifications.models import Recipient
from notifyhub import catcher
from notifyhub.mailbox import BOX
from tests.cast import Publish, run_named, workflow
from workflows.define import Workflow, send_email, send_webhook
from workflows.engine import drain
from workflows.models import Run
from workflows.trigger import trigger

from .pages import queries, visitor, words


@pytest.fixture
def run(alice: Recipient, hello: Workflow) -> Run:
    trigger("hello", tenant=alice.tenant, payload={"name": "x"}, transaction_id="t-1")
    drain()
    return run_named("t-1")


def delivery(run: Run, kind: str, **given: Any) -> Delivery:
    """A delivery of this run, as the outbox leaves it."""
    now, detail = db_now(), given.pop("detail", "")
    message = Message.objects.create(tenant=run.tenant, kind=kind, notice_key="hello", parts={}, created_at=now)
    lane, _ = Lane.objects.get_or_create(tenant=run.tenant, key=kind, urgency=1)
    defaults = {"address": f"{kind} address", "state": "delivered", "attempt": 1, "due_at": now}
    one = Delivery.objects.create(
        tenant=run.tenant,
        message=message,
        lane=lane,
        kind=kind,
        origin=run.public_id,
        origin_step=str(message.pk),
        decided_at=now,
        created_at=now,
        **{**defaults, **given},
    )
    for number in range(one.attempt):
        Attempt.objects.create(delivery=one, no=number + 1, started_at=now, finished_at=now, detail=detail)
    return one


def test_each_delivery_is_there_with_the_reason(alice: Recipient, run: Run) -> None:
    hook = Channel.objects.create(tenant=alice.tenant, kind="webhook", name="Helpdesk")
    delivery(run, "email", recipient=alice, address="alice@acme.example")
    delivery(run, "webhook", channel=hook, attempt=3)

    text = words(visitor(alice).get(f"/runs/{run.public_id}/"))

    why = "Sent because they can be reached there and did not turn it off."
    assert f"E-mail: Alice alice@acme.example {why} Delivered" in text
    why = "Sent because “Helpdesk” listens to this workflow. It took 3 tries."
    assert f"Webhook: Helpdesk webhook address {why} Delivered" in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "pending", "attempt": 0}, "Waiting"),
        ({"state": "sending"}, "Sending"),
        ({"state": "accepted"}, "Accepted"),
        ({"state": "cancelled", "attempt": 0}, "The run was cancelled before it left. Cancelled"),
        ({"state": "expired", "attempt": 0}, "later it would have been of no use. Expired"),
        ({"state": "failed", "code": "address", "detail": "550 5.1.1"}, "there is nobody at that address (550 5.1.1)."),
        ({"state": "dead", "code": "network"}, "the receiver could not be reached. Failed"),
    ],
    ids=lambda one: one["state"] if isinstance(one, dict) else None,
)
def test_each_state_has_its_words(alice: Recipient, run: Run, given: dict[str, Any], said: str) -> None:
    delivery(run, "email", recipient=alice, **given)

    assert said in words(visitor(alice).get(f"/runs/{run.public_id}/"))


def test_a_team_that_was_not_told_is_there_with_the_reason(alice: Recipient, publish: Publish) -> None:
    publish(workflow("team", send_webhook(title="Hello")))
    answer = trigger("team", tenant=alice.tenant)
    drain()

    text = words(visitor(alice).get(f"/runs/{answer.run}/"))

    assert "Webhook · the team: No channel of the team listens to this workflow." in text


def test_who_has_no_address_is_there_with_the_reason(alice: Recipient, publish: Publish) -> None:
    publish(workflow("mail", send_email(title="Hello")))
    answer = trigger("mail", tenant=alice.tenant)
    drain()

    text = words(visitor(alice).get(f"/runs/{answer.run}/"))

    assert "E-mail · 1 person: Has no address for this." in text


def test_what_is_tried_again_says_when_and_why(alice: Recipient, run: Run) -> None:
    due = db_now() + timedelta(minutes=2)
    delivery(run, "webhook", state="pending", attempt=2, code="provider", detail="HTTP 503", due_at=due)

    text = words(visitor(alice).get(f"/runs/{run.public_id}/"))

    assert f"2 tries failed: the receiver had a problem (HTTP 503). Tried again at {due:%H:%M:%S}" in text


def test_the_page_is_followed_while_something_is_under_way(alice: Recipient, run: Run) -> None:
    hers, address = visitor(alice), f"/runs/{run.public_id}/"
    one = delivery(run, "email", state="sending")
    before, told = hers.get(address).content.decode(), hers.get(f"{address}state/").json()

    Delivery.objects.filter(tenant=run.tenant, pk=one.pk).update(state="delivered")

    assert "data-finished" in before
    assert "data-settled" not in before
    assert "data-settled" in hers.get(address).content.decode()
    assert told["outside"] == {"sending": [1, 1]}
    assert hers.get(f"{address}state/").json()["outside"] == {"delivered": [1, 1]}


def test_a_delivery_leads_to_the_very_mail_and_the_very_request(alice: Recipient, run: Run) -> None:
    by_mail, by_hook = delivery(run, "email", recipient=alice), delivery(run, "webhook")
    name = {"Message-ID": f"<{by_mail.stable_id.hex}@hub.example>"}
    backend = get_connection("notifyhub.mailbox.MailboxBackend")
    EmailMessage("Hello x", "", "us@x", ["alice@x"], headers=name, connection=backend).send()
    mail = BOX.newest_first()[0]
    request = catcher.catch([("webhook-id", f"msg_{by_hook.stable_id.hex}")], b"", tenant_id=run.tenant_id, keys=[])

    page = visitor(alice).get(f"/runs/{run.public_id}/").content.decode()

    assert f'href="/mailbox/{mail.id}/"' in page
    assert f'href="/catcher/acme/{request.id}/"' in page


def test_a_site_that_keeps_nothing_links_nowhere(alice: Recipient, run: Run, settings: Settings) -> None:
    by_hook = delivery(run, "webhook")
    catcher.catch([("webhook-id", f"msg_{by_hook.stable_id.hex}")], b"", tenant_id=run.tenant_id, keys=[])
    settings.NOTIFYHUB_KEEPS_WHAT_IT_SENDS = False

    text = words(visitor(alice).get(f"/runs/{run.public_id}/"))

    assert "Out of the building" in text
    assert "Look at it" not in text


def test_an_id_that_a_stranger_made_up_leads_nowhere(alice: Recipient, mallory: Recipient, run: Run) -> None:
    by_hook = delivery(run, "webhook")
    name = ("webhook-id", f"msg_{by_hook.stable_id.hex}")
    catcher.catch([name], b"", tenant_id=mallory.tenant_id, keys=[])

    assert "Look at it" not in words(visitor(alice).get(f"/runs/{run.public_id}/"))


@pytest.mark.parametrize("size", [2, 30])
def test_deliveries_cost_the_same_for_few_and_many(alice: Recipient, run: Run, size: int) -> None:
    for _ in range(size):
        delivery(run, "email", recipient=alice)
    hers = visitor(alice)
    hers.get(f"/runs/{run.public_id}/")

    assert len(queries(lambda: hers.get(f"/runs/{run.public_id}/"))) == 19


def test_no_more_than_a_hundred_are_listed(alice: Recipient, run: Run) -> None:
    for _ in range(102):
        delivery(run, "email", attempt=0)

    assert "and 2 more messages" in words(visitor(alice).get(f"/runs/{run.public_id}/"))
