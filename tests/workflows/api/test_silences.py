"""`silences/` over HTTP: begun, listed, changed by replacing, ended, and seen beforehand."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Scope, Tenant
from tests.cast import api_key, with_key
from workflows import engine
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
URL = "/api/v1/silences/"
GOING = {"workflows": ["device.down"], "equal": ["payload.device"], "seconds": 600.0}


def said(**given: Any) -> dict[str, Any]:
    plain = {"name": "Works", "reason": "New switches", "matcher": {"workflows": ["hello"]}}
    return {**plain, "ends_at": (db_now() + timedelta(hours=1)).isoformat(), **given}


def names(client: APIClient, **query: Any) -> list[str]:
    return [one["name"] for one in client.get(URL, query).json()["results"]]


@pytest.fixture
def server(acme: Tenant) -> APIClient:
    return with_key(api_key(acme, Scope.ADMIN))


def test_one_is_begun_looked_at_and_ended(server: APIClient) -> None:
    made = server.post(URL, said(), format="json")
    one = f"{URL}{made.json()['id']}/"

    ended = server.post(f"{one}expire/").json()

    assert (made.status_code, made.json()["state"], made.json()["owner"]) == (201, "active", "API key test")
    assert (ended["state"], ended["expired_by"]) == ("ended", "API key test")
    assert server.get(one).json() == ended
    assert server.post(f"{one}expire/").json()["code"] == "ended"


def test_a_change_makes_another_and_keeps_what_is_not_named(server: APIClient) -> None:
    old = server.post(URL, said(while_active=GOING, calendar={"week": {"mon": [["09:00", "24:00"]]}}), format="json")

    new = server.patch(f"{URL}{old.json()['id']}/", {"reason": "Longer", "ends_at": None}, format="json").json()

    before = server.get(f"{URL}{old.json()['id']}/").json()
    assert (new["replaces"], new["reason"], new["ends_at"]) == (before["id"], "Longer", None)
    assert {name: new[name] for name in ("name", "matcher", "while_active", "calendar")} == {
        name: before[name] for name in ("name", "matcher", "while_active", "calendar")
    }
    assert (before["state"], before["reason"]) == ("ended", "New switches")
    assert server.patch(f"{URL}{before['id']}/", {"reason": "Again"}, format="json").status_code == 409


def test_they_are_listed_the_newest_first_by_kind_and_by_whether_they_are_over(server: APIClient) -> None:
    first = server.post(URL, said(name="first"), format="json").json()
    server.post(URL, said(name="second", while_active=GOING), format="json")
    server.post(f"{URL}{first['id']}/expire/")

    assert names(server) == ["second", "first"]
    assert names(server, inhibitions="true") == names(server, over="false") == ["second"]
    assert names(server, inhibitions="false") == names(server, over="true") == ["first"]
    assert server.get(URL, {"over": "perhaps"}).status_code == 400


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"matcher": {}}, "matcher"),
        ({"matcher": {"workflow": ["a"]}}, "matcher.workflow"),
        ({"ends_at": None}, "ends_at"),
        ({"calendar": {"week": {"someday": []}}}, "calendar.week"),
        ({"while_active": {"workflows": ["a"], "equal": ["device"]}}, "while_active.equal"),
        ({"until": "later"}, "until"),
    ],
)
def test_what_is_wrong_is_said_by_field_and_nothing_is_kept(server: APIClient, given: Any, where: str) -> None:
    answer = server.post(URL, said(**given), format="json")

    assert answer.status_code == 400
    assert where in answer.json()["errors"]
    assert names(server) == []


def test_what_it_would_hit_is_told_to_whoever_may_read_and_nothing_is_kept(
    acme: Tenant, alice: Recipient, hello: None
) -> None:
    reader = with_key(api_key(acme, Scope.READ))
    name = trigger("hello", tenant=acme, recipients=[alice]).transaction_id
    engine.drain()

    found = reader.post(f"{URL}preview/?days=1", said(), format="json").json()

    assert found == {
        "days": 1,
        "runs": 1,
        "people": 1,
        "waiting": 0,
        "estimated": False,
        "workflows": [{"workflow": "hello", "runs": 1}],
        "examples": [name],
    }
    assert names(reader) == []
    assert reader.post(f"{URL}preview/?days=99", said(), format="json").status_code == 400
