"""Web push against a push service that decrypts: what is sent, and what its answers mean."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from channels_delivery.backend import Words
from channels_delivery.backends.push import Push
from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary
from channels_delivery.parcel import Parcel
from channels_delivery.push import hosts, payload, sealing, vapid
from channels_delivery.push.spellings import decoded
from notifications.content import Action, Content
from tests.channels_delivery.backends.stage import AT
from tests.channels_delivery.backends.stage_push import PushStage
from tests.channels_delivery.push_service import SITE, PushService

pytestmark = pytest.mark.once


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    with PushService() as one:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": one.site}
        yield one


def composed(*, critical: bool = False, **given: Any) -> dict[str, Any]:
    return dict(Push().compose(Words(Content(**{"title": "Hello", **given}), AT, critical=critical)))


def parcel(service: PushService, *, to: str = "a", **parts: Any) -> Parcel:
    stage = PushStage()
    stage._service = service
    return stage.parcel(parts or composed())._replace(address=service.device(to).url, slots=service.device(to).slots)


def send(*parcels: Parcel) -> list[Outcome]:
    async def run() -> list[Outcome]:
        backend = Push()
        try:
            return [await backend.send(one, PushStage().outlet, deadline=5) for one in parcels]
        finally:
            await backend.close()

    return asyncio.run(run())


# -- encryption ----------------------------------------------------------------------------------------------------


def test_the_example_of_the_rfc() -> None:
    """RFC 8291, appendix A."""
    own = ec.derive_private_key(
        int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    keys = sealing.Keys(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )

    sealed = sealing.seal(
        b"When I grow up, I want to be a watermelon", keys=keys, own=own, salt=decoded("DGv6ra1nlYgDCS1FRnbzlw")
    )

    assert sealed == decoded(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
        "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.parametrize(
    "keys",
    [
        {"p256dh": "BA" + "A" * 85, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},  # not on the curve
        {"p256dh": "", "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
        {"p256dh": "not base64 !", "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
        {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J",
        },
    ],
)
def test_keys_that_are_none_are_refused(keys: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        sealing.Keys(**keys)


# -- who we are ----------------------------------------------------------------------------------------------------


def test_one_token_an_origin_until_its_end_is_near() -> None:
    now = [1_000_000.0]
    identity = vapid.Identity(SITE["VAPID_PRIVATE_KEY"], subject="mailto:ops@acme.example", clock=lambda: now[0])

    said = {identity.authorization(origin) for origin in ("https://a.example", "https://b.example") * 50}
    assert (len(said), identity.signed) == (2, 2)
    now[0] += vapid.LIFE - vapid.SPARE
    identity.authorization("https://a.example")
    assert identity.signed == 3


def test_a_foreign_judge_takes_the_token() -> None:
    said = vapid.Identity(SITE["VAPID_PRIVATE_KEY"], subject="mailto:ops@acme.example").authorization(
        "https://a.example"
    )

    claims = json.loads(decoded(said.split("t=")[1].split(".")[1]))
    assert Vapid02.verify(said)
    assert claims["aud"] == "https://a.example"
    assert claims["exp"] - datetime.now(UTC).timestamp() <= 12 * 3600


@pytest.mark.parametrize(
    ("private", "subject", "words"),
    [
        ("", "mailto:ops@acme.example", "notifyhub_vapid"),
        ("short", "mailto:ops@acme.example", "43 characters"),
        ("A" * 43, "mailto:ops@acme.example", "43 characters"),
        (SITE["VAPID_PRIVATE_KEY"], "ops", "VAPID_SUBJECT"),
        (SITE["VAPID_PRIVATE_KEY"], "mailto:ops@localhost", "VAPID_SUBJECT"),
    ],
)
def test_what_is_no_identity_says_what_to_do(private: str, subject: str, words: str) -> None:
    with pytest.raises(vapid.NoKey, match=words):
        vapid.Identity(private, subject=subject)


# -- where it may go -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=abc", True),
        ("https://web.push.apple.com/abc", True),
        ("https://fcm.googleapis.com:8443/fcm/send/abc", False),
        ("http://fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evil.example/fcm.googleapis.com", False),
        ("https://evilnotify.windows.com/x", False),
        ("https://a@fcm.googleapis.com/x", False),
        ("https://127.0.0.1/x", False),
        ("https://fcm.googleapis.com/" + "x" * 500, False),
        ("https://fcm.googleapis.com/fcm/send/abc:AP-91_b", True),
        ("https://db5p.notify.windows.com/w/?token=BQY%2b%2fx%3d", True),
        ("https://fcm.googleapis.com/x%20y%C3%BC", True),
    ],
)
def test_only_push_services_are_sent_to(url: str, fine: bool) -> None:
    assert hosts.permitted(url) is fine


@pytest.mark.parametrize(
    "url",
    [
        "https://fcm.googleapis.com:443/fcm/send/a:b",
        "https://FCM.googleapis.com/fcm/send/a:b",
        "HTTPS://fcm.googleapis.com/fcm/send/a:b",
        "https://fcm.googleapis.com/fcm/send/a:b?",
        "https://fcm.googleapis.com/fcm/send/a:b#",
        "https://fcm.googleapis.com/fcm/send/%61:b",
        "https://fcm.googleapis.com/fcm/send/a%3Ab",
        "https://fcm.googleapis.com/fcm/send%2Fa:b",
        "https://fcm.googleapis.com/fcm/./send/a:b",
        "https://fcm.googleapis.com/x/../fcm/send/a:b",
        "https://fcm.googleapis.com/fcm/send/a:b<",
        "https://fcm.googleapis.com/fcm/send/a:b%c3%bc",
        "https://fcm.googleapis.com/fcm/send/a:bü",
        "https://fcm.googleapis.com/fcm/send/a:b%",
        "https://fcm.googleapis.com?a",
        "https://db5p.notify.windows.com/w/?token=%42QY",
        "https://db5p.notify.windows.com/w/?token=B|QY",
    ],
)
def test_another_spelling_of_an_address_is_none(url: str) -> None:
    """It would be a device of its own, with anybody's keys, and its origin not the one that a token is for."""
    assert not hosts.permitted(url)


def test_a_foreign_address_is_refused_at_the_door(service: PushService) -> None:
    [outcome] = send(parcel(service)._replace(address="https://evil.example/x"))

    assert isinstance(outcome, Permanent)
    assert outcome.code == "config"
    assert "PUSH_HOSTS" in outcome.detail


def test_a_redirect_is_not_followed(service: PushService) -> None:
    service.says(after="307 Elsewhere", fields="Location: http://127.0.0.1:1/\r\n")

    [outcome] = send(parcel(service))

    assert isinstance(outcome, Temporary)
    assert len(service.came) == 1


# -- what is sent --------------------------------------------------------------------------------------------------


def test_a_browser_reads_what_was_meant(service: PushService) -> None:
    parts = composed(
        title="Order 7 — ünï",
        body="Left",
        url="/o/7",
        thread="order-7",
        actions=tuple(Action(f"A{n}", "/x") for n in range(4)),
    )

    one = parcel(service, **parts)
    send(one)

    [(fields, told)] = service.came
    assert (told["title"], told["body"], told["url"]) == ("Order 7 — ünï", "Left", "/o/7")
    assert told["id"] == one.stable_id.hex
    assert [action["label"] for action in told["actions"]] == ["A0", "A1"]
    assert told["tag"] == fields["topic"]
    assert fields["content-encoding"] == "aes128gcm"
    assert Vapid02.verify(fields["authorization"])


def test_of_one_thread_the_latest_replaces_and_others_stay(service: PushService) -> None:
    of_a = composed(thread="a" * 200)
    send(
        parcel(service, **of_a),
        parcel(service, **of_a),
        parcel(service, **composed(thread="b")),
        parcel(service),
        parcel(service),
    )

    topics = [fields["topic"] for fields, _ in service.came]
    assert topics[0] == topics[1]
    assert len(set(topics)) == 4
    assert all(len(one) <= 32 and one.replace("-", "").replace("_", "").isalnum() for one in topics)


def test_a_thread_of_one_tenant_replaces_none_of_another(service: PushService) -> None:
    """At a browser whose person is in both."""
    here = parcel(service, **composed(thread="a"))
    send(here, here._replace(tenant_id=here.tenant_id + 1))

    (first, told), (second, also_told) = service.came
    assert first["topic"] != second["topic"]
    assert [told["tag"], also_told["tag"]] == [first["topic"], second["topic"]]


def test_a_service_keeps_it_no_longer_than_it_is_worth(service: PushService) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    send(
        parcel(service),
        parcel(service)._replace(expires_at=soon),
        parcel(service)._replace(expires_at=soon + timedelta(days=90)),
        parcel(service)._replace(expires_at=soon - timedelta(days=1)),
    )

    none, short, long, past = (int(fields["ttl"]) for fields, _ in service.came)
    assert (none, long, past) == (24 * 3600, 24 * 3600, 0)
    assert 290 <= short <= 300


@pytest.mark.parametrize(
    ("given", "urgency"), [({}, "normal"), ({"critical": True}, "high"), ({"level": "error"}, "high")]
)
def test_urgency_is_the_messages(service: PushService, given: dict[str, Any], urgency: str) -> None:
    send(parcel(service, **composed(**given)))

    assert service.came[0][0]["urgency"] == urgency


def test_what_is_too_long_is_cut_to_one_record(service: PushService) -> None:
    parts = composed(
        title="€" * 300,
        body="ü\n" * 5_000,
        url="https://a.example/" + "x" * 1_900,
        image="https://a.example/" + "y" * 1_900,
    )

    send(parcel(service, **parts))

    _, told = service.came[0]
    assert told["title"] == "€" * 300
    assert told["body"].endswith("…")
    assert len(service.receiver.requests[0].partition(b"\r\n\r\n")[2]) <= 4096


@pytest.mark.parametrize("limit", [60, 100, 200, 500, 1_000, 3_993])
def test_it_always_fits(limit: int) -> None:
    told = {
        "id": "i" * 32,
        "title": "\U0001f600" * 300,
        "body": "\x01" * 9_000,
        "url": "u" * 2_000,
        "image": "i" * 2_000,
    }
    made = payload.fit(told | {"actions": [{"label": "l" * 80, "url": "v" * 2_000}] * 2}, limit=limit)

    assert len(made) <= limit
    assert json.loads(made)["id"] == "i" * 32


# -- what an answer means ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (200, Accepted, None),
        (201, Accepted, None),
        (202, Accepted, None),
        (307, Temporary, "provider"),
        (400, Permanent, "content"),
        (401, Temporary, "auth"),
        (403, Temporary, "auth"),
        (404, Permanent, "address"),
        (408, Temporary, "provider"),
        (410, Permanent, "address"),
        (429, Temporary, "rate_limited"),
        (500, Temporary, "provider"),
        (503, Temporary, "provider"),
    ],
)
def test_each_answer_means_something(service: PushService, status: int, kind: type, code: str | None) -> None:
    service.says(after=f"{status} Said", fields="Retry-After: 120\r\n")

    [outcome] = send(parcel(service))

    assert isinstance(outcome, kind)
    assert getattr(outcome, "code", None) == code
    assert getattr(outcome, "forget", False) is (status in {404, 410})
    if isinstance(outcome, Temporary):
        assert outcome.retry_after == 120
        assert outcome.alone
        assert not outcome.slow_lane


def test_too_large_is_said_shortly_and_once(service: PushService) -> None:
    service.says("413 Large")
    first = send(parcel(service, **composed(body="x" * 3_000)))
    service.says(after="413 Large")
    second = send(parcel(service))

    (_, whole), (_, least), *others = service.came
    assert isinstance(first[0], Accepted)
    assert "body" in whole
    assert least == {
        "id": whole["id"],
        "tag": whole["tag"],
        "title": "You have a new message. Open the app to read it.",
    }
    assert isinstance(second[0], Permanent)
    assert second[0].code == "content"
    assert len(others) == 2


def test_without_a_key_it_says_what_to_do(service: PushService, settings: Any) -> None:
    given = {**service.site, "VAPID_PRIVATE_KEY": ""}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}

    [outcome] = send(parcel(service))

    assert isinstance(outcome, Permanent)
    assert "notifyhub_vapid" in outcome.detail


def test_a_devices_keys_are_told_to_nobody(service: PushService) -> None:
    one = parcel(service)
    keys = service.device().keys

    assert keys["auth"] not in f"{one!r} {send(one)!r} {sealing.Keys(**keys)!r}"
