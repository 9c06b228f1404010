"""Explain: for anybody and any run, why each step told them something or did not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from channels_delivery import simulated
from channels_delivery.outcome import Delivered, Outcome, Permanent, Temporary
from channels_delivery.suppression import suppress
from notifications import inbox
from notifications.kernel.clock import db_now
from notifications.models import InboxItem, Recipient, Role, Tenant
from preferences.models import Choice
from tests.cast import Publish, crowd, member, run_named, statements, topic, wake_everybody, workflow
from workflows import engine, retract
from workflows.define import delay, send_email, send_inbox, send_webhook
from workflows.explain import explain, explain_future
from workflows.models import Run
from workflows.refusals import UnknownWorkflow
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db


@pytest.fixture
def nag(publish: Publish) -> None:
    publish(
        workflow(
            "nag",
            send_inbox(title="One"),
            delay(days=2),
            send_email(title="Two", skip_if_read=True),
            send_webhook(title="Team"),
        )
    )


def start(tenant: Tenant, *recipients: Any, **given: Any) -> Run:
    run = run_named(trigger("nag", tenant=tenant, recipients=recipients or None, **given).transaction_id)
    engine.drain()
    run.refresh_from_db()
    return run


def finish(run: Run, outcome: Outcome | None = None) -> Run:
    """Everybody wakes, and what leaves ends like this."""
    wake_everybody()
    engine.drain()
    simulated.send_due(tenant_id=run.tenant_id, now=db_now(), sender=lambda _: outcome or Delivered())
    run.refresh_from_db()
    return run


def with_mail(person: Recipient) -> Recipient:
    person.email = f"{person.external_id}@example.com"
    person.save()
    return person


def read(person: Recipient) -> None:
    items = InboxItem.objects.filter(recipient_id=person.pk).values_list("notification__public_id", flat=True)
    inbox.mark_read(person, list(items), now=db_now())


class TestInside:
    def test_each_step_has_its_sentence_in_order(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        found = explain(finish(start(acme, with_mail(bob))), bob)

        assert found.told
        assert found.texts == [
            "Was named as a recipient.",
            "Inbox: “One” was put there.",
            "It has not been read yet.",
            "Waited here.",
            "E-mail: “Two” was sent.",
            "It was delivered.",
            "Webhook: this goes to teams, and to people who added a place of their own. They have none.",
            "Reached the end.",
        ]
        assert [one.step for one in found.sentences] == ["", "0", "0", "1", "2", "2", "3", ""]

    def test_who_waits_is_told_until_when_in_their_own_time(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        bob.zone = "Asia/Tokyo"
        bob.save()
        run = start(acme, bob)

        found = explain(run, bob)

        (waits,) = [one for one in found.sentences if one.code == "waits"]
        assert waits.step == "1"
        assert waits.until
        assert waits.until > db_now() + timedelta(days=1)
        assert found.codes[-3:] == ["not_reached", "not_reached", "walking"]
        assert found.told

    def test_a_zone_that_is_none_is_passed_over(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        Tenant.objects.filter(pk=acme.pk).update(zone="Asia/Kolkata")
        Recipient.objects.filter(tenant=acme, pk=bob.pk).update(zone="Mars/Olympus")

        found = explain(start(acme, bob), Recipient.objects.get(tenant=acme, pk=bob.pk))

        (waits,) = [one for one in found.sentences if one.code == "waits"]
        assert waits.until
        assert f"{waits.until.astimezone(ZoneInfo('Asia/Kolkata')):%H:%M}" in waits.text

    def test_a_skip_says_why(self, acme: Tenant, alice: Recipient, bob: Recipient, nag: None) -> None:
        Choice.objects.create(tenant=acme, recipient=alice, kind="inbox", wanted=False)
        run = start(acme, with_mail(alice), bob)
        read(bob)
        run = finish(run)

        assert "Inbox: nothing was sent. Turned off this channel." in explain(run, alice).texts
        assert "off_by_channel" in explain(run, alice).codes
        assert "E-mail: nothing was sent. Has no address for this." in explain(run, bob).texts
        assert "It was read." in explain(run, bob).texts

    def test_what_did_not_arrive_says_what_the_receiver_said(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        run = finish(start(acme, with_mail(bob)), Permanent("address", "550 5.1.1 no such user"))

        (failed,) = [one for one in explain(run, bob).sentences if one.code == "failed"]
        assert failed.text == "It could not be delivered. There is nobody at that address."
        assert failed.detail == "550 5.1.1 no such user"
        assert explain(run, bob).without_details().sentences[5].detail == ""

    def test_a_suppressed_address_is_no_wrong_one(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        run = start(acme, with_mail(bob))
        wake_everybody()
        engine.drain()
        suppress("email", [bob.email], tenant_id=acme.pk, reason="complaint", now=db_now())
        run = finish(run)

        (failed,) = [one for one in explain(run, bob).without_details().sentences if one.code == "failed"]
        assert failed.text == "It could not be delivered. Nothing is sent to that address any more."

    def test_what_is_tried_again_says_when(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        run = finish(start(acme, with_mail(bob)), Temporary("network"))

        (retry,) = [one for one in explain(run, bob).sentences if one.code == "retry"]
        assert retry.text == "A try failed; it is tried again. The receiver could not be reached."
        assert retry.until
        assert retry.until > db_now()

    def test_items_say_what_became_of_them(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        run = start(acme, bob)
        (item,) = InboxItem.objects.filter(recipient_id=bob.pk).values_list("notification__public_id", flat=True)
        inbox.archive(bob, [item])

        assert "archived" in explain(run, bob).codes

    def test_a_cancel_takes_back_and_ends_the_walk(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        run = start(acme, bob)
        retract.cancel(run.transaction_id, tenant=acme)
        engine.drain()
        run.refresh_from_db()

        found = explain(run, bob)

        assert not found.told
        assert found.codes == ["named", "posted", "withdrawn", "waited", "never_reached", "never_reached", "cancelled"]

    def test_who_left_before_their_turn_was_inactive(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        run = start(acme, with_mail(bob))
        Recipient.objects.filter(tenant=acme, pk=bob.pk).update(active=False)

        assert "E-mail: nothing was sent. Is not active any more." in explain(finish(run), bob).texts

    def test_many_small_runs_in_one_chunk_are_told_apart(
        self, acme: Tenant, alice: Recipient, bob: Recipient, nag: None
    ) -> None:
        runs = [
            run_named(trigger("nag", tenant=acme, recipients=[who], transaction_id=f"r{n}").transaction_id)
            for n, who in enumerate([alice, bob, bob])
        ]
        engine.drain()
        for run in runs:
            run.refresh_from_db()

        assert runs[0].chunk_id == runs[1].chunk_id is not None
        assert [explain(run, bob).outside for run in runs] == [True, False, False]

    def test_queries_do_not_grow_with_the_run(self, acme: Tenant, nag: None) -> None:
        def cost(people: list[Recipient]) -> int:
            run = start(acme, *people)
            with statements() as found:
                explain(run, people[-1])
            return len(found)

        first, second = crowd(acme, 5), crowd(acme, 1_500, prefix="q")

        assert cost(first) == cost(second)


class TestOutside:
    def test_who_was_not_named(self, acme: Tenant, alice: Recipient, bob: Recipient, nag: None) -> None:
        found = explain(start(acme, alice), bob)

        assert (found.outside, found.told) == (True, False)
        assert found.codes == ["outside", "not_named"]

    def test_who_does_not_follow_and_is_not_in_the_role(
        self, acme: Tenant, alice: Recipient, bob: Recipient, nag: None
    ) -> None:
        followed = topic(acme, "incidents", alice)

        found = explain(start(acme, followed, {"role": Role.ADMIN}), bob)

        assert found.texts == [
            "Was not among the recipients.",
            "Does not have the role “admin”.",
            "Does not follow the topic “incidents”.",
        ]

    def test_who_did_it_themselves(self, acme: Tenant, alice: Recipient, bob: Recipient, nag: None) -> None:
        assert explain(start(acme, alice, bob, actor=bob), bob).codes == ["outside", "actor_left_out"]

    def test_who_is_gone(self, acme: Tenant, alice: Recipient, bob: Recipient, nag: None) -> None:
        bob.active = False
        bob.save()

        assert "not_active" in explain(start(acme, {"everyone": True}), bob).codes

    def test_who_joined_afterwards(self, acme: Tenant, alice: Recipient, nag: None) -> None:
        run = start(acme, {"everyone": True})

        assert explain(run, member(acme, "late")).codes == ["outside", "fits_since"]

    def test_who_belongs_to_another_tenant(self, acme: Tenant, alice: Recipient, mallory: Recipient, nag: None) -> None:
        assert explain(start(acme, alice), mallory).codes == ["outside", "foreign"]

    def test_before_the_recipients_are_found(self, acme: Tenant, alice: Recipient, nag: None) -> None:
        at = db_now() + timedelta(days=1)
        now, later = (
            run_named(trigger("nag", tenant=acme, recipients=[alice], at=when).transaction_id) for when in (None, at)
        )

        assert explain(now, alice).codes == ["outside", "not_found_yet"]
        assert explain(later, alice).codes == ["outside", "starts_later"]

    def test_a_run_cancelled_before_it_began(self, acme: Tenant, alice: Recipient, nag: None) -> None:
        run = run_named(trigger("nag", tenant=acme, recipients=[alice]).transaction_id)
        retract.cancel(run.transaction_id, tenant=acme)
        run.refresh_from_db()

        assert explain(run, alice).codes == ["outside", "cancelled_before"]


class TestFuture:
    AT = datetime(2026, 7, 1, 20, tzinfo=UTC)

    def test_it_says_what_would_happen_and_when_in_their_time(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        bob.zone = "Europe/Lisbon"
        Choice.objects.create(tenant=acme, recipient=bob, category="", kind="email", wanted=False)

        found = explain_future("nag", with_mail(bob), at=self.AT)

        assert found.codes == ["would_send", "would_wait", "off_by_channel", "none_added", "done"]
        assert found.texts[0] == "Inbox: would be sent at July 1, 2026 21:00."
        assert found.sentences[1].until == self.AT + timedelta(days=2)
        assert found.told

    def test_a_suppressed_address_would_get_nothing(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        suppress("email", [with_mail(bob).email], tenant_id=acme.pk, now=db_now())

        found = explain_future("nag", bob, at=self.AT)

        assert found.texts[2] == "E-mail: nothing would be sent. Nothing is sent to their address any more."

    def test_nothing_is_written(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        with statements() as found:
            explain_future("nag", bob, at=self.AT)

        assert not [one for one in found if not one.startswith("SELECT")]

    def test_who_is_gone_would_be_told_nothing(self, acme: Tenant, bob: Recipient, nag: None) -> None:
        bob.active = False

        assert explain_future("nag", bob).codes == ["not_active"]

    def test_an_unknown_workflow_is_refused(self, bob: Recipient) -> None:
        with pytest.raises(UnknownWorkflow):
            explain_future("nope", bob)
