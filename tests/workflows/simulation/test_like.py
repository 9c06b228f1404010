"""The stage is like the tenant and the people that it copies: what decides for real decides here."""

import pytest

from channels_delivery.endpoints import pretend
from channels_delivery.suppression import suppress
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, titles, workflow
from workflows import engine
from workflows.define import send_email, send_inbox
from workflows.simulate import Event, Fire, Persona, simulate
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
MAIL = workflow("mail", send_email(title="Mail"))
IS_ACME = {"==": [{"var": "tenant.slug"}, "acme"]}


class TestSuppressed:
    def test_an_address_of_somebody_who_is_copied_is_here_too(self, acme: Tenant, alice: Recipient) -> None:
        alice.email = "alice@acme.example"
        alice.save()
        suppress("email", [alice.email], tenant_id=acme.pk, now=db_now())

        timeline = simulate(MAIL, people=[alice, "ana"], tenant=acme)

        assert timeline.only("sent", "skipped").lines() == [
            "0s alice skipped email suppressed",
            '0s ana sent email "Mail"',
        ]

    def test_so_is_a_place_of_their_own(self, acme: Tenant, alice: Recipient) -> None:
        (place,) = pretend([(alice.pk, "email", "")], tenant_id=acme.pk, now=db_now())
        suppress("email", [place.address], tenant_id=acme.pk, now=db_now())

        assert simulate(MAIL, people=[alice], tenant=acme).reasons() == ["suppressed"]


class TestSlug:
    def test_texts_and_conditions_see_that_of_the_tenant(
        self, acme: Tenant, alice: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", send_inbox(title="For {{ tenant.slug }}", when=IS_ACME)))
        trigger("t", tenant=acme, recipients=[alice])
        engine.drain()

        assert simulate("t", people=[alice], tenant=acme).titles() == titles(alice) == ["For acme"]

    def test_conditions_of_subscriptions_do(self, acme: Tenant) -> None:
        follows = Persona("ana", topics=["news"], conditions={"news": IS_ACME})
        fire = Event(Fire(recipients=[{"topic": "news"}]))

        assert simulate(workflow("t", send_inbox(title="x")), people=[follows], events=[fire], tenant=acme).titles()

    def test_a_stage_like_nobodys_has_a_plain_one(self, db: None) -> None:
        assert simulate(workflow("t", send_inbox(title="{{ tenant.slug }}"))).titles() == ["simulation"]
