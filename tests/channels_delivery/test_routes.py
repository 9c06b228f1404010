"""Ways out: which channel a message leaves by, and whose it is."""

import subprocess
import sys
from typing import Any

import pytest

from channels_delivery import outbox, routes, tally
from channels_delivery.composing import Words, compose, template_fields
from channels_delivery.models import Channel, Delivery
from notifications.content import Content
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import statements

from .moves import deliveries, fresh_id, letter, put, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]


def channel(tenant: Tenant, name: str, **given: Any) -> Channel:
    given = {"kind": "scripted", "settings": {"to": [name]}, "workflows": ["t"]} | given
    return Channel.objects.create(tenant=tenant, name=name, **given)


def test_teams_are_the_channels_of_the_kind_that_are_told_and_lead_somewhere(acme: Tenant, globex: Tenant) -> None:
    first, second = channel(acme, "#a"), channel(acme, "#b", workflows=["u", "t"], paused_at=db_now())
    channel(acme, "#c", workflows=[])
    channel(acme, "#d", kind="webhook")
    channel(acme, "nowhere", settings={"host": "smtp.example.com"})
    channel(globex, "#a")

    with statements() as found:
        told = routes.to_teams("scripted", tenant_id=acme.pk, workflow="t")

    assert [(one.channel, one.addresses, one.paused) for one in told] == [
        (first.pk, ("#a",), False),
        (second.pk, ("#b",), True),
    ]
    assert len(found) == 1


def test_each_channel_has_a_lane_of_its_own_and_the_site_another(acme: Tenant) -> None:
    mine = channel(acme, "#a", settings={"to": ["#a"], "host": "smtp.example.com"})

    ways = [one.way for one in routes.to_teams("scripted", tenant_id=acme.pk, workflow="t", urgent=True)]
    ways.append(routes.to_people("scripted", tenant_id=acme.pk).way)
    Channel.objects.filter(tenant=acme).update(paused_at=db_now())
    ways.append(routes.to_people("scripted", tenant_id=acme.pk).way)

    key = f"scripted:{mine.pk}"
    assert [(way.key, way.urgency) for way in ways] == [(key, 0), (key, 1), ("scripted:site", 1)]


def test_a_kind_that_nobody_sends_is_refused(acme: Tenant) -> None:
    for ask in (
        lambda: routes.to_people("fax", tenant_id=acme.pk),
        lambda: routes.to_teams("fax", tenant_id=acme.pk, workflow="t"),
        lambda: compose("fax", Words(Content("Hello"), db_now())),
    ):
        with pytest.raises(LookupError, match="fax"):
            ask()
    assert template_fields("fax") == {}


@pytest.mark.parametrize("theirs", [True, False])
def test_a_letter_by_a_channel_of_another_tenant_is_refused_and_nothing_written(
    acme: Tenant, globex: Tenant, theirs: bool
) -> None:
    other = channel(globex, "#theirs").pk if theirs else 999_999
    mine = channel(acme, "#ours").pk

    with pytest.raises(LookupError, match=str(other)):
        outbox.enqueue_many([letter(acme, channel=mine), letter(acme, channel=other)], now=db_now())

    assert states() == {}


def test_what_became_of_an_origins_messages_is_counted_and_told_by_person(acme: Tenant, globex: Tenant) -> None:
    origin = fresh_id()
    put(acme, "a", "b", origin=origin)
    put(acme, "c", origin=fresh_id())
    Delivery.objects.filter(tenant=acme, address="a").update(recipient_id=7, state="delivered")
    Delivery.objects.filter(tenant=acme, address="b").update(state="sending")

    assert tally.by_state(origin, tenant_id=acme.pk) == {("scripted", "delivered"): 1, ("scripted", "sending"): 1}
    assert tally.by_state(origin, tenant_id=globex.pk) == {}
    assert tally.left(origin, tenant_id=acme.pk) == 2
    assert tally.of_people(origin, [7, 8], tenant_id=acme.pk) == {7: [tally.Sent("scripted", "delivered")]}


def test_what_was_sent_once_more_counts_as_that(acme: Tenant) -> None:
    origin = fresh_id()
    (one,) = put(acme, "a", origin=origin)
    Delivery.objects.filter(tenant=acme, pk=one.pk).update(state="dead")

    outbox.replay(list(deliveries()), now=db_now())

    assert tally.by_state(origin, tenant_id=acme.pk) == {("scripted", "pending"): 1}


@pytest.mark.once
def test_a_site_without_the_http_extra_has_every_kind_and_sends_the_others() -> None:
    script = (
        "import sys; sys.modules['aiohttp'] = sys.modules['requests'] = None\n"
        "import django; django.setup()\n"
        "from notifications.kinds import kinds; print(sorted(kinds()))"
    )
    env = {"DJANGO_SETTINGS_MODULE": "notifyhub.settings.test", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", script], env=env, text=True, capture_output=True, check=False)

    assert "webhook" in done.stdout, done.stderr
