"""`workflows/{key}/simulate/`: a play over HTTP."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Recipient, Scope, Tenant
from preferences.models import Choice
from tests.cast import api_key, with_key
from workflows.api.simulation import AT_ONCE
from workflows.models import Run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hello")]
URL = "/api/v1/workflows/hello/simulate/"
START = "2026-03-02T09:00:00Z"
DRAFT = {
    "name": "Draft",
    "sample": {"n": 7},
    "steps": [
        {"kind": "send", "channel": "inbox", "template": {"title": "No {{ payload.n }}"}},
        {"kind": "delay", "seconds": 3600},
        {"kind": "send", "channel": "email", "template": {"title": "Still"}, "skip_if_read": True},
    ],
}


@pytest.fixture
def server(acme: Tenant) -> APIClient:
    return with_key(api_key(acme, Scope.READ))


def lines(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    said = (
        " ".join(one.get(name, "") for name in ("person", "what", "channel", "title", "reason", "until"))
        for one in answer.json()["entries"]
    )
    return [" ".join(line.split()) for line in said]


def test_what_is_published_is_played(server: APIClient) -> None:
    event = {"kind": "trigger", "payload": {"name": "Ada"}}

    answer = server.post(URL, {"start": START, "events": [event]}, format="json")

    assert lines(answer) == ["triggered", "p1 sent inbox Hello Ada", "p1 ended done"]
    assert answer.json()["finished"] is True
    assert not Run.objects.across_tenants().exists()


def test_a_draft_is_played_in_its_place(server: APIClient) -> None:
    asked = {
        "definition": DRAFT,
        "start": START,
        "people": [{"user": "a"}, {"user": "b", "wishes": [{"channel": "email"}]}, {"user": "c"}],
        "events": [{"kind": "trigger"}, {"kind": "read", "user": "a", "after": 60}],
        "failures": [{"user": "c", "channel": "email", "code": "address", "permanent": True}],
    }

    answer = server.post(URL, asked, format="json")

    told = [line for line in lines(answer) if "email" in line]
    assert told == [
        "a skipped email read",
        "b skipped email off_by_channel",
        "c sent email Still",
        "c failed email Still address",
    ]


def test_a_real_person_plays_with_their_preferences(server: APIClient, bob: Recipient) -> None:
    Choice.objects.create(tenant=bob.tenant, recipient=bob, kind="inbox", wanted=False)

    answer = server.post(URL, {"people": [{"copy": "bob"}]}, format="json")

    assert "bob skipped inbox off_by_channel" in lines(answer)


def test_a_run_is_cancelled_and_another_version_published(server: APIClient) -> None:
    events = [
        {"kind": "trigger"},
        {"kind": "cancel", "after": 60},
        {"kind": "publish", "after": 60, "definition": {"steps": DRAFT["steps"][:1]}},
        {"kind": "trigger", "after": 120, "payload": {"n": 8}},
    ]

    answer = server.post(URL, {"definition": DRAFT, "events": events}, format="json")

    assert [line for line in lines(answer) if "sent" in line or "cancelled" in line] == [
        "p1 sent inbox No 7", "cancelled", "p1 ended cancelled", "p1 sent inbox No 8",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "status", "code", "where"),
    [
        ({"count": 2, "people": [{"user": "a"}]}, 400, "invalid", ""),
        ({"count": 1001}, 400, "invalid", "count"),
        ({"people": [{"user": "a", "copy": "b"}]}, 400, "invalid", ""),
        ({"people": [{"copy": "nobody"}]}, 400, "bad_request", "nobody"),
        ({"events": [{"kind": "dance"}]}, 400, "invalid", ""),
        ({"events": [{"kind": "read"}]}, 400, "invalid", ""),
        ({"definition": {"steps": [{"kind": "dance"}]}}, 400, "invalid_definition", "0"),
        ({"definition": {"spets": []}}, 400, "invalid_definition", ""),
        ({"failures": [{"code": "mood"}]}, 400, "invalid", ""),
        ({"days": 1000}, 400, "invalid", "days"),
        ({"start": "9999-12-31T23:30:00Z"}, 400, "bad_request", "start"),
        ({"start": "0001-01-01T00:00:00Z"}, 400, "bad_request", "start"),
        ({"pepole": 1}, 400, "invalid", "pepole"),
        ({"count": 1000, "events": [{"kind": "trigger"}] * 9}, 422, "too_much", ""),
    ],
)
def test_what_cannot_be_played_is_a_problem(server: APIClient, asked: Any, status: int, code: str, where: str) -> None:
    answer = server.post(URL, asked, format="json")

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert where in answer.json().get("errors", {"": ""}) or not where


def test_a_workflow_that_is_not_there_is_404(server: APIClient) -> None:
    assert server.post("/api/v1/workflows/nope/simulate/", {}, format="json").status_code == 404


def test_triggering_alone_does_not_allow_to_look_at_people(acme: Tenant) -> None:
    client = with_key(api_key(acme, Scope.TRIGGER))

    assert client.post(URL, {}, format="json").status_code == 403


def test_more_than_two_at_once_have_to_wait(server: APIClient) -> None:
    with AT_ONCE, AT_ONCE:
        answer = server.post(URL, {}, format="json")

    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (429, "busy", "2")
    assert server.post(URL, {}, format="json").status_code == 200


def test_a_silence_begins_and_is_ended_in_a_simulation(server: APIClient) -> None:
    about = {"name": "Works", "reason": "x", "matcher": {"workflows": ["*"]}, "ends_at": "2026-03-09T09:00:00Z"}
    events = [
        {"kind": "silence", "silence": about},
        {"kind": "trigger"},
        {"kind": "expire", "name": "Works", "after": 60},
        {"kind": "trigger", "after": 120, "payload": {"name": "Ada"}},
    ]

    told = lines(server.post(URL, {"start": START, "events": events}, format="json"))

    assert [line for line in told if "inbox" in line] == ["p1 skipped inbox silenced", "p1 sent inbox Hello Ada"]
