"""Deliveries over HTTP: found, read with every try, sent once more, taken back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from channels_delivery import outbox
from channels_delivery.courier import drain
from channels_delivery.models import Attempt, Channel, Delivery, Message
from channels_delivery.outbox import Address, Letter, Way
from channels_delivery.outcome import Permanent, Temporary
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Scope, Tenant
from tests.cast import api_key, statements, with_key
from tests.channels_delivery.moves import deliveries, fresh_id, let_time_come, put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]
URL = "/api/v1/deliveries/"


@pytest.fixture
def channel(acme: Tenant) -> Channel:
    return Channel.objects.create(tenant=acme, kind="scripted", name="Post", secrets={"password": "canary"})


def send(
    channel: Channel, *addresses: str, state: str = "pending", workflow: str = "test.note", **given: Any
) -> list[Delivery]:
    """Deliveries of this channel, put into a state."""
    recipient, ended = given.pop("recipient", None), given.pop("ended", None)
    to = [Address(one, recipient=recipient) for one in addresses or ("a",)]
    letter = Letter(
        channel.tenant_id, channel.kind, workflow, {"title": "Words"}, to, Way("out"), channel=channel.pk, **given
    )
    before = set(deliveries().values_list("pk", flat=True))
    outbox.enqueue_many([letter], now=db_now())
    made = deliveries().exclude(pk__in=before)
    if state != "pending":
        ended = None if state == "sending" else ended or db_now()
        made.update(state=state, finished_at=ended)
    return list(deliveries().exclude(pk__in=before))


def of(delivery: Delivery, verb: str = "") -> str:
    return f"{URL}{delivery.public_id}/{verb and verb + '/'}"


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["results"]]


def refusal(answer: Any) -> str:
    assert answer.status_code == 409, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    return str(answer.json()["code"])


# -- finding -------------------------------------------------------------------------------------------------------


def test_a_list_is_newest_first_and_names_who_and_what(as_alice: APIClient, channel: Channel, bob: Recipient) -> None:
    run = fresh_id()
    [first] = send(channel, "bob@acme.example", recipient=bob.pk, origin=run, workflow="order.shipped")
    [second] = send(channel)

    listed = as_alice.get(URL).json()["results"]

    assert [one["id"] for one in listed] == [str(second.public_id), str(first.public_id)]
    shown = listed[1]
    assert shown["channel"] == {"id": str(channel.public_id), "name": "Post"}
    assert shown["recipient"] == {"id": str(bob.public_id), "name": "Bob", "user": "bob"}
    assert (shown["workflow"], shown["run"], shown["status"]) == ("order.shipped", str(run), "pending")
    assert (shown["kind"], shown["address"], shown["attempts"]) == ("scripted", "bob@acme.example", 0)


def test_filters_choose_and_combine(as_alice: APIClient, channel: Channel, acme: Tenant, bob: Recipient) -> None:
    run, other = fresh_id(), Channel.objects.create(tenant=acme, kind="scripted", name="Other")
    [one] = send(channel, "x", state="dead", recipient=bob.pk, origin=run, workflow="order.shipped")
    [two] = send(other, "y", state="delivered")

    expected: list[tuple[dict[str, Any], list[Delivery]]] = [
        ({"status": "dead"}, [one]),
        ({"channel": channel.public_id}, [one]),
        ({"recipient": "bob"}, [one]),
        ({"run": run}, [one]),
        ({"workflow": "order.shipped"}, [one]),
        ({"kind": "scripted"}, [two, one]),
        ({"kind": "webhook"}, []),
        ({"status": "dead", "channel": other.public_id}, []),
        ({"channel": fresh_id()}, []),
        ({"recipient": "nobody"}, []),
        ({"run": fresh_id()}, []),
    ]
    for filters, found in expected:
        assert ids(as_alice.get(URL, filters)) == [str(delivery.public_id) for delivery in found], filters


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"state": "dead"}, "state"), ({"status": "lost"}, "status"), ({"channel": "x"}, "channel"),
        ({"run": "order-17"}, "run"), ({"limit": 101}, "limit"), ({"cursor": "canary"}, "cursor"),
    ],
)  # fmt: skip
def test_a_filter_that_is_none_is_refused(as_alice: APIClient, filters: dict[str, Any], field: str) -> None:
    answer = as_alice.get(URL, filters)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_pages_follow_each_other(as_alice: APIClient, channel: Channel) -> None:
    made = send(channel, *"abcde")

    first = as_alice.get(URL, {"limit": 3, "status": "pending"})
    second = as_alice.get(first.json()["next"])

    assert [*ids(first), *ids(second)] == [str(one.public_id) for one in reversed(made)]


def test_a_list_costs_the_same_for_one_and_for_fifty(as_alice: APIClient, channel: Channel, bob: Recipient) -> None:
    counts = []
    for size in (1, 49):
        send(channel, *(f"{size}.{n}" for n in range(size)), recipient=bob.pk)
        with statements() as found:
            as_alice.get(URL, {"limit": 100})
        counts.append(len(found))

    assert counts == [4, 4]  # session, user, person, deliveries


def test_addresses_are_for_who_may_change_the_tenant_and_urls_are_cut_in_lists(
    as_alice: APIClient, acme: Tenant, channel: Channel
) -> None:
    url = "https://hooks.slack.example:8443/services/T0AAAAAA/B0BBBBBB/XYZXYZXYZXYZXYZXYZ?token=canary"
    [one] = send(channel, url)
    reader = with_key(api_key(acme, Scope.READ))

    def shown(client: APIClient) -> list[Any]:
        return [client.get(URL).json()["results"][0]["address"], client.get(of(one)).json()["address"]]

    assert shown(as_alice) == ["https://hooks.slack.example:8443/services/T0AAAAAA/B0BBBBBB/XYZX…", url]
    assert shown(reader) == [None, None]


# -- reading -------------------------------------------------------------------------------------------------------


def test_one_delivery_tells_of_every_try(as_alice: APIClient, channel: Channel, scripted: Scripted) -> None:
    scripted.says["a"] = [Temporary("timeout", "No answer."), Permanent("address", "550 no such box")]
    [one] = send(channel)
    for _ in range(2):
        let_time_come()
        drain()
    Attempt.objects.filter(no=1).update(finished_at=Attempt.objects.get(no=1).started_at + timedelta(seconds=1.25))

    shown = as_alice.get(of(one)).json()

    assert (shown["status"], shown["code"], shown["attempts"]) == ("failed", "address", 2)
    tries = [(one["no"], one["result"], one["code"], one["detail"]) for one in shown["tries"]]
    assert tries == [(1, "retry", "timeout", "No answer."), (2, "failed", "address", "550 no such box")]
    assert shown["tries"][0]["duration_ms"] == 1250
    assert shown["message"] == {"parts": {"title": "Words"}, "attachments": []}
    assert "canary" not in str(shown)


def test_who_may_only_read_sees_neither_words_nor_what_a_receiver_said(
    acme: Tenant, channel: Channel, scripted: Scripted
) -> None:
    scripted.says["a"] = [Permanent("address", "550 bob@acme.example")]
    [one] = send(channel)
    let_time_come()
    drain()

    shown = with_key(api_key(acme, Scope.READ)).get(of(one)).json()

    assert (shown["message"], shown["tries"][0]["detail"], shown["tries"][0]["code"]) == (None, None, "address")


def test_a_delivery_outlives_its_channel(as_alice: APIClient, channel: Channel) -> None:
    [one] = send(channel, state="dead")
    Channel.objects.filter(tenant=channel.tenant).delete()

    assert as_alice.get(of(one)).json()["channel"] is None
    assert as_alice.get(URL).json()["results"][0]["channel"] is None


# -- once more -----------------------------------------------------------------------------------------------------


def test_a_replay_is_a_new_delivery_that_points_at_the_old_one(as_alice: APIClient, channel: Channel) -> None:
    [old] = send(channel, state="dead")

    answer = as_alice.post(of(old, "replay"))

    fresh = answer.json()
    assert (answer.status_code, fresh["status"], fresh["replay_of"]) == (201, "pending", str(old.public_id))
    assert fresh["stable_id"] == str(old.stable_id)
    assert fresh["id"] != str(old.public_id)
    assert as_alice.get(of(old)).json()["replayed_by"] == [fresh["id"]]
    assert as_alice.get(of(old)).json()["status"] == "dead"


@pytest.mark.parametrize(
    ("state", "code"),
    [("pending", "not_ended"), ("sending", "not_ended"), ("delivered", "was_delivered"), ("accepted", "was_delivered")],
)
def test_what_has_not_ended_badly_is_not_sent_again(
    as_alice: APIClient, channel: Channel, state: str, code: str
) -> None:
    [one] = send(channel, state=state)

    assert refusal(as_alice.post(of(one, "replay"))) == code
    assert deliveries().count() == 1


def test_a_replay_says_what_stands_against_it(as_alice: APIClient, channel: Channel) -> None:
    one, two = send(channel, "a", "b", state="failed")
    as_alice.post(of(one, "replay"))

    assert refusal(as_alice.post(of(one, "replay"))) == "replayed_before"
    Channel.objects.filter(tenant=channel.tenant).update(paused_at=db_now())
    assert refusal(as_alice.post(of(two, "replay"))) == "channel_paused"
    Channel.objects.filter(tenant=channel.tenant).delete()
    assert refusal(as_alice.post(of(two, "replay"))) == "channel_gone"
    deliveries().update(kind="pigeon")
    assert refusal(as_alice.post(of(two, "replay"))) == "unknown_kind"
    Message.objects.across_tenants().update(emptied_at=db_now(), parts={})
    assert refusal(as_alice.post(of(two, "replay"))) == "words_gone"
    assert replayed(as_alice, status=["failed"]) == 0


def replayed(client: APIClient, **filters: Any) -> int:
    answer = client.post(f"{URL}replay/", filters)
    assert answer.status_code == 200, answer.content
    return int(answer.json()["replayed"])


def test_many_are_replayed_by_what_they_have_in_common(as_alice: APIClient, channel: Channel, acme: Tenant) -> None:
    other = Channel.objects.create(tenant=acme, kind="scripted", name="Other")
    send(channel, *"abc", state="dead")
    send(channel, "d", state="expired", workflow="order.shipped")
    send(other, *"ef", state="dead")
    send(channel, "g", state="delivered")

    assert replayed(as_alice, status=["dead"], channel=channel.public_id, limit=2) == 2
    assert replayed(as_alice, status=["dead"], channel=channel.public_id, limit=2) == 1
    assert replayed(as_alice, status=["dead"], channel=channel.public_id) == 0
    assert replayed(as_alice, status=["dead", "expired"], workflow="order.shipped") == 1
    assert replayed(as_alice, status=["dead", "expired"], kind="webhook") == 0
    assert replayed(as_alice, status=["dead"], channel=fresh_id()) == 0
    assert list(deliveries().filter(replay_of__isnull=False).values_list("address", flat=True)) == [*"abcd"]


def test_a_time_range_is_when_they_ended(as_alice: APIClient, channel: Channel) -> None:
    now = db_now()
    for hours in range(4):
        send(channel, f"{hours}", state="dead", ended=now - timedelta(hours=hours))
    between = {"from": now - timedelta(hours=2), "to": now - timedelta(minutes=30)}

    assert replayed(as_alice, status=["dead"], **between) == 2
    assert list(deliveries().filter(replay_of__isnull=False).values_list("address", flat=True)) == ["1", "2"]


def test_what_a_paused_or_removed_channel_would_lose_again_is_left_out(
    as_alice: APIClient, channel: Channel, acme: Tenant
) -> None:
    gone = Channel.objects.create(tenant=acme, kind="scripted", name="Gone")
    for one in (channel, gone):
        send(one, state="dead")
    gone.delete()
    Channel.objects.filter(tenant=acme).update(paused_at=db_now())
    put(acme, "site", channel=None)
    deliveries().filter(address="site").update(state="dead", finished_at=db_now())

    assert replayed(as_alice, status=["dead"]) == 1


@pytest.mark.postgres  # SQLite takes rows by the hundred
def test_replaying_many_costs_as_many_statements_as_replaying_few(as_alice: APIClient, channel: Channel) -> None:
    counts = []
    for size in (1, 300):
        send(channel, *(f"{size}.{n}" for n in range(size)), state="dead")
        with statements() as found:
            assert replayed(as_alice, status=["dead"]) == size
        counts.append(len(found))

    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"), ({"status": []}, "status"), ({"status": ["delivered"]}, "status[0]"),
        ({"status": ["dead"], "limit": 1001}, "limit"), ({"status": ["dead"], "since": "x"}, "since"),
        ({"status": ["dead"], "from": "soon"}, "from"), ({"status": ["dead"], "channel": "x"}, "channel"),
    ],
)  # fmt: skip
def test_a_replay_of_many_says_what_is_wrong(as_alice: APIClient, body: dict[str, Any], field: str) -> None:
    answer = as_alice.post(f"{URL}replay/", body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]


# -- taking back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "cancelled", "after"), [("pending", True, "cancelled"), ("sending", False, "sending")]
)
def test_cancelling_takes_back_what_waits_and_stops_what_is_under_way_from_being_retried(
    as_alice: APIClient, channel: Channel, state: str, cancelled: bool, after: str
) -> None:
    one, other = send(channel, "a", "b", state=state)

    answer = as_alice.post(of(one, "cancel")).json()

    assert (answer["cancelled"], answer["status"], answer["revoked"]) == (cancelled, after, True)
    other.refresh_from_db()
    assert (other.state, other.revoked) == (state, False)


def test_what_has_ended_is_not_cancelled(as_alice: APIClient, channel: Channel) -> None:
    [one] = send(channel, state="delivered")

    assert refusal(as_alice.post(of(one, "cancel"))) == "has_ended"


def test_an_id_that_is_none_is_not_found(as_alice: APIClient) -> None:
    for path in (f"{URL}{UUID(int=0)}/", f"{URL}17/", f"{URL}{UUID(int=0)}/replay/"):
        assert as_alice.post(path).status_code in {404, 405}
