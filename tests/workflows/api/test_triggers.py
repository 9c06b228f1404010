"""`trigger/` over HTTP: the same rules as in Python, said as problems."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from notifications.models import Recipient, Scope, Tenant
from notifications.targets import follow
from tests.cast import Publish, api_key, crowd, run_named, titles, with_key, workflow
from workflows import engine
from workflows.define import condition, delay, escalate, fetch, level, send_inbox
from workflows.models import Run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hello")]
URL, BULK = "/api/v1/trigger/", "/api/v1/trigger/bulk/"


@pytest.fixture
def server(acme: Tenant) -> APIClient:
    return with_key(api_key(acme, Scope.TRIGGER))


def runs() -> int:
    return Run.objects.across_tenants().count()


def test_from_a_post_to_an_inbox(server: APIClient, alice: Recipient) -> None:
    answer = server.post(URL, {"workflow": "hello", "payload": {"name": "Ada"}, "recipients": [{"user": "alice"}]})

    engine.drain()
    run = run_named(answer.json()["transaction_id"])
    assert answer.status_code == 202
    assert answer.json() == {
        "transaction_id": run.transaction_id,
        "run": str(run.public_id),
        "status": "pending",
        "recipients": {"people": 1, "topics": 0, "roles": [], "everyone": False, "followers": False, "addresses": 0},
        "duplicate": False,
    }
    assert titles(alice) == ["Hello Ada"]


def test_an_admin_may_trigger_from_a_session(as_alice: APIClient) -> None:
    assert as_alice.post(URL, {"workflow": "hello"}).status_code == 202


def test_the_same_key_and_body_get_the_first_answer_again(server: APIClient) -> None:
    for header in ({"HTTP_IDEMPOTENCY_KEY": "k"}, {"HTTP_IDEMPOTENCY_KEY": "k"}):
        last = server.post(URL, {"workflow": "hello"}, **header)

    assert (last.status_code, last.headers["Idempotency-Replay"], last.json()["duplicate"]) == (202, "true", True)
    assert runs() == 1


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_would_start_at_the_end_of_the_calendar_is_refused(
    server: APIClient, publish: Publish, dry_run: bool
) -> None:
    publish(workflow("later", delay(days=366), send_inbox(title="x")))

    at = [
        server.post(URL, {"workflow": "later", "at": f"{year}-12-31T23:30:00Z", "dry_run": dry_run})
        for year in ("0001", 8999, 9000, 9999)
    ]

    assert [answer.status_code for answer in at] == [200 if dry_run else 202] * 2 + [400] * 2
    assert at[3].json()["errors"] == {"at": "Lies before the year 9000."}


def test_a_first_answer_is_not_marked_as_a_replay(server: APIClient) -> None:
    assert "Idempotency-Replay" not in server.post(URL, {"workflow": "hello", "idempotency_key": "k"}).headers


def test_header_and_field_are_the_same_key_and_may_not_differ(server: APIClient) -> None:
    server.post(URL, {"workflow": "hello"}, HTTP_IDEMPOTENCY_KEY="k")

    same = server.post(URL, {"workflow": "hello", "idempotency_key": "k"})
    both = server.post(URL, {"workflow": "hello", "idempotency_key": "k"}, HTTP_IDEMPOTENCY_KEY="k")
    other = server.post(URL, {"workflow": "hello", "idempotency_key": "k"}, HTTP_IDEMPOTENCY_KEY="l")

    assert [same.json()["duplicate"], both.json()["duplicate"], other.status_code] == [True, True, 400]


def test_the_same_key_with_another_body_is_422(server: APIClient) -> None:
    server.post(URL, {"workflow": "hello"}, HTTP_IDEMPOTENCY_KEY="k")

    answer = server.post(URL, {"workflow": "hello", "payload": {"other": 1}}, HTTP_IDEMPOTENCY_KEY="k")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("broken", [{"workflow": "no.such"}, {"recipients": [{"user": "nobody"}]}, {"unknown": 1}])
def test_a_refused_request_does_not_burn_its_key(server: APIClient, broken: dict[str, Any]) -> None:
    refused = server.post(URL, {"workflow": "hello"} | broken, HTTP_IDEMPOTENCY_KEY="k")

    assert refused.status_code in {400, 404}
    assert server.post(URL, {"workflow": "hello"}, HTTP_IDEMPOTENCY_KEY="k").json()["duplicate"] is False


def test_a_taken_name_is_409_and_says_when_to_try_again(server: APIClient) -> None:
    server.post(URL, {"workflow": "hello", "transaction_id": "T"})

    answer = server.post(URL, {"workflow": "hello", "transaction_id": "T"})

    assert (answer.status_code, answer.json()["code"]) == (409, "transaction_id_taken")


def test_a_dry_run_is_200_and_writes_nothing(server: APIClient, alice: Recipient) -> None:
    answer = server.post(URL, {"workflow": "hello", "dry_run": True})

    assert (answer.status_code, answer.json()["people"], runs()) == (200, 1, 0)
    assert answer.json()["first"] == [{"id": str(alice.public_id), "user": "alice", "name": "Alice"}]
    assert answer.json()["messages"] == 1


def test_where_people_are_and_what_they_would_get_takes_the_right_to_read(as_alice: APIClient) -> None:
    answer = as_alice.post(URL, {"workflow": "hello", "dry_run": True}, format="json").json()

    assert (answer["first"][0]["zone"], answer["first"][0]["channels"]) == ("UTC", ["inbox"])
    assert answer["sends"][0]["people"] == 1


def test_a_dry_run_keeps_back_texts_and_header_fields(server: APIClient, publish: Publish) -> None:
    secret, other = (
        fetch(name, "https://api.example.com/", headers={"Authorization": "Bearer canary"}) for name in "xy"
    )
    hidden = escalate(level(send_inbox(title="canary"), minutes=5))
    publish(workflow("t.secret", secret, condition({"exists": "payload.n"}, then=[other]), hidden))

    answer = server.post(URL, {"workflow": "t.secret", "dry_run": True})

    assert answer.status_code == 200
    assert "canary" not in answer.content.decode()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no workflow": ({"workflow": None}, "workflow"),
    "an unknown field": ({"recipient": [{"user": "alice"}]}, "recipient"),
    "a tenant": ({"tenant": "globex"}, "tenant"),
    "a status": ({"status": "sent"}, "status"),
    "a payload of text": ({"payload": "x"}, "payload"),
    "a payload that is null": ({"payload": None}, "payload"),
    "recipients of text": ({"recipients": "alice"}, "recipients"),
    "an unknown form of recipient": ({"recipients": [{"who": "alice"}]}, "recipients[0].who"),
    "a recipient in two forms": ({"recipients": [{"user": "alice", "role": "admin"}]}, "recipients[0]"),
    "an empty recipient": ({"recipients": [{}]}, "recipients[0]"),
    "an unknown role": ({"recipients": [{"role": "king"}]}, "role king"),
    "too many recipients": ({"recipients": [{"user": "alice"}] * 10_001}, "recipients"),
    "a time that is none": ({"at": "soon"}, "at"),
    "an actor of others": ({"actor": {"user": "mallory"}}, "user mallory"),
    "a key that is too long": ({"idempotency_key": "k" * 256}, "idempotency_key"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_400_and_named_by_field(server: APIClient, alice: Recipient, case: str) -> None:
    change, field = WRONG[case]

    answer = server.post(URL, {"workflow": "hello", **change})

    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (400, 400)
    assert any(name.startswith(field) for name in problem["errors"]), problem
    assert runs() == 0


def test_ad_hoc_addresses_are_refused_with_a_basic_key(server: APIClient) -> None:
    """The trigger is no relay."""
    answer = server.post(URL, {"workflow": "hello", "recipients": [{"email": "victim@example.com"}]})

    assert answer.status_code in {400, 403}
    assert runs() == 0


def test_an_unknown_workflow_is_404(server: APIClient) -> None:
    answer = server.post(URL, {"workflow": "no.such"})

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_workflow")


def test_each_of_many_has_its_own_answer(server: APIClient, alice: Recipient) -> None:
    triggers: list[Any] = [
        {"workflow": "hello"},
        {"workflow": "no.such"},
        {"workflow": "hello", "unknown": 1},
        {"workflow": "hello", "dry_run": True},
        {"workflow": "hello", "idempotency_key": "k"},
        {"workflow": "hello", "idempotency_key": "k"},
    ]

    results = server.post(BULK, {"triggers": triggers}).json()["results"]

    assert [one["status_code"] for one in results] == [202, 404, 400, 400, 202, 202]
    assert [one.get("duplicate") for one in results] == [False, None, None, None, False, True]
    assert runs() == 2


@pytest.mark.parametrize("body", [{}, {"triggers": []}, {"triggers": [1]}, {"triggers": [{}] * 1001}, {"other": 1}, []])
def test_a_bulk_call_that_is_none_is_400(server: APIClient, body: Any) -> None:
    assert server.post(BULK, body, format="json").status_code == 400


def test_a_thousand_in_one_call(server: APIClient, acme: Tenant) -> None:
    crowd(acme, 1000)
    triggers = [
        {"workflow": "hello", "recipients": [{"user": f"p{n}"}], "payload": {"name": str(n)}} for n in range(1000)
    ]

    answer = server.post(BULK, {"triggers": triggers})

    assert {one["status_code"] for one in answer.json()["results"]} == {202}
    assert runs() == 1000


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{workflow: hello}",
    "a list": b'[{"workflow": "hello"}]',
    "a text": b'"hello"',
    "null": b"null",
    "not a number": b'{"workflow": "hello", "payload": {"a": NaN}}',
    "infinity": b'{"workflow": "hello", "payload": {"a": Infinity}}',
    "a number beyond all": b'{"workflow": "hello", "payload": {"a": 1e999}}',
    "minus a number beyond all": b'{"workflow": "hello", "payload": {"a": -1e999}}',
    "digits without end": b'{"workflow": "hello", "payload": {"a": ' + b"9" * 10_000 + b"}}",
    "no UTF-8": b'{"workflow": "hello\xff"}',
    "UTF-16": '{"workflow": "hello"}'.encode("utf-16"),
    "a lone surrogate in the payload": b'{"workflow": "hello", "payload": {"a": "\\ud800"}}',
    "a lone surrogate in the workflow": b'{"workflow": "\\ud800"}',
    "a lone surrogate in a recipient": b'{"workflow": "hello", "recipients": [{"user": "\\udfff"}]}',
    "a lone surrogate in a field": b'{"workflow": "hello", "\\ud800": 1}',
    "a lone surrogate in a name": b'{"workflow": "hello", "transaction_id": "\\ud800"}',
    "NUL in the workflow": b'{"workflow": "hello\\u0000"}',
    "NUL in the payload": b'{"workflow": "hello", "payload": {"a": ["\\u0000"]}}',
    "NUL in a key of the payload": b'{"workflow": "hello", "payload": {"\\u0000": 1}}',
    "NUL in a recipient": b'{"workflow": "hello", "recipients": [{"user": "a\\u0000"}]}',
    "200,000 nested lists": b'{"payload": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "200,000 open lists": b"[" * 200_000,
    "deep objects": b'{"workflow": "hello", "payload": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
    "more than 512 KB of payload": b'{"workflow": "hello", "payload": {"a": "' + b"x" * 530_000 + b'"}}',
    "10,001 keys": json.dumps({"workflow": "hello", "payload": {str(n): n for n in range(10_001)}}).encode(),
    "a key twice with a surprise": b'{"workflow": "hello", "payload": {}, "payload": "x"}',
}


@pytest.mark.parametrize("case", BODIES)
@pytest.mark.parametrize("url", [URL, BULK])
def test_a_body_that_is_no_acceptable_json_is_refused(server: APIClient, case: str, url: str) -> None:
    answer = server.generic("POST", url, BODIES[case], content_type="application/json")

    assert answer.status_code in {400, 404, 413}, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert runs() == 0


def test_a_body_that_is_larger_than_any_call_is_413(server: APIClient) -> None:
    body = b'{"workflow": "hello", "payload": {"a": "' + b"x" * 9_000_000 + b'"}}'

    assert server.generic("POST", URL, body, content_type="application/json").status_code == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_an_encoded_body_is_not_decoded(server: APIClient, encoding: str) -> None:
    answer = server.generic(
        "POST", URL, b'{"workflow": "hello"}', content_type="application/json", HTTP_CONTENT_ENCODING=encoding
    )

    assert answer.status_code in {400, 415}
    assert runs() == 0


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/xml"]
)
def test_another_kind_of_body_is_415(server: APIClient, kind: str) -> None:
    assert server.generic("POST", URL, b'{"workflow": "hello"}', content_type=kind).status_code == 415
    assert runs() == 0


@pytest.mark.parametrize(
    "body",
    [
        b'\t{"workflow"\n: "hello", "payload": {"a": [[[[1.5e10]]]], "b": "\\ud83d\\ude00 [[[[[[ {{{{{"}}',
        json.dumps({"workflow": "hello", "payload": {"a": "[" * 100 + '\\"' + "{" * 100}}).encode(),
        b'{"workflow": "hello", "payload": {"a": "\\\\u0000 \\\\ud800 \\u00e4"}}',
        json.dumps({"workflow": "hello", "payload": {"wide": [[]] * 5000}}).encode(),
    ],
)
def test_odd_but_right_json_is_taken(server: APIClient, body: bytes) -> None:
    answer = server.generic("POST", URL, body, content_type="application/json")

    assert answer.status_code == 202, answer.content


def test_an_hour_is_not_lost_on_the_way(server: APIClient) -> None:
    answer = server.post(URL, {"workflow": "hello", "at": "2100-06-01T12:00:00+02:00"})

    run = run_named(answer.json()["transaction_id"])
    assert run.start_at.isoformat() == "2100-06-01T10:00:00+00:00"
    assert run.start_at - run.created_at > timedelta(days=365)


def test_the_statements_of_one_call_are_few(
    server: APIClient, alice: Recipient, django_assert_max_num_queries: Any
) -> None:
    server.post(URL, {"workflow": "hello"})

    with django_assert_max_num_queries(12, connection=connection):
        server.post(URL, {"workflow": "hello", "recipients": [{"user": "alice"}]}, HTTP_IDEMPOTENCY_KEY="k")


def test_an_address_takes_the_scope_for_it(acme: Tenant, server: APIClient) -> None:
    body = {"workflow": "hello", "recipients": [{"email": "x@example.org", "name": "Xenia"}]}

    refused = server.post(URL, body)
    tried = server.post(URL, {**body, "dry_run": True})
    several = server.post(BULK, {"triggers": [body, {"workflow": "hello"}]})
    allowed = with_key(api_key(acme, Scope.TRIGGER, Scope.ADDRESSES)).post(URL, body)

    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert "x@example.org" in refused.json()["errors"]
    assert "scope `addresses`" in refused.json()["detail"]
    assert tried.status_code == 403
    assert [one["status_code"] for one in several.json()["results"]] == [403, 202]
    assert (allowed.status_code, allowed.json()["recipients"]["addresses"]) == (202, 1)


@pytest.mark.parametrize(
    "recipient",
    [
        {"email": "nobody"},
        {"email": "x@example.org", "zone": "Moon/Base"},
        {"email": "x@example.org", "user": "bob"},
        {"user": "bob", "name": "Bob"},
        {"followers": True},
        {"followers": False},
    ],
)
def test_a_recipient_that_is_not_understood_is_refused(acme: Tenant, bob: Recipient, recipient: dict[str, Any]) -> None:
    client = with_key(api_key(acme, Scope.TRIGGER, Scope.ADDRESSES))

    assert client.post(URL, {"workflow": "hello", "recipients": [recipient]}).status_code == 400
    assert runs() == 0


def test_a_trigger_names_its_object_and_its_followers(server: APIClient, alice: Recipient, bob: Recipient) -> None:
    target = {"type": "document", "id": "17"}
    follow([bob], target)

    answer = server.post(URL, {"workflow": "hello", "recipients": [{"followers": True}], "target": target})
    wrong = server.post(URL, {"workflow": "hello", "target": {"type": "A document", "id": "17"}})

    engine.drain()
    assert answer.json()["recipients"]["followers"] is True
    assert run_named(answer.json()["transaction_id"]).target == "document:17"
    assert (len(titles(bob)), len(titles(alice))) == (1, 0)
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["target"])
