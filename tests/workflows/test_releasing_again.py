"""What is asked once more when a hold ends, beside what people want: whether they muted the object, and may still see
it. And the links of what leaves then."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from channels_delivery.models import Delivery
from channels_delivery.outcome import Delivered
from channels_delivery.simulated import send_due
from notifications import visibility
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from notifications.targets import Target, mute
from preferences.models import Hold, TenantChoice, TenantHabits
from preferences.unsubscribe.scope import Scope
from preferences.unsubscribe.tokens import scope_of
from tests.cast import Publish, crowd, statements, workflow
from workflows import engine, releasing
from workflows.define import send_email
from workflows.trigger import trigger

from .test_releasing import ALWAYS, ends, mailed, release, wake

pytestmark = pytest.mark.django_db
DOC, OTHER = {"type": "document", "id": "17"}, {"type": "document", "id": "18"}


@pytest.fixture
def ana(acme: Tenant, publish: Publish) -> Recipient:
    """She sleeps, until she is woken."""
    publish(workflow("t.mail", send_email(title="Mail {{ payload.n }}"), category="billing"))
    publish(workflow("t.news", send_email(title="News {{ payload.n }}"), category="news"))
    TenantHabits.objects.create(tenant=acme, quiet_hours=ALWAYS)
    return crowd(acme, 1, prefix="ana", email="ana@example.com")[0]


def tell(*people: Recipient, key: str = "t.mail", target: Any = DOC, n: int = 1) -> None:
    trigger(key, tenant=people[0].tenant, recipients=people, target=target, payload={"n": n})
    engine.drain()


def morning(tenant: Tenant) -> None:
    wake(tenant)
    release(tenant)


def but_not(*hidden: Any) -> visibility.CanSee:
    """Everything may be seen but these."""
    names = {str(Target.of(one)) for one in hidden}
    return lambda pairs: [pair for pair in pairs if str(pair[1]) not in names]


def broken(pairs: Sequence[tuple[Recipient, Target]]) -> list[Any]:
    raise RuntimeError("down")


class TestObjects:
    def test_what_was_muted_meanwhile_is_not_told(self, acme: Tenant, ana: Recipient) -> None:
        tell(ana)
        tell(ana, target=OTHER, n=2)
        mute([ana], DOC)

        morning(acme)

        assert mailed(acme) == {ana.pk: ["Mail 2"]}
        assert ends(acme) == ["muted", "sent"]

    def test_what_may_not_be_seen_any_more_is_not_told(self, acme: Tenant, ana: Recipient) -> None:
        tell(ana)
        tell(ana, target=OTHER, n=2)

        with visibility.answered_by(but_not(DOC)):
            morning(acme)

        assert mailed(acme) == {ana.pk: ["Mail 2"]}
        assert ends(acme) == ["not_visible", "sent"]

    def test_where_nobody_can_say_it_waits_and_is_asked_again(self, acme: Tenant, ana: Recipient) -> None:
        tell(ana)

        with visibility.answered_by(broken):
            morning(acme)

        assert mailed(acme) == {}
        assert Hold.objects.get(tenant=acme).reason == "visibility_unknown"

        morning(acme)

        assert mailed(acme) == {ana.pk: ["Mail 1"]}

    def test_a_summary_carries_the_objects_of_all_its_messages(self, acme: Tenant, ana: Recipient) -> None:
        tell(ana)
        tell(ana, target=OTHER, n=2)

        morning(acme)

        (sent,) = Delivery.objects.filter(tenant=acme).select_related("message")
        assert sent.message.about.splitlines() == [str(Target.of(DOC)), str(Target.of(OTHER))]

    def test_a_summary_that_waited_leaves_without_what_may_not_be_seen_any_more(
        self, acme: Tenant, ana: Recipient
    ) -> None:
        tell(ana)
        tell(ana, target=OTHER, n=2)
        morning(acme)

        later = db_now() + timedelta(minutes=10)
        with visibility.answered_by(but_not(OTHER)):
            send_due(tenant_id=acme.pk, now=later, sender=lambda _: Delivered())
            releasing.release_all(tenant=acme.pk, clock=lambda: later)

        assert (mailed(acme), ends(acme)) == ({ana.pk: ["Mail 1"]}, ["sent", "not_visible"])
        (summary,) = Delivery.objects.filter(tenant=acme).exclude(state="pending")
        assert (summary.state, summary.code) == ("cancelled", "not_visible")

    def test_asking_costs_the_same_for_one_and_for_twenty(self, acme: Tenant, ana: Recipient) -> None:
        def cost(people: Sequence[Recipient]) -> int:
            TenantHabits.objects.update_or_create(tenant=acme, defaults={"quiet_hours": ALWAYS})
            tell(*people)
            wake(acme)
            with statements() as asked, visibility.answered_by(but_not()):
                release(acme)
            return len(asked)

        cost([ana])  # loads the definition of what is sent, once a process

        assert cost([ana]) == cost(crowd(acme, 20, email="x@example.com"))


@pytest.fixture
def public(settings: Settings) -> None:
    given = settings.NOTIFYHUB["CHANNELS_DELIVERY"]
    settings.NOTIFYHUB = settings.NOTIFYHUB | {"CHANNELS_DELIVERY": given | {"SITE_URL": "https://hub.example.com"}}


@pytest.mark.usefixtures("public")
class TestLinks:
    def left(self, tenant: Tenant) -> dict[str, Any]:
        (sent,) = Delivery.objects.filter(tenant=tenant)
        slots: dict[str, Any] = sent.slots
        return slots

    def scope(self, slots: dict[str, Any]) -> Scope | None:
        return scope_of(slots["unsubscribe"].removeprefix("https://hub.example.com/unsubscribe/").rstrip("/"))

    def test_what_was_held_can_be_unsubscribed_from(self, acme: Tenant, ana: Recipient) -> None:
        tell(ana)

        morning(acme)

        assert self.scope(self.left(acme)) == Scope(acme.pk, ana.pk, "email", category="billing")

    def test_so_can_a_summary_of_one_category(self, acme: Tenant, ana: Recipient) -> None:
        tell(ana, n=1)
        tell(ana, n=2)

        morning(acme)

        assert self.scope(self.left(acme)) == Scope(acme.pk, ana.pk, "email", category="billing")

    def test_one_of_several_leads_to_the_settings(self, acme: Tenant, ana: Recipient) -> None:
        tell(ana)
        tell(ana, key="t.news")

        morning(acme)

        assert self.left(acme) == {"preferences": "https://hub.example.com/preferences/"}

    @pytest.mark.parametrize("times", [1, 2])
    def test_what_the_organisation_insists_on_offers_settings_only(
        self, acme: Tenant, ana: Recipient, times: int
    ) -> None:
        TenantChoice.objects.create(tenant=acme, category="billing", wanted=True, locked=True)
        for n in range(times):
            tell(ana, n=n)

        morning(acme)

        assert self.left(acme).keys() == {"preferences"}
