"""The links of each receiver: on what may be unsubscribed, and nowhere else."""

import pytest
from pytest_django import Settings

from channels_delivery.models import Delivery, Message
from notifications.models import Recipient, Tenant
from preferences.models import TenantChoice
from preferences.unsubscribe.scope import Scope
from preferences.unsubscribe.tokens import scope_of
from tests.cast import Publish, statements, workflow
from workflows import engine
from workflows.define import send
from workflows.models import Run

from .moves import channel, reachable, start, walked

pytestmark = pytest.mark.django_db

MAIL = send("email", title="Invoice", body="Attached.")


@pytest.fixture(autouse=True)
def _public(settings: Settings) -> None:
    given = settings.NOTIFYHUB["CHANNELS_DELIVERY"]
    settings.NOTIFYHUB = settings.NOTIFYHUB | {"CHANNELS_DELIVERY": given | {"SITE_URL": "https://hub.example.com"}}


def slots_of(run: Run) -> dict[int, dict[str, str]]:
    rows = Delivery.objects.filter(tenant=run.tenant_id, origin=run.public_id)
    return {one.recipient_id or 0: one.slots for one in rows}


def test_each_gets_a_link_of_their_own_and_the_words_stay_one(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", MAIL, category="billing"))
    people = reachable(acme, 3)

    run = walked(start(acme, *people))

    assert Message.objects.filter(tenant=acme).count() == 1
    for one in people:
        slots = slots_of(run)[one.pk]
        token = slots["unsubscribe"].removeprefix("https://hub.example.com/unsubscribe/").rstrip("/")
        assert scope_of(token) == Scope(acme.pk, one.pk, "email", category="billing")
        assert slots["preferences"] == "https://hub.example.com/preferences/"


@pytest.mark.parametrize("why", ["critical", "locked"])
def test_what_comes_in_any_case_offers_settings_only(acme: Tenant, publish: Publish, why: str) -> None:
    publish(workflow("t", MAIL, category="billing", critical=why == "critical"))
    if why == "locked":
        TenantChoice.objects.create(tenant=acme, category="billing", wanted=True, locked=True)
    (person,) = reachable(acme, 1)

    run = walked(start(acme, person))

    assert slots_of(run)[person.pk].keys() == {"preferences"}


def test_a_team_has_nothing_to_unsubscribe_from(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", MAIL))
    channel(acme, "team@acme.example", kind="email")
    (person,) = reachable(acme, 1)

    run = walked(start(acme, person))

    assert slots_of(run)[0] == {}


@pytest.mark.usefixtures("scripted")
def test_a_channel_without_a_place_for_links_gets_none(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send("scripted", title="x")))
    (person,) = reachable(acme, 1)

    assert slots_of(walked(start(acme, person))) == {person.pk: {}}


def test_a_site_without_an_address_of_its_own_sends_no_links(
    acme: Tenant, publish: Publish, settings: Settings
) -> None:
    given = settings.NOTIFYHUB["CHANNELS_DELIVERY"]
    settings.NOTIFYHUB = settings.NOTIFYHUB | {"CHANNELS_DELIVERY": given | {"SITE_URL": ""}}
    publish(workflow("t", MAIL))
    (person,) = reachable(acme, 1)

    assert slots_of(walked(start(acme, person))) == {person.pk: {}}


def test_links_cost_no_statement_whoever_they_are_for(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", MAIL, category="billing"))
    counts = []
    for size in (1, 2, 40):  # the first makes the lane
        people = reachable(acme, size, prefix=f"p{size}-")
        start(acme, *people)
        with statements() as found:
            engine.drain()
        counts.append(len(found))

    assert counts[1] == counts[2]


def test_the_links_are_of_this_person_and_tenant(acme: Tenant, globex: Tenant, publish: Publish) -> None:
    publish(workflow("t", MAIL))
    for tenant in (acme, globex):
        (person,) = reachable(tenant, 1)
        token = slots_of(walked(start(tenant, person)))[person.pk]["unsubscribe"].split("/")[-2]

        assert scope_of(token) == Scope(tenant.pk, person.pk, "email", workflow="t")
        assert Recipient.objects.filter(tenant=tenant, pk=person.pk).exists()
