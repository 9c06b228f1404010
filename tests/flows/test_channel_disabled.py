"""A channel is turned off by what came back: the tenant's admins are told once, and what failed can be sent again."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_delivery import alarm
from channels_delivery.courier import drain
from channels_delivery.health import APART, STRIKES
from channels_delivery.models import Channel
from channels_delivery.outcome import Delivered, Outcome, Permanent, Temporary
from channels_delivery.retry import QUICK
from channels_delivery.settle import Result, settle
from channels_delivery.testing import SCRIPTED
from notifications import inbox
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import signed_in, titles
from tests.channels_delivery.moves import deliveries, let_time_come, put, states, take
from workflows import engine
from workflows.models import Run

pytestmark = [pytest.mark.django_db(transaction=True)]
GONE = Permanent("address", "HTTP 410", disable=True)
SAID = "Support was turned off"


@pytest.fixture(autouse=True)
def scripted(settings: Any) -> Any:
    given = {"BACKENDS": ["channels_delivery.testing.SCRIPTED"]}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}
    SCRIPTED.forget()
    yield
    SCRIPTED.forget()


@pytest.fixture
def channel(acme: Tenant) -> Channel:
    return Channel.objects.create(tenant=acme, kind="scripted", name="Support", secrets={})


def came_back(*channels: Channel, outcome: Outcome = GONE, after: timedelta = timedelta()) -> None:
    for one in channels:
        put(one.tenant, channel=one.pk)
    let_time_come()
    settle([Result(one, outcome, QUICK, 0.5) for one in take(100)], now=db_now() + after)
    engine.drain()


def test_admins_are_told_once_and_nobody_else(
    channel: Channel, alice: Recipient, bob: Recipient, mallory: Recipient
) -> None:
    put(channel.tenant, "a", "b", channel=channel.pk)

    came_back(channel)

    assert titles(alice) == [SAID]
    assert titles(bob) == titles(mallory) == []
    entry = inbox.list_items(alice).entries[0]
    assert "refuses our key" in entry.content.body
    assert "resume it" in entry.content.body
    assert entry.content.url == f"/admin/notifyhub_channels_delivery/channel/{channel.pk}/change/"


def test_days_of_failures_are_told_in_other_words(channel: Channel, alice: Recipient) -> None:
    for strike in range(STRIKES):
        assert titles(alice) == []
        came_back(channel, outcome=Temporary("timeout"), after=strike * (APART + timedelta(hours=2)))

    assert "For five days" in inbox.list_items(alice).entries[0].content.body


def test_turned_off_again_it_is_told_again(channel: Channel, alice: Recipient) -> None:
    came_back(channel)
    signed_in(alice).post(f"/api/v1/channels/{channel.public_id}/resume/", {}, format="json")
    came_back(channel)

    assert len(Run.objects.filter(tenant=channel.tenant)) == 2


def test_what_was_paused_by_hand_is_not_told(channel: Channel, alice: Recipient) -> None:
    put(channel.tenant, channel=channel.pk)
    let_time_come()
    parcels = take(1)
    Channel.objects.filter(tenant=channel.tenant, pk=channel.pk).update(paused_at=db_now())

    settle([Result(one, GONE, QUICK, 0.5) for one in parcels], now=db_now())
    engine.drain()

    assert titles(alice) == []


def test_results_are_settled_even_if_nobody_can_be_told(channel: Channel) -> None:
    before = list(alarm._installed)

    def raises(_channels: Any) -> None:
        raise RuntimeError

    alarm.install(raises)
    try:
        came_back(channel)
    finally:
        alarm._installed[:] = before

    channel.refresh_from_db()
    assert channel.paused_because == "gone"
    assert states() == {"failed": 1}


def test_many_channels_of_a_tenant_are_told_of_in_as_many_statements_as_two(acme: Tenant, alice: Recipient) -> None:
    def statements(names: range) -> int:
        made = [Channel.objects.create(tenant=acme, kind="scripted", name=f"c{one}", secrets={}) for one in names]
        for one in made:
            put(acme, channel=one.pk)
        let_time_come()
        results = [Result(one, GONE, QUICK, 0.5) for one in take(100)]
        with CaptureQueriesContext(
            connection,
        ) as seen:
            settle(results, now=db_now())
        return len(seen)

    statements(range(1))
    few = statements(range(10, 12))
    assert statements(range(20, 32)) == few


def test_of_ten_three_fail_and_resuming_sends_exactly_those(channel: Channel, alice: Recipient, acme: Tenant) -> None:
    people = [f"p{one}" for one in range(10)]
    failing = {"p7", "p8", "p9"}
    for one in failing:
        SCRIPTED.says[one] = [GONE]
    put(acme, *people, channel=channel.pk)
    drain()
    assert states() == {"delivered": 7, "failed": 3}
    SCRIPTED.sent.clear()

    told = signed_in(alice).post(f"/api/v1/channels/{channel.public_id}/resume/", {"replay": True}, format="json")
    drain()

    assert (told.data["replayed"], told.data["replayable"]) == (3, 0)
    assert {one.address for one in SCRIPTED.sent} == failing
    assert len(SCRIPTED.sent) == 3


def test_without_being_asked_for_nothing_is_sent_once_more_but_counted(channel: Channel, alice: Recipient) -> None:
    came_back(channel)
    SCRIPTED.says = {"a": [Delivered()]}

    told = signed_in(alice).post(f"/api/v1/channels/{channel.public_id}/resume/", format="json")

    assert (told.data["replayed"], told.data["replayable"]) == (0, 1)
    assert deliveries().count() == 1


def test_what_failed_before_it_was_turned_off_counts_too(channel: Channel, alice: Recipient) -> None:
    start = -STRIKES * (APART + timedelta(hours=2))
    for strike in range(STRIKES):
        came_back(channel, outcome=Permanent("auth"), after=start + strike * (APART + timedelta(hours=2)))
    channel.refresh_from_db()
    assert channel.paused_because == "failing"

    told = signed_in(alice).post(f"/api/v1/channels/{channel.public_id}/resume/", {"replay": True}, format="json")

    assert (told.data["replayed"], told.data["replayable"]) == (STRIKES, 0)
