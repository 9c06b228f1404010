"""Places of people's own over HTTP."""

import pytest
from rest_framework.test import APIClient

from channels_delivery.models import Endpoint
from channels_delivery.own.codes import TRIES
from notifications.models import Recipient, Tenant

from ..own import *  # noqa: F403  Bob has an address of the host, and there is a receiver
from ..own import MAIL, add, code_for
from ..receiver import Receiver

URL = "/api/v1/endpoints/"


pytestmark = pytest.mark.django_db


def test_a_place_comes_and_goes(as_bob: APIClient, bob: Recipient) -> None:
    made = as_bob.post(URL, {"kind": "email", "address": MAIL, "label": "Home"}, format="json")
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["issued_secrets"]) == ("awaits_code", {})
    one = f"{URL}{made.json()['id']}/"
    wrong = as_bob.post(f"{one}verify/", {"code": "nonsense"}, format="json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "wrong_code")
    again = as_bob.post(f"{one}code/")
    assert (again.status_code, again.json()["code"]) == (429, "code_just_sent")
    assert int(again["Retry-After"]) > 0
    right = as_bob.post(f"{one}verify/", {"code": code_for(Endpoint.objects.get(tenant=bob.tenant_id))}, format="json")
    assert right.json()["state"] == "on"
    assert as_bob.patch(one, {"label": "At home"}, format="json").json()["label"] == "At home"
    found = as_bob.get(URL).json()
    assert [row["address"] for row in found["results"]] == [MAIL]
    assert {kind["kind"]: kind["takes"] for kind in found["kinds"]} == {
        "email": "email", "slack": "url", "teams": "url", "webhook": "url"
    }  # fmt: skip
    assert as_bob.delete(one).status_code == 204
    assert as_bob.delete(one).status_code == 404


def test_a_wrong_code_counts_although_the_request_fails(as_bob: APIClient, bob: Recipient) -> None:
    row = add(bob)
    as_bob.post(f"{URL}{row.public_id}/verify/", {"code": "12"}, format="json")

    row.refresh_from_db()
    assert row.code_tries == TRIES - 1


def test_secrets_are_shown_once(as_bob: APIClient, receiver: Receiver) -> None:
    made = as_bob.post(URL, {"kind": "webhook", "address": f"{receiver.origin}/mine?token=abc"}, format="json")
    [secret] = made.json()["issued_secrets"]["signing"]
    listed = as_bob.get(URL).content.decode()

    assert secret.startswith("whsec_")
    assert secret not in listed
    assert "abc" not in listed


def test_settings_are_those_of_the_kind(as_bob: APIClient) -> None:
    url = "https://prod.example.com/flow"
    wrong = as_bob.post(URL, {"kind": "teams", "address": url, "settings": {"shape": "round"}}, format="json")
    assert "settings.shape" in wrong.json()["errors"]
    right = as_bob.post(URL, {"kind": "teams", "address": url, "settings": {"shape": "card"}}, format="json")
    assert right.status_code == 201


def test_a_servers_key_has_no_places(acme: Tenant) -> None:
    from tests.cast import api_key, with_key

    assert with_key(api_key(acme, "admin")).get(URL).status_code == 403
