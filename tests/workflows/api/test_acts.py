"""`runs/…/acknowledge/` and `events/` over HTTP: people act for themselves, servers and admins for anybody."""

import pytest
from rest_framework.test import APIClient

from notifications.models import Recipient, Scope, Tenant
from tests.cast import Publish, api_key, titles, with_key, workflow
from workflows import engine
from workflows.define import send_inbox, wait_for
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
URL = "/api/v1/runs/T/acknowledge/"


@pytest.fixture(autouse=True)
def t(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t", wait_for("acknowledged", hours=1), send_inbox(title="thanks")))
    trigger("t", tenant=acme, recipients=[bob], transaction_id="T")
    engine.drain()


def test_a_person_acknowledges_for_themself(as_bob: APIClient, bob: Recipient) -> None:
    said = [as_bob.post(URL).json() for _ in range(2)]
    engine.drain()

    assert [(one["by"], one["first"]) for one in said] == [("bob", True), ("bob", False)]
    assert said[0]["at"] == said[1]["at"]
    assert titles(bob) == ["thanks"]


def test_not_what_they_were_not_told(as_alice: APIClient) -> None:
    answer = as_alice.post(URL)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_told")


def test_a_member_does_not_speak_for_another(as_bob: APIClient, alice: Recipient) -> None:
    assert as_bob.post(URL, {"recipient": {"user": "alice"}}, format="json").status_code == 403


def test_a_server_and_an_admin_say_who(acme: Tenant, as_alice: APIClient) -> None:
    server = with_key(api_key(acme, Scope.TRIGGER))
    body = {"recipient": {"user": "bob"}}

    assert server.post(URL, body, format="json").json()["by"] == "bob"
    assert as_alice.post(URL, body, format="json").json()["first"] is False


@pytest.mark.parametrize("body", [{}, {"recipient": {"role": "admin"}}, {"recipient": {"user": "nobody"}}, {"who": 1}])
def test_a_server_that_names_nobody_is_told_what_to_do(acme: Tenant, body: dict[str, object]) -> None:
    answer = with_key(api_key(acme, Scope.TRIGGER)).post(URL, body, format="json")

    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_an_unknown_run(as_bob: APIClient) -> None:
    assert as_bob.post("/api/v1/runs/other/acknowledge/").json()["code"] == "unknown_run"


def test_a_server_says_what_happened(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("e", wait_for("event", event="paid", match="id", hours=1), send_inbox(title="paid")))
    trigger("e", tenant=acme, recipients=[bob], payload={"id": 7})
    engine.drain()
    server = with_key(api_key(acme, Scope.TRIGGER))

    said = [server.post("/api/v1/events/", {"event": "paid", "payload": {"id": n}}, format="json") for n in (6, 7)]
    engine.drain()

    assert [one.json() for one in said] == [{"runs": 0}, {"runs": 1}]
    assert titles(bob) == ["paid"]


@pytest.mark.parametrize("body", [{}, {"event": ""}, {"event": "x", "payload": 1}, {"event": "x", "other": 1}])
def test_an_event_that_is_none_is_refused(acme: Tenant, body: dict[str, object]) -> None:
    assert with_key(api_key(acme, Scope.TRIGGER)).post("/api/v1/events/", body, format="json").status_code == 400
