"""What no request gets through with: it is refused as a problem, soon and without much memory."""

import base64
import resource
import time
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from notifications.api.parsers import BODY_MAX, BULK_BODY_MAX
from notifications.models import Recipient, Scope, Tenant, Topic
from tests.cast import api_key, drop, with_key

pytestmark = pytest.mark.django_db
API = "/api/v1/"


@pytest.fixture
def server(acme: Tenant) -> APIClient:
    return with_key(api_key(acme, Scope.ADMIN))


def refused(answer: Any, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.content
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    return problem


NUL_URLS = [
    ("get", "recipients/a%00b/"),
    ("put", "recipients/a%00b/"),
    ("patch", "recipients/a%00b/"),
    ("delete", "recipients/a%00b/"),
    ("get", "runs/a%00b/"),
    ("post", "runs/a%00b/cancel/"),
    ("get", "topics/a%00b/"),
    ("delete", "topics/a%00b/"),
    ("post", "topics/a%00b/subscribers/"),
    ("get", "runs/?workflow=a%00b"),
    ("get", "runs/?status=%00"),
    ("get", "runs/?limit=%00"),
    ("get", "recipients/?cursor=%00"),
    ("get", "runs/?a%00b=1"),
]


@pytest.mark.parametrize(("method", "url"), NUL_URLS)
def test_a_nul_in_an_address_is_400(server: APIClient, method: str, url: str) -> None:
    assert "errors" in refused(getattr(server, method)(API + url), 400)


@pytest.mark.parametrize(
    "url", ["inbox/?q=%00", "inbox/?cursor=%00", "inbox/?workflow=%00", "inbox/changes/?cursor=%00"]
)
def test_a_nul_in_an_address_of_a_person_is_400(as_bob: APIClient, url: str) -> None:
    refused(as_bob.get(API + url), 400)


CURSORS = ["p=abc", "p=1.5", "p=-1", "p=" + "9" * 30, "o=x", "p=²", "p=1&o=-5"]


@pytest.mark.parametrize("cursor", [*CURSORS, "not base64"])
@pytest.mark.parametrize("url", ["recipients/", "topics/", "runs/", "topics/t/subscribers/"])
def test_a_cursor_that_is_not_ours_is_400(acme: Tenant, server: APIClient, url: str, cursor: str) -> None:
    Topic.objects.create(tenant=acme, key="t")
    given = base64.b64encode(cursor.encode()).decode() if cursor in CURSORS else cursor

    assert set(refused(server.get(API + url, {"cursor": given}), 400)["errors"]) == {"cursor"}


def test_our_own_cursors_lead_through_all_pages(acme: Tenant, server: APIClient) -> None:
    for n in range(5):
        Topic.objects.create(tenant=acme, key=f"t{n}")
    url, found = f"{API}topics/?limit=2", []

    while url:
        page = server.get(url).json()
        found += [one["key"] for one in page["results"]]
        url = page["next"]

    assert found == ["t0", "t1", "t2", "t3", "t4"]


@pytest.mark.parametrize("name", ["x" * 300, "a%0Ab", "%20".join("ab") + "%E2%80%A8"])
def test_an_external_id_that_cannot_be_is_400(acme: Tenant, server: APIClient, name: str) -> None:
    refused(server.put(f"{API}recipients/{name}/", {}), 400)

    assert not Recipient.objects.filter(tenant=acme).exists()


@pytest.mark.parametrize("text", [r"\u0000", r"\ud800", r"a\udfffb"])
@pytest.mark.parametrize(
    "body",
    [
        '{"attributes": {"a": "%s"}}',
        '{"attributes": {"%s": 1}}',
        '{"name": "%s"}',
        '{"%s": 1}',
        '{"attributes": [["%s"]]}',
    ],
)
def test_text_that_no_database_holds_is_400(acme: Tenant, server: APIClient, text: str, body: str) -> None:
    answer = server.put(f"{API}recipients/a/", (body % text).encode(), content_type="application/json")

    refused(answer, 400)
    assert not Recipient.objects.filter(tenant=acme).exists()


@pytest.mark.parametrize("name", ["a/b", ".", ".."])
def test_a_name_that_no_address_could_have_is_400(server: APIClient, name: str) -> None:
    people = refused(server.post(f"{API}recipients/bulk/", {"recipients": [{"external_id": name}]}), 400)
    topic = refused(server.post(f"{API}topics/", {"key": name}), 400)
    run = refused(server.post(f"{API}trigger/", {"workflow": "hello", "transaction_id": name}), 400)

    found = (set(people["errors"]), set(topic["errors"]), set(run["errors"]))
    assert found == ({"recipients[0].external_id"}, {"key"}, {"transaction_id"})


def test_a_person_cannot_have_the_name_of_a_route(server: APIClient) -> None:
    problem = refused(server.post(f"{API}recipients/bulk/", {"recipients": [{"external_id": "bulk"}]}), 400)

    assert "route of this API" in str(problem["errors"])


@pytest.mark.parametrize("name", ["a b", "a+b", "a:b|c", "ü", "a%2", "...", "a@b.c", "a?b#c"])
def test_any_other_name_can_be_followed(server: APIClient, name: str) -> None:
    from urllib.parse import quote

    assert server.post(f"{API}topics/", {"key": name}).status_code == 201

    assert server.get(f"{API}topics/{quote(name)}/").json()["key"] == name


@pytest.mark.once  # there is nobody who could ask a database
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("url", ["nothing/", "recipients/a/b/", "inbox/not-a-uuid/", "", "recipients", "schema/x/"])
def test_an_address_that_is_not_there_is_a_problem(url: str, method: str) -> None:
    assert "slash" in refused(getattr(APIClient(), method)(API + url), 404)["detail"]


def test_what_fails_on_our_side_is_a_problem_too(server: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_execute: Any, sql: str, *_: Any) -> Any:
        return _execute(sql, *_) if "topic" not in sql else 1 / 0

    server.raise_request_exception = False

    with connection.execute_wrapper(broken):
        refused(server.get(f"{API}topics/"), 500)

    assert "api.failed error=ZeroDivisionError" in caplog.text


BOMBS: dict[str, tuple[str, bytes, int]] = {
    "empty lists": ("recipients/bulk/", b'{"recipients": [' + b"[]," * 2_700_000 + b"[]]}", 413),
    "empty objects": ("trigger/bulk/", b'{"triggers": [' + b"{}," * 2_700_000 + b"{}]}", 413),
    "numbers": ("trigger/bulk/", b'{"triggers": [' + b"1," * 4_000_000 + b"1]}", 413),
    "more than a bulk": ("trigger/bulk/", b" " * (BULK_BODY_MAX + 1), 413),
    "more than a body": ("trigger/", b'{"workflow": "' + b"x" * BODY_MAX + b'"}', 413),
    "nested": ("trigger/bulk/", b"[" * 200_000, 400),
    "a string that never ends": ("trigger/bulk/", b'{"a": "' + b'\\"[,' * 1_900_000, 400),
    "a string that ends in a backslash": ("trigger/bulk/", b"[" * 60 + b'"' + b'\\"' * 3_900_000 + b"\\", 400),
}


@pytest.mark.once  # refused before it is parsed
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_parsed(server: APIClient, name: str) -> None:
    url, body, status = BOMBS[name]
    memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()

    refused(server.post(API + url, body, content_type="application/json"), status)

    assert time.thread_time() - started < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100_000, "KB more than before"


def test_the_commas_of_a_text_are_no_elements(acme: Tenant, server: APIClient) -> None:
    body = {"recipients": [{"external_id": f"p{n}", "attributes": {"a": ',[{\\"' * 5_000}} for n in range(60)]}

    assert server.post(f"{API}recipients/bulk/", body).json() == {"count": 60}


def test_too_many_people_are_refused_before_each_is_looked_at(server: APIClient) -> None:
    many = {"recipients": [{"external_id": str(n)} for n in range(100_000)]}
    started = time.thread_time()

    errors = refused(server.post(f"{API}recipients/bulk/", many), 400)["errors"]

    assert list(errors) == ["recipients"]
    assert time.thread_time() - started < 1


def test_somebody_taken_out_is_changed_and_stays_out(acme: Tenant, server: APIClient) -> None:
    server.put(f"{API}recipients/a/", {"name": "Ann"})
    server.delete(f"{API}recipients/a/")

    changed = server.patch(f"{API}recipients/a/", {"name": "Anna"}).json()
    back = server.put(f"{API}recipients/a/", {}).json()

    assert (changed["name"], changed["active"]) == ("Anna", False)
    assert (back["name"], back["active"]) == ("Anna", True)


def test_a_page_cursor_of_an_inbox_is_ours_or_400(as_bob: APIClient, bob: Recipient) -> None:
    drop(bob, "one")

    for cursor in ("x1", "o" + "9" * 30, "oabc"):
        refused(as_bob.get(f"{API}inbox/", {"cursor": cursor}), 400)
