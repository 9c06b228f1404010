"""The webhook catcher: what comes is verified, answered as asked for, and shown to those it was for."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from standardwebhooks import Webhook

from channels_delivery.models import Channel
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from notifyhub import catcher
from notifyhub.catcher import CAUGHT, SCRIPTS, Manner

from .pages import visitor, words

OLD, NEW, FOREIGN = (
    "whsec_" + base64.b64encode(f"the {name} secret".encode()).decode() for name in ("old", "new", "x")
)
BODY = json.dumps({"type": "hello", "data": {"notice": {"title": "Hello, Bob"}}})
HERE = "/catcher/acme/"


@pytest.fixture(autouse=True)
def _no_script(acme: Tenant) -> Iterator[None]:
    yield
    SCRIPTS.put(None, tenant_id=acme.pk)


@pytest.fixture(autouse=True)
def channel(acme: Tenant) -> Channel:
    url = f"http://testserver{HERE}"
    return Channel.objects.create(
        tenant=acme, kind="webhook", name="Ours", settings={"url": url}, secrets={"signing": [OLD, NEW]}
    )


def signed(secret: str = OLD, *, name: str = "msg_1", age: float = 0, body: str = BODY) -> dict[str, str]:
    """The header fields of a webhook, made by the library that everybody uses."""
    at = time.time() - age
    signature = Webhook(secret).sign(name, datetime.fromtimestamp(at, UTC), body)
    return {"webhook-id": name, "webhook-timestamp": str(int(at)), "webhook-signature": signature}


def send(headers: dict[str, str], body: str = BODY, *, to: str = HERE) -> HttpResponse:
    """As a server of somebody else would: without a session, without a CSRF token."""
    client = Client(enforce_csrf_checks=True)
    return client.post(to, body, content_type="application/json", headers=headers)  # type: ignore[return-value]


def latest() -> str:
    return f"{HERE}{CAUGHT.newest_first()[0].id}/"


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_what_is_signed_with_a_secret_of_the_channel_is_verified(alice: Recipient, secret: str) -> None:
    answer = send(signed(secret))

    hers = visitor(alice)
    assert answer.status_code == 204
    assert "Hello, Bob ✓ Verified" in words(hers.get(HERE))
    assert "✓ Verified The signature fits. It was made with the secret of “Ours”" in words(hers.get(latest()))


@pytest.mark.parametrize(
    ("made_by", "changes", "why"),
    [
        ({"secret": FOREIGN}, {}, "fits no secret of your webhooks"),
        ({"body": BODY.replace("Bob", "Eve")}, {}, "fits no secret of your webhooks"),
        ({"age": 302}, {}, "signed more than five minutes ago"),
        ({"age": -360}, {}, "signed in the future"),
        ({}, {"webhook-signature": ""}, "It is not signed"),
        ({}, {"webhook-timestamp": ""}, "It is not signed"),
        ({}, {"webhook-timestamp": "soon"}, "cannot be read"),
        ({}, {"webhook-signature": "v1"}, "cannot be read"),
        ({}, {"webhook-signature": "v1,é"}, "cannot be read"),
        ({}, {"webhook-signature": "v2,abcd"}, "fits no secret of your webhooks"),
    ],
    ids=["another secret", "changed", "old", "future", "unsigned", "no time", "bad time", "no comma", "letters", "v2"],
)
def test_what_is_not_properly_signed_is_refused_and_shown_with_the_reason(
    alice: Recipient, made_by: dict[str, Any], changes: dict[str, str], why: str
) -> None:
    answer = send(signed(**made_by) | changes)

    assert answer.status_code == 401
    assert why in answer.content.decode()
    text = words(visitor(alice).get(latest()))
    assert "✗ Not verified" in text
    assert why in text
    assert "✗ Not verified" in words(visitor(alice).get(HERE))


def test_without_a_secret_nothing_can_be_verified(alice: Recipient, channel: Channel) -> None:
    channel.delete()

    assert send(signed()).status_code == 401
    assert "There is no webhook with a signing secret" in words(visitor(alice).get(latest()))


def test_body_and_headers_are_shown_as_they_came(alice: Recipient) -> None:
    send({**signed(), "X-Team": "support"}, to=HERE)

    text = words(visitor(alice).get(latest()))

    assert '{ "type": "hello", "data": { "notice": { "title": "Hello, Bob" } } }' in text
    assert "X-Team support" in text


@pytest.mark.parametrize("body", ["not json", '["a list"]', '{"type": 5}', '{"data": {"notice": "x"}}', "", "[" * 9999])
def test_any_body_is_shown(alice: Recipient, body: str) -> None:
    send(signed(body=body), body)

    assert visitor(alice).get(HERE).status_code == 200
    assert body[:20].replace(" ", "") in words(visitor(alice).get(latest())).replace(" ", "")


def test_text_of_a_body_stays_text(alice: Recipient) -> None:
    body = json.dumps({"type": "<script>alert(1)</script>"})
    send(signed(body=body), body)

    for page in (HERE, latest()):
        assert "<script>alert" not in visitor(alice).get(page).content.decode()


@pytest.mark.parametrize(("size", "status"), [(512 * 1024, 401), (512 * 1024 + 1, 413)])
def test_a_body_has_a_limit(acme: Tenant, size: int, status: int) -> None:
    assert send({}, "x" * size).status_code == status
    assert len(CAUGHT.newest_first()) == (status == 401)


def test_tries_of_one_message_stand_together(alice: Recipient) -> None:
    SCRIPTS.put(Manner.AWAY, tenant_id=alice.tenant_id, times=1)

    statuses = [send(signed()).status_code, send(signed()).status_code, send(signed(name="msg_2")).status_code]

    text = words(visitor(alice).get(HERE))
    assert statuses == [503, 204, 204]
    assert "2 webhooks" in text
    assert text.index("Try 2 at") < text.index("Try 1 at")
    assert "came more than once" in words(visitor(alice).get(f"{HERE}{CAUGHT.newest_first()[1].id}/"))


@pytest.mark.parametrize(("manner", "status"), [("error", 500), ("away", 503), ("gone", 410)])
def test_it_answers_as_it_was_told_for_so_many_requests(alice: Recipient, manner: str, status: int) -> None:
    hers = visitor(alice)

    said = words(hers.post(f"{HERE}answer/", {"manner": manner, "times": "2"}, follow=True))

    assert f"The next 2 requests get: {status}" in said
    assert [send(signed()).status_code for _ in range(3)] == [status, status, 204]


def test_a_slow_answer_ends_when_the_site_stops() -> None:
    waiting = threading.Thread(target=catcher.take_time)
    waiting.start()

    catcher.hang_up()
    waiting.join(timeout=catcher.SLOW / 2)

    assert not waiting.is_alive()


def test_a_slow_answer_is_a_good_one(alice: Recipient) -> None:
    catcher.hang_up()
    SCRIPTS.put(Manner.SLOW, tenant_id=alice.tenant_id)

    assert send(signed()).status_code == 204
    assert "Answered 204 as you told it to" in words(visitor(alice).get(latest()))


def test_a_script_is_taken_back(alice: Recipient) -> None:
    hers = visitor(alice)
    hers.post(f"{HERE}answer/", {"manner": "error", "times": "5"})

    said = words(hers.post(f"{HERE}answer/", {"manner": ""}, follow=True))

    assert "Requests are answered as they deserve." in said
    assert send(signed()).status_code == 204


@pytest.mark.parametrize("form", [{"manner": "rude"}, *({"manner": "error", "times": n} for n in ("0", "21", "x", ""))])
def test_a_wrong_form_changes_nothing(alice: Recipient, form: dict[str, str]) -> None:
    said = words(visitor(alice).post(f"{HERE}answer/", form, follow=True))

    assert "Choose an answer, and for how many requests: 1 to 20." in said
    assert SCRIPTS.of(alice.tenant_id) is None


def test_a_webhook_that_was_turned_off_can_be_turned_on_again(alice: Recipient, channel: Channel) -> None:
    Channel.objects.filter(tenant=alice.tenant).update(paused_at=db_now(), paused_because="gone")
    hers = visitor(alice)
    assert "“Ours” is off: the receiver said 410" in words(hers.get(HERE))

    hers.post(f"{HERE}resume/")

    channel.refresh_from_db()
    assert (channel.paused_at, channel.paused_because) == (None, "")


def test_the_empty_page_says_what_to_do(alice: Recipient, channel: Channel) -> None:
    hers = visitor(alice)

    with_a_channel = words(hers.get(HERE))
    channel.delete()

    assert "No webhook yet Trigger something in the playground" in with_a_channel
    assert "http://testserver/catcher/acme/" in with_a_channel
    assert "No channel of this tenant leads here yet" in words(hers.get(HERE))


def test_the_page_follows_what_comes(alice: Recipient) -> None:
    hers = visitor(alice)
    before = hers.get(f"{HERE}state/").json()
    send(signed())

    after = hers.get(f"{HERE}state/").json()

    assert (before["requests"], after["requests"]) == (0, 1)
    assert f"{after['newest']}" in hers.get(HERE).content.decode()


PATHS = ["", "state/", "{id}/"]


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_sees_nothing_of_it(alice: Recipient, mallory: Recipient, path: str) -> None:
    send(signed())
    address = f"{HERE}{path}".format(id=CAUGHT.newest_first()[0].id)

    assert visitor(alice).get(address).status_code == 200
    assert visitor(mallory).get(address).status_code == 404
    assert visitor(mallory).get(address.replace("acme", "globex")).status_code == (404 if "{id}" in path else 200)
    assert "Hello, Bob" not in words(visitor(mallory).get("/catcher/globex/"))


@pytest.mark.parametrize("verb", ["answer", "clear", "resume"])
def test_a_stranger_changes_nothing(alice: Recipient, mallory: Recipient, verb: str) -> None:
    Channel.objects.filter(tenant=alice.tenant).update(paused_at=db_now())
    send(signed())

    answer = visitor(mallory).post(f"{HERE}{verb}/", {"manner": "gone", "times": "9"})

    assert answer.status_code == 404
    assert SCRIPTS.of(alice.tenant_id) is None
    assert len(CAUGHT.newest_first()) == 1
    assert Channel.objects.filter(tenant=alice.tenant, paused_at__isnull=False).exists()


def test_a_secret_of_another_tenant_verifies_nothing(alice: Recipient, mallory: Recipient) -> None:
    Channel.objects.create(tenant=mallory.tenant, kind="webhook", name="Hers", secrets={"signing": [FOREIGN]})

    assert send(signed(FOREIGN)).status_code == 401
    assert send(signed(FOREIGN), to="/catcher/globex/").status_code == 204


def test_clearing_leaves_what_is_of_others(alice: Recipient, mallory: Recipient) -> None:
    send(signed())
    send({}, to="/catcher/globex/")

    visitor(alice).post(f"{HERE}clear/")

    assert [one.tenant_id for one in CAUGHT.newest_first()] == [mallory.tenant_id]


@pytest.mark.parametrize("verb", ["answer", "clear", "resume"])
def test_changes_take_a_token_and_a_post(alice: Recipient, verb: str) -> None:
    assert visitor(alice, enforce_csrf_checks=True).post(f"{HERE}{verb}/").status_code == 403
    assert visitor(alice).get(f"{HERE}{verb}/").status_code == 405


@pytest.mark.parametrize("path", ["/catcher/", HERE, f"{HERE}state/"])
def test_it_is_for_owners_and_admins_outside_a_demo(
    alice: Recipient, bob: Recipient, settings: Settings, path: str
) -> None:
    settings.NOTIFYHUB_DEMO = False
    outside = [visitor(one).get(path, follow=True).status_code for one in (alice, bob)]
    settings.NOTIFYHUB_DEMO = True

    assert outside == [200, 403]
    assert visitor(bob).get(path, follow=True).status_code == 200
    assert Client().get(path).headers["Location"].startswith("/sign-in/")


def test_who_runs_the_site_sees_every_catcher(alice: Recipient, mallory: Recipient) -> None:
    send(signed())
    operator = Client()
    operator.force_login(get_user_model().objects.create_superuser("root"))

    assert "Hello, Bob" in words(operator.get("/catcher/", follow=True))
    assert "No channel of this tenant leads here yet" in words(operator.get("/catcher/globex/"))


def test_nobody_of_that_name_has_webhooks(acme: Tenant) -> None:
    assert send(signed(), to="/catcher/nobody/").status_code == 404
    assert CAUGHT.newest_first() == []


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(acme: Tenant, method: str) -> None:
    verb: Any = getattr(Client(), method)

    assert verb(HERE).status_code == 405
