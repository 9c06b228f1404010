"""Devices over HTTP, and the service worker that browsers fetch."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from channels_delivery import devices
from channels_delivery.push.vapid import identity_of
from notifications.edges import issue_token
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Scope, Tenant
from tests.cast import api_key, with_key
from tests.channels_delivery.push_service import SITE, PushService

pytestmark = pytest.mark.django_db
URL = "/api/v1/push/"


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    with PushService() as one:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": one.site}
        yield one


def test_a_browser_gets_the_public_key(as_bob: APIClient, service: PushService) -> None:
    public = identity_of(SITE["VAPID_PRIVATE_KEY"], SITE["VAPID_SUBJECT"]).public

    told = as_bob.get(f"{URL}vapid-public-key/").json()

    assert told["public_key"] == public
    assert told.keys() <= {"public_key", "csrf_token"}
    assert SITE["VAPID_PRIVATE_KEY"] != public


def test_without_a_key_it_says_what_to_do(as_bob: APIClient, settings: Any) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {}}

    answer = as_bob.get(f"{URL}vapid-public-key/")

    assert (answer.status_code, answer.json()["code"]) == (409, "no_vapid_key")
    assert "notifyhub_vapid" in answer.json()["detail"]


def test_a_device_comes_is_named_and_goes(as_bob: APIClient, service: PushService) -> None:
    device = service.device()
    made = as_bob.post(f"{URL}subscribe/", device.subscription | {"label": "Phone", "expirationTime": None})
    assert made.status_code == 200, made.content
    one = f"{URL}devices/{made.json()['id']}/"

    assert as_bob.patch(one, {"label": "Tablet"}).json()["label"] == "Tablet"
    listed = as_bob.get(f"{URL}devices/")
    assert [found["label"] for found in listed.json()["results"]] == ["Tablet"]
    assert all(key not in f"{made.content!r}{listed.content!r}" for key in device.keys.values())
    assert as_bob.delete(one).status_code == 204
    assert as_bob.delete(one).status_code == 404
    assert as_bob.get(f"{URL}devices/").json() == {"results": []}


def test_another_person_needs_its_keys(as_bob: APIClient, as_alice: APIClient, service: PushService) -> None:
    device = service.device()
    id_ = as_bob.post(f"{URL}subscribe/", device.subscription).json()["id"]
    stranger = service.device("other").keys

    taken = as_alice.post(f"{URL}subscribe/", {"endpoint": device.url, "keys": stranger})
    assert (taken.status_code, taken.json()["code"]) == (409, "device_taken")
    assert as_alice.patch(f"{URL}devices/{id_}/", {"label": "Mine"}).status_code == 404
    assert as_alice.delete(f"{URL}devices/{id_}/").status_code == 404
    assert as_alice.post(f"{URL}unsubscribe/", {"endpoint": device.url}).status_code == 204
    assert len(as_bob.get(f"{URL}devices/").json()["results"]) == 1
    assert as_alice.post(f"{URL}subscribe/", device.subscription).status_code == 200
    assert as_bob.get(f"{URL}devices/").json() == {"results": []}


def test_refreshed_it_keeps_its_name(as_bob: APIClient, service: PushService) -> None:
    old, new = service.device("old"), service.device("new")
    id_ = as_bob.post(f"{URL}subscribe/", old.subscription | {"label": "Phone"}).json()["id"]

    answer = as_bob.post(f"{URL}refresh/", new.subscription | {"old_endpoint": old.url}).json()

    assert (answer["id"], answer["label"]) == (id_, "Phone")


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://evil.example/x", "http://fcm.googleapis.com/x"])
def test_a_foreign_address_is_refused(as_bob: APIClient, service: PushService, url: str) -> None:
    answer = as_bob.post(f"{URL}subscribe/", service.device().subscription | {"endpoint": url})

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"endpoint"}


def test_a_servers_key_has_no_devices(acme: Tenant, service: PushService) -> None:
    assert with_key(api_key(acme, Scope.ADMIN)).get(f"{URL}devices/").status_code == 403


def test_the_worker_may_serve_the_whole_site(client: Any) -> None:
    answer = client.get("/notifyhub-sw.js")

    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert b"pushsubscriptionchange" in answer.content


def test_who_signs_out_takes_along_the_devices_of_that_browser_and_no_other(
    bob: Recipient, service: PushService
) -> None:
    here, there = Client(), Client()
    for browser, name in ((here, "here"), (there, "there")):
        browser.force_login(bob.user)
        made = browser.post(f"{URL}subscribe/", service.device(name).subscription, "application/json")
        assert made.status_code == 200, made.content

    here.post("/sign-out/")

    assert [one.address for one in devices.listed(bob)] == [service.device("there").url]


def test_a_device_goes_with_a_sign_out_though_the_session_it_was_added_in_has_ended(
    bob: Recipient, service: PushService
) -> None:
    browser = Client()
    browser.force_login(bob.user)
    browser.post(f"{URL}subscribe/", service.device().subscription, "application/json")
    browser.session.delete()
    browser.force_login(bob.user)
    assert "notifyhub_devices" not in browser.session

    browser.post("/sign-out/")

    assert devices.listed(bob) == []


def test_of_two_people_at_one_browser_each_signs_out_their_own(
    alice: Recipient, bob: Recipient, service: PushService
) -> None:
    browser = Client()
    for person, name in ((bob, "his"), (alice, "hers")):
        browser.force_login(person.user)
        browser.post(f"{URL}subscribe/", service.device(name).subscription, "application/json")

    browser.post("/sign-out/")

    assert [len(devices.listed(one)) for one in (alice, bob)] == [0, 1]


@pytest.mark.parametrize("secure", [True, False])
def test_a_browser_keeps_which_device_it_is_where_no_script_reads_it(
    bob: Recipient, service: PushService, settings: Any, secure: bool
) -> None:
    settings.SESSION_COOKIE_SECURE = secure
    browser = Client()
    browser.force_login(bob.user)
    old, new = service.device("old"), service.device("new")

    for path, given in (("subscribe", old.subscription), ("refresh", new.subscription | {"old_endpoint": old.url})):
        kept = browser.post(f"{URL}{path}/", given, "application/json").cookies["notifyhub_devices"]
        assert (kept["httponly"], kept["samesite"], bool(kept["secure"])) == (True, "Lax", secure)
        assert kept["max-age"] >= 180 * 86_400


def test_a_cookie_of_somebodys_own_making_removes_nothing(bob: Recipient, service: PushService) -> None:
    row = devices.subscribe(bob, service.device().url, service.device().keys, now=db_now())
    browser = Client()
    browser.force_login(bob.user)
    browser.cookies["notifyhub_devices"] = row.public_id.hex

    browser.post("/sign-out/")

    assert len(devices.listed(bob)) == 1


def test_a_caller_with_a_token_is_given_no_cookie(bob: Recipient, service: PushService) -> None:
    token, _ = issue_token(bob, key=None, now=db_now())
    answer = Client(headers={"Authorization": f"Bearer {token}"}).post(
        f"{URL}subscribe/", service.device().subscription, "application/json"
    )

    assert (answer.status_code, list(answer.cookies)) == (200, [])


def test_what_somebody_else_took_over_meanwhile_stays_theirs(
    alice: Recipient, bob: Recipient, service: PushService
) -> None:
    first, second = Client(), Client()
    for browser, person in ((first, bob), (second, alice)):
        browser.force_login(person.user)
        browser.post(f"{URL}subscribe/", service.device().subscription, "application/json")

    first.post("/sign-out/")

    assert [one.address for one in devices.listed(alice)] == [service.device().url]
