"""The stage is like the tenant and the people that it copies: what decides for real decides here."""

import pytest

from notifications.models import Recipient, Tenant
from tests.cast import Publish, titles, workflow
from workflows import engine
from workflows.define import send_inbox
from workflows.simulate import Event, Fire, Persona, simulate
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
IS_ACME = {"==": [{"var": "tenant.slug"}, "acme"]}


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
