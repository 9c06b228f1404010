"""Channels over HTTP: set up, changed, paused, tested and removed; and no secret ever comes out."""

import json
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from channels_delivery import channels
from channels_delivery.courier import drain
from channels_delivery.models import Channel, Lane
from channels_delivery.outbox import Way
from channels_delivery.outcome import Permanent, Temporary
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import NoticeType, Recipient, Scope, Tenant
from tests.cast import api_key, statements, with_key
from tests.channels_delivery.moves import deliveries, let_time_come, put
from tests.channels_delivery.receiver import Receiver
from tests.channels_delivery.webhooks import NEW, OLD, receiver  # noqa: F401

pytestmark = pytest.mark.django_db
URL = "/api/v1/channels/"
HOOK = {"kind": "webhook", "name": "Helpdesk", "settings": {"url": "https://helpdesk.example.com/hooks/orders"}}


def made(client: APIClient, **given: Any) -> Any:
    answer = client.post(URL, {**HOOK, **given})
    assert answer.status_code == 201, answer.content
    return answer.json()


def of(channel: Any, verb: str = "") -> str:
    return f"{URL}{channel['id'] if isinstance(channel, dict) else channel.public_id}/{verb and verb + '/'}"


def stored(public_id: str) -> Channel:
    return Channel.objects.across_tenants().get(public_id=public_id)


def send() -> None:
    """Everything that waits, as a courier would: in a test the commit that wakes it never comes."""
    let_time_come()
    drain()


def errors(answer: Any, status: int = 400) -> dict[str, str]:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    found: dict[str, str] = answer.json()["errors"]
    return found


@pytest.fixture
def way_to_people(acme: Tenant, scripted: Scripted) -> Channel:
    return Channel.objects.create(tenant=acme, kind="scripted", name="Post")


# -- kinds ---------------------------------------------------------------------------------------------------------


def test_each_kind_says_what_it_needs_to_know(as_alice: APIClient) -> None:
    kinds = {one["kind"]: one for one in as_alice.get(f"{URL}kinds/").json()["results"]}

    hook = kinds["webhook"]
    assert (hook["team"], hook["personal"], hook["rotates"], hook["at_once"]) == (True, False, "signing", 8)
    assert hook["settings"]["properties"]["url"]["title"] == "Address"
    assert hook["secrets"]["properties"]["signing"]["writeOnly"] is True
    assert hook["retries_after"][:3] == [30, 120, 600]


# -- setting up ----------------------------------------------------------------------------------------------------


def test_a_webhook_gets_a_signing_secret_that_is_shown_once(as_alice: APIClient) -> None:
    channel = made(as_alice)

    [secret] = channel["issued_secrets"]["signing"]
    assert stored(channel["id"]).secrets == {"signing": [secret]}
    assert as_alice.get(of(channel)).json()["secrets_set"] == ["signing"]
    for path in (URL, of(channel)):
        assert secret not in as_alice.get(path).content.decode()


def test_a_secret_that_was_given_is_kept_encrypted_and_never_shown(as_alice: APIClient) -> None:
    channel = made(as_alice, secrets={"signing": [OLD]})

    assert channel["issued_secrets"] == {}
    assert OLD not in json.dumps(channel)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT secrets FROM {Channel._meta.db_table}")  # as it lies there
        assert OLD.removeprefix("whsec_") not in str(cursor.fetchall())


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "pigeon"}, "kind", "webhook"),
    ({"name": ""}, "name", "blank"),
    ({"name": "a\nb"}, "name", "printable"),
    ({"colour": "red"}, "colour", "Unknown field"),
    ({"settings": {}}, "settings.url", "missing"),
    ({"settings": {"url": 7}}, "settings.url", "Must be text"),
    ({"settings": HOOK["settings"] | {"colour": "red"}}, "settings.colour", "known: headers, url"),  # type: ignore[operator]
    ({"settings": HOOK["settings"] | {"headers": {"Host": "x"}}}, "settings.headers.Host", "another name"),  # type: ignore[operator]
    ({"settings": HOOK["settings"] | {"headers": {"A": "é"}}}, "settings.headers.A", "ASCII"),  # type: ignore[operator]
    ({"settings": HOOK["settings"] | {"headers": {"A": 1}}}, "settings.headers.A", "Must be text"),  # type: ignore[operator]
    ({"secrets": {"signing": "whsec_x"}}, "secrets.signing", "a list"),
    ({"secrets": {"signing": ["canary"]}}, "secrets.signing[0]", "24 to 64"),
    ({"secrets": {"signing": ["whsec_Y2FuYXJ5"]}}, "secrets.signing[0]", "24 to 64"),
    ({"secrets": {"signing": [OLD, OLD, OLD]}}, "secrets.signing", "at most 2"),
    ({"secrets": {"password": "canary"}}, "secrets.password", "known: signing"),
    ({"workflows": ["no.such"]}, "workflows", "no.such"),
    ({"workflows": "hello"}, "workflows", "list"),
]


@pytest.mark.parametrize(("change", "field", "words"), WRONG, ids=lambda one: str(one)[:40])
def test_what_is_wrong_is_said_by_field_and_without_the_secret(
    as_alice: APIClient, change: dict[str, Any], field: str, words: str
) -> None:
    answer = as_alice.post(URL, {**HOOK, **change})

    found = errors(answer)
    assert words in found[field], found
    assert "canary" not in answer.content.decode()
    assert not Channel.objects.across_tenants().exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example.com/", "https"),
        ("gopher://hooks.example.com/", "https"),
        ("https://hooks.example.com:22/", "443 or 8443"),
        ("https://a:b@hooks.example.com/", "user name"),
        ("https://hooks.example.com/#top", "after #"),
        ("https://intranet/hook", "public host"),
        ("https://db.internal/", "public host"),
        ("https://127.0.0.1/", "private or reserved"),
        ("https://[::ffff:10.0.0.1]/", "private or reserved"),
        ("https://169.254.169.254/latest", "private or reserved"),
        ("https://100.64.1.1/", "private or reserved"),
        ("https://127.1/", "public host"),
        ("https://2130706433/", "public host"),
        ("https://127.0.0.1\\@hooks.example.com/", "URL"),
        ("not a url", "URL"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_when_it_is_written(
    as_alice: APIClient, url: str, words: str
) -> None:
    channel = made(as_alice)

    for answer in (
        as_alice.post(URL, {**HOOK, "name": "Other", "settings": {"url": url}}),
        as_alice.patch(of(channel), {"settings": {"url": url}}),
    ):
        assert words in errors(answer)["settings.url"]


def test_event_switches_take_workflows_that_are_there_for_this_tenant(
    as_alice: APIClient, globex: Tenant, acme: Tenant
) -> None:
    NoticeType.objects.create(key="shared", name="Shared")
    NoticeType.objects.create(tenant=acme, key="own", name="Own")
    NoticeType.objects.create(tenant=globex, key="theirs", name="Theirs")

    channel = made(as_alice, workflows=["shared", "own", "own"])
    refused = errors(as_alice.patch(of(channel), {"workflows": ["shared", "theirs"]}))

    assert channel["workflows"] == ["own", "shared"]
    assert refused == {"workflows": "Unknown: theirs."}


def test_a_workflow_that_is_gone_meanwhile_does_not_hinder_other_changes(as_alice: APIClient) -> None:
    gone = NoticeType.objects.create(key="gone", name="Gone")
    channel = made(as_alice, workflows=["gone"])
    gone.delete()

    assert as_alice.patch(of(channel), {"name": "New", "workflows": ["gone"]}).json()["name"] == "New"


def test_a_name_is_taken_once_a_tenant(as_alice: APIClient, as_mallory: APIClient) -> None:
    first, other = made(as_alice), made(as_alice, name="Other")
    made(as_mallory)

    for answer in (as_alice.post(URL, HOOK), as_alice.patch(of(other), {"name": " Helpdesk "})):
        assert "choose another" in errors(answer, 409)["name"]
        assert "Retry-After" not in answer.headers
    assert as_alice.patch(of(first), {"name": "Helpdesk"}).status_code == 200


# -- changing ------------------------------------------------------------------------------------------------------


def test_a_change_leaves_what_it_does_not_name(as_alice: APIClient) -> None:
    channel = made(as_alice, secrets={"signing": [OLD]})

    as_alice.patch(of(channel), {"settings": {"url": "https://new.example.com/", "headers": {"X-Team": "a"}}})
    changed = as_alice.patch(of(channel), {"name": "Renamed"}).json()

    assert changed["settings"] == {"url": "https://new.example.com/", "headers": {"X-Team": "a"}}
    assert (changed["name"], stored(channel["id"]).secrets) == ("Renamed", {"signing": [OLD]})


def test_secrets_change_by_name_and_one_that_is_needed_cannot_be_taken_away(as_alice: APIClient) -> None:
    channel = made(as_alice, secrets={"signing": [OLD]})

    as_alice.patch(of(channel), {"secrets": {"signing": [NEW]}})
    refused = as_alice.patch(of(channel), {"secrets": {"signing": None}})

    assert "missing" in errors(refused)["secrets.signing"]
    assert stored(channel["id"]).secrets == {"signing": [NEW]}


def test_what_was_read_cannot_be_written_back_with_more_than_may_change(as_alice: APIClient) -> None:
    """Mass assignment: everything that an answer shows, with other values."""
    channel = made(as_alice)
    before = as_alice.get(of(channel)).json()

    refused = as_alice.patch(of(channel), {**before, "kind": "email", "paused": True, "tenant": 1})

    writable = {"name", "settings", "workflows", "position"}
    assert set(errors(refused)) == (set(before) | {"tenant"}) - writable
    assert as_alice.get(of(channel)).json() == before


def test_secrets_whose_key_is_gone_are_told_apart_and_can_be_written_anew(as_alice: APIClient) -> None:
    channel = made(as_alice)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Channel._meta.db_table} SET secrets = 'gAAAAAB-of-another-key'")

    assert as_alice.get(URL).json()["results"][0]["name"] == "Helpdesk"
    assert as_alice.get(of(channel)).json()["secrets_set"] == []
    assert "missing" in errors(as_alice.patch(of(channel), {"name": "New"}))["secrets.signing"]
    assert as_alice.patch(of(channel), {"secrets": {"signing": [NEW]}}).status_code == 200
    assert stored(channel["id"]).secrets == {"signing": [NEW]}


def test_rotating_keeps_the_secret_before_and_drops_the_one_before_that(as_alice: APIClient) -> None:
    channel = made(as_alice, secrets={"signing": [OLD]})

    [second] = as_alice.post(of(channel, "rotate-secret")).json()["issued_secrets"]["signing"]
    assert stored(channel["id"]).secrets == {"signing": [second, OLD]}

    [third] = as_alice.post(of(channel, "rotate-secret")).json()["issued_secrets"]["signing"]
    assert stored(channel["id"]).secrets == {"signing": [third, second]}
    assert second not in as_alice.get(of(channel)).content.decode()


def test_a_kind_without_such_a_secret_rotates_nothing(as_alice: APIClient, way_to_people: Channel) -> None:
    answer = as_alice.post(of(way_to_people, "rotate-secret"))

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_rotate")


# -- pausing, removing ---------------------------------------------------------------------------------------------


def test_pausing_says_since_when_and_why_and_keeps_the_first_reason(as_alice: APIClient) -> None:
    channel = made(as_alice)

    first = as_alice.post(of(channel, "pause"), {"because": "They are moving house."}).json()
    again = as_alice.post(of(channel, "pause")).json()

    assert (first["paused"], first["health"]["state"]) == (True, "paused")
    assert again["paused_at"] == first["paused_at"]
    assert again["paused_because"] == "They are moving house."


def test_resuming_says_how_many_may_be_sent_once_more(
    as_alice: APIClient, acme: Tenant, way_to_people: Channel, scripted: Scripted
) -> None:
    put(acme, "before", channel=way_to_people.pk)
    scripted.says["before"] = [Permanent("address")]
    send()
    as_alice.post(of(way_to_people, "pause"))
    Channel.objects.filter(tenant=acme).update(strikes=9, failing_since=db_now(), struck_at=db_now())
    put(acme, "a", "b", "c", channel=way_to_people.pk)
    deliveries().exclude(address="before").update(state="expired", finished_at=db_now())
    deliveries().filter(address="c").update(state="cancelled")

    resumed = as_alice.post(of(way_to_people, "resume")).json()

    assert (resumed["paused"], resumed["paused_because"], resumed["replayable"]) == (False, "", 2)
    way_to_people.refresh_from_db()
    assert (way_to_people.strikes, way_to_people.failing_since, way_to_people.struck_at) == (0, None, None)


def test_removing_takes_back_what_waits_and_leaves_what_is_under_way_and_others_alone(
    as_alice: APIClient, acme: Tenant, way_to_people: Channel
) -> None:
    other = Channel.objects.create(tenant=acme, kind="scripted", name="Other")
    put(acme, "a", "b", "c", channel=way_to_people.pk)
    put(acme, "d", channel=other.pk)
    deliveries().filter(address="c").update(state="sending")

    answer = as_alice.delete(of(way_to_people))

    assert answer.json() == {"cancelled": 2, "too_late": 1}
    assert as_alice.get(of(way_to_people)).status_code == 404
    found = list(deliveries().values_list("address", "state", "revoked"))
    assert found == [
        ("a", "cancelled", True), ("b", "cancelled", True), ("c", "sending", True), ("d", "pending", False)
    ]  # fmt: skip


# -- testing -------------------------------------------------------------------------------------------------------


def test_a_test_arrives_signed_and_its_answer_can_be_followed(as_alice: APIClient, receiver: Receiver) -> None:  # noqa: F811
    channel = made(as_alice, settings={"url": f"{receiver.origin}/hook"})
    [secret] = channel["issued_secrets"]["signing"]

    answer = as_alice.post(of(channel, "test"))
    send()

    [got], [followed] = receiver.got, answer.json()["deliveries"]
    said = json.loads(got.body)
    assert answer.status_code == 202
    assert got.signed_by(secret)
    assert (said["type"], said["data"]["notice"]["title"]) == ("channel.test", "Test of Helpdesk")
    assert "Acme" in said["data"]["notice"]["body"]
    shown = as_alice.get(f"/api/v1/deliveries/{followed}/").json()
    assert (shown["status"], shown["tries"][0]["detail"]) == ("delivered", "HTTP 204")
    assert (shown["run"], shown["workflow"], shown["expires_at"] is not None) == (None, "channel.test", True)


def test_with_two_secrets_both_sign(as_alice: APIClient, receiver: Receiver) -> None:  # noqa: F811
    channel = made(as_alice, settings={"url": f"{receiver.origin}/hook"}, secrets={"signing": [OLD]})
    [fresh] = as_alice.post(of(channel, "rotate-secret")).json()["issued_secrets"]["signing"]

    as_alice.post(of(channel, "test"))
    send()

    assert [receiver.got[0].signed_by(one) for one in (OLD, fresh)] == [True, True]


def test_a_test_goes_before_what_waits(as_alice: APIClient, acme: Tenant, way_to_people: Channel) -> None:
    Channel.objects.filter(tenant=acme).update(settings={"to": ["team"]})
    as_alice.post(of(way_to_people, "test"))

    lane = Lane.objects.get(tenant=acme, key=f"scripted:{way_to_people.pk}")
    assert (lane.urgency, list(deliveries().values_list("address", flat=True))) == (0, ["team"])


def test_a_way_to_people_is_tested_with_whoever_asks_or_is_named(
    as_alice: APIClient, alice: Recipient, bob: Recipient, way_to_people: Channel
) -> None:
    for person in (alice, bob):
        person.email = f"{person.external_id}@acme.example"
        person.save()

    as_alice.post(of(way_to_people, "test"))
    as_alice.post(of(way_to_people, "test"), {"recipient": "bob"})

    found = list(deliveries().values_list("address", "recipient"))
    assert found == [("alice@acme.example", alice.pk), ("bob@acme.example", bob.pk)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [({}, 409, "nobody_to_test_with"), ({"recipient": "bob"}, 409, "no_address"), ({"recipient": "x"}, 400, "invalid")],
)
def test_a_test_that_reaches_nobody_says_why(
    acme: Tenant, bob: Recipient, mallory: Recipient, way_to_people: Channel, body: Any, status: int, code: str
) -> None:
    answer = with_key(api_key(acme, Scope.ADMIN)).post(of(way_to_people, "test"), body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not deliveries().exists()


def test_a_paused_channel_is_not_tested(as_alice: APIClient) -> None:
    channel = made(as_alice)
    as_alice.post(of(channel, "pause"))

    answer = as_alice.post(of(channel, "test"))

    assert (answer.status_code, answer.json()["code"]) == (409, "channel_paused")


# -- reading -------------------------------------------------------------------------------------------------------


def test_who_may_only_read_sees_no_whole_address_and_no_header(as_alice: APIClient, acme: Tenant) -> None:
    secret = "https://hooks.example.com/services/T0AAAAAA/XYZXYZXYZXYZXYZXYZ?token=canary"
    channel = made(as_alice, settings={"url": secret, "headers": {"Authorization": "Bearer canary"}})
    reader = with_key(api_key(acme, Scope.READ))

    shown = {"url": "https://hooks.example.com/services/T0AAAAAA/XYZX…", "headers": {"Authorization": "…"}}
    assert reader.get(of(channel)).json()["settings"] == shown
    for client in (reader, as_alice):
        assert client.get(URL).json()["results"][0]["settings"] == shown
    assert as_alice.get(of(channel)).json()["settings"]["url"] == secret


def condition(client: APIClient, channel: Channel) -> dict[str, Any]:
    [listed] = client.get(URL).json()["results"]
    one = client.get(of(channel)).json()["health"]
    assert listed["health"] == one
    return dict(one)


def test_health_tells_how_a_channel_is(
    as_alice: APIClient, acme: Tenant, way_to_people: Channel, scripted: Scripted
) -> None:
    way = Way(f"scripted:{way_to_people.pk}")
    assert condition(as_alice, way_to_people)["state"] == "unused"

    put(acme, "good", channel=way_to_people.pk, way=way)
    send()
    assert condition(as_alice, way_to_people)["state"] == "working"

    scripted.says["bad"] = [Permanent("address")]
    put(acme, "bad", channel=way_to_people.pk, way=way)
    send()
    failing = condition(as_alice, way_to_people)
    assert (failing["state"], failing["last_failure_code"]) == ("failing", "address")
    assert failing["last_success"] < failing["last_failure"]

    ill = [f"ill{n}" for n in range(6)]
    scripted.says |= {address: [Temporary("network")] for address in ill}
    put(acme, *ill, channel=way_to_people.pk, way=way)
    send()
    halted = condition(as_alice, way_to_people)
    assert (halted["state"], halted["breaker"], halted["waiting"]) == ("halted", "open", 6)
    assert halted["open_at"] is not None


def test_a_list_costs_the_same_for_one_channel_and_for_twenty(as_alice: APIClient, acme: Tenant) -> None:
    as_alice.post(of(made(as_alice), "test"))

    with statements() as one:
        as_alice.get(URL)
    for number in range(19):
        as_alice.post(of(made(as_alice, name=f"Hook {number}"), "test"))
    with statements() as twenty:
        assert len(as_alice.get(URL).json()["results"]) == 20

    assert len(one) == len(twenty) == 6  # session, user, person, channels, lanes, what waits in them


def test_pages_follow_each_other_and_a_foreign_cursor_is_refused(as_alice: APIClient) -> None:
    for number in range(3):
        made(as_alice, name=f"Hook {number}")

    first = as_alice.get(URL, {"limit": 2}).json()
    second = as_alice.get(first["next"]).json()

    assert [one["name"] for one in (*first["results"], *second["results"])] == ["Hook 0", "Hook 1", "Hook 2"]
    assert as_alice.get(URL, {"cursor": "canary"}).status_code == 400


def test_the_verbs_from_python_do_the_same(acme: Tenant) -> None:
    setup = channels.Setup("webhook", "Orders", {"url": "https://hooks.example.com/"})

    found = channels.create(acme, setup)

    assert found.channel.secrets == found.issued
    assert "whsec" not in repr(found)


def test_a_password_does_not_go_along_to_another_server(as_alice: APIClient) -> None:
    """Else whoever may write settings could read it, at a server of their own."""
    settings = {"host": "smtp.example.com", "user": "acme", "from": "acme@example.com"}
    channel = made(as_alice, kind="email", name="Mail", settings=settings, secrets={"password": "first"})
    moved = {**settings, "host": "smtp.example.net"}

    assert set(errors(as_alice.patch(of(channel), {"settings": moved}))) == {"secrets.password"}
    assert stored(channel["id"]).settings["host"] == "smtp.example.com"

    assert as_alice.patch(of(channel), {"settings": moved, "secrets": {"password": "second"}}).status_code == 200
    assert as_alice.patch(of(channel), {"settings": {**moved, "from_name": "Acme"}}).status_code == 200
    assert stored(channel["id"]).secrets == {"password": "second"}


def test_the_order_is_set_shown_and_bounded(as_alice: APIClient) -> None:
    channel = made(as_alice)

    assert as_alice.get(of(channel)).json()["position"] == 0
    assert as_alice.patch(of(channel), {"position": 7}).json()["position"] == 7
    assert as_alice.patch(of(channel), {"name": "other"}).json()["position"] == 7
    for wrong in (-1, 1_000, "first"):
        assert "position" in errors(as_alice.patch(of(channel), {"position": wrong}))


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_where_a_chat_is_posted_to_is_shown_nowhere(as_alice: APIClient, kind: str) -> None:
    url = "https://hooks.example.com/services/T0/B0/canary-of-the-address"
    answer = as_alice.post("/api/v1/channels/", {"kind": kind, "name": "#support", "secrets": {"url": url}})
    assert answer.status_code == 201, answer.content
    [delivery] = as_alice.post(f"/api/v1/channels/{answer.json()['id']}/test/").json()["deliveries"]

    shown = [
        answer,
        *(as_alice.get(f"/api/v1/{path}") for path in ("channels/", f"channels/{answer.json()['id']}/", "deliveries/")),
        as_alice.get(f"/api/v1/deliveries/{delivery}/"),
    ]

    assert not any("canary" in one.content.decode() for one in shown)
    assert shown[-1].json()["address"] == "#support"


@pytest.mark.parametrize("kind", ["slack", "teams"])
@pytest.mark.parametrize("url", ["", "http://hooks.example.com/x", "https://10.0.0.1/x", "https://localhost/x"])
def test_a_chat_leads_to_a_public_address(as_alice: APIClient, kind: str, url: str) -> None:
    answer = as_alice.post("/api/v1/channels/", {"kind": kind, "name": "x", "secrets": {"url": url} if url else {}})

    assert list(errors(answer)) == ["secrets.url"]
