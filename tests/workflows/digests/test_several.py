"""Several digests: one behind the other, at once for one person, for people and teams."""

import pytest

from channels_delivery.models import Message
from notifications.models import Recipient, Tenant
from tests.cast import Publish, titles, wake_everybody, workflow
from workflows import engine
from workflows.define import delay, digest, send

from ..sending.moves import channel, reachable, to_people, to_teams, words
from .moves import COUNT, carriers, start, their_time_comes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]


@pytest.fixture
def chained(publish: Publish) -> None:
    publish(workflow("t.chained", digest(minutes=5), digest(hours=1), COUNT))


def test_a_digest_of_digests_carries_the_events_on(acme: Tenant, bob: Recipient, chained: None) -> None:
    for n in range(4):
        start("t.chained", acme, bob, n=n)
        if n % 2:
            their_time_comes(step="0")
    assert titles(bob) == []
    their_time_comes(step="1")

    assert titles(bob) == ["4: 0 1 2 3"]


def test_one_person_with_several_digests_at_once_gets_each(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    """Also outside, where one run reaches an address once."""
    publish(workflow("t.keyed", digest(hours=1, key="n"), COUNT, send("scripted", title="{{ payload.n }}")))
    Recipient.objects.filter(pk=bob.pk, tenant=acme).update(email="bob@acme.example")
    for n in range(3):
        start("t.keyed", acme, bob, n=n)

    their_time_comes()

    assert sorted(titles(bob)) == ["1: 0", "1: 1", "1: 2"]
    assert sorted((run.people, *words(run)) for run in carriers()) == [(1, str(n)) for n in range(3)]


def test_a_team_is_told_of_a_digest_once(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", digest(hours=1), send("scripted", title="{{ digest.count }}")))
    channel(acme, "#ops")
    people = reachable(acme, 3)
    for n in range(2):
        start("t", acme, *people, n=n)

    their_time_comes()

    (carrier,) = carriers()
    assert to_teams(carrier) == ["#ops"]
    assert to_people(carrier) == {one.pk: one.email for one in people}
    assert words(carrier) == {"2": 4}
    assert carrier.people == 3


def test_a_webhook_gets_the_events_as_data(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", digest(hours=1), send("webhook", title="x")))
    channel(acme, kind="webhook", settings={"url": "https://acme.example/hook"})
    for n in range(2):
        start("t", acme, n=n)

    their_time_comes()

    told = Message.objects.get(tenant=acme).parts["body"]["data"]["payload"]["digest"]
    assert told["count"] == 2
    assert [one["payload"] for one in told["items"]] == [{"n": 0}, {"n": 1}]


def test_a_digest_may_wait_and_be_read_before_it_is_told_again(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.waits", digest(hours=1), delay(hours=1), COUNT))
    start("t.waits", acme, bob, n=1)
    their_time_comes()
    assert titles(bob) == []

    wake_everybody()
    engine.drain()

    assert titles(bob) == ["1: 1"]
    assert carriers()[0].status == "sent"
