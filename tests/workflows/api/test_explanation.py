"""`explain/` over HTTP: who may ask about whom, and what they hear."""

import pytest
from rest_framework.test import APIClient

from notifications.models import Recipient, Scope, Tenant
from preferences.models import Choice
from tests.cast import api_key, run_named, with_key
from workflows import engine
from workflows.models import Outcome, Run
from workflows.trigger import trigger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hello")]
FUTURE = "/api/v1/workflows/hello/explain/"


@pytest.fixture
def run(acme: Tenant, bob: Recipient) -> Run:
    name = trigger("hello", tenant=acme, recipients=[bob], payload={"name": "Ada"}, transaction_id="r").transaction_id
    engine.drain()
    return run_named(name)


def url(run: Run, user: str = "") -> str:
    return f"/api/v1/runs/{run.transaction_id}/explain/" + (f"?recipient={user}" if user else "")


def test_an_admin_may_ask_about_anybody(as_alice: APIClient, run: Run) -> None:
    answer = as_alice.get(url(run, "bob"))

    assert answer.status_code == 200
    assert (answer.json()["user"], answer.json()["told"], answer.json()["outside"]) == ("bob", True, False)
    assert answer.json()["sentences"][1] == {
        "code": "posted",
        "text": "Inbox: “Hello Ada” was put there.",
        "step": "0",
        "channel": "inbox",
        "at": answer.json()["sentences"][1]["at"],
        "until": None,
        "detail": "",
        "run": "",
    }
    assert as_alice.get(url(run, "alice")).json()["outside"] is True


def test_so_may_a_key_that_reads(acme: Tenant, run: Run) -> None:
    reads, triggers = (with_key(api_key(acme, scope)) for scope in (Scope.READ, Scope.TRIGGER))

    assert reads.get(url(run, "bob")).status_code == 200
    assert triggers.get(url(run, "bob")).status_code == 403


def test_a_person_may_ask_about_themselves(as_bob: APIClient, run: Run) -> None:
    assert as_bob.get(url(run)).json()["told"] is True
    assert as_bob.get(url(run, "bob")).status_code == 200
    assert as_bob.get(url(run, "alice")).status_code == 403


def test_a_person_learns_nothing_of_runs_that_did_not_concern_them(as_bob: APIClient, alice: Recipient) -> None:
    trigger("hello", tenant=alice.tenant, recipients=[alice], payload={"name": "Ada"}, transaction_id="secret")
    engine.drain()

    answers = [as_bob.get(f"/api/v1/runs/{name}/explain/") for name in ("secret", "no-such-run")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


def test_what_broke_inside_is_for_whoever_runs_the_tenant(as_alice: APIClient, as_bob: APIClient, run: Run) -> None:
    Outcome.objects.update(reason="crash", detail="KeyError: 'secret'")

    assert as_alice.get(url(run, "bob")).json()["sentences"][-1]["detail"] == "KeyError: 'secret'"
    assert as_bob.get(url(run)).json()["sentences"][-1]["detail"] == ""


def test_people_and_runs_that_are_not_there_are_404(as_alice: APIClient, run: Run) -> None:
    assert as_alice.get(url(run, "nobody")).status_code == 404
    assert as_alice.get("/api/v1/runs/none/explain/").status_code == 404


def test_a_key_names_whom_it_asks_about(acme: Tenant, run: Run) -> None:
    assert with_key(api_key(acme, Scope.READ)).get(url(run)).status_code == 404


def test_what_would_happen(as_alice: APIClient, bob: Recipient) -> None:
    Choice.objects.create(tenant=bob.tenant, recipient=bob, wanted=False)

    answer = as_alice.get(FUTURE, {"recipient": "bob", "at": "2026-03-02T09:00:00Z"})

    assert answer.status_code == 200
    assert [one["code"] for one in answer.json()["sentences"]] == ["off_by_everything", "done"]
    for at in ("soon", "9999-12-31T23:30:00Z", "0001-01-01T00:00:00Z"):
        refused = as_alice.get(FUTURE, {"recipient": "bob", "at": at})
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["at"])
    assert as_alice.get("/api/v1/workflows/nope/explain/", {"recipient": "bob"}).status_code == 404
