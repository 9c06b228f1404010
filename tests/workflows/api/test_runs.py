"""`runs/` over HTTP: list, follow, cancel."""

import pytest
from rest_framework.test import APIClient

from notifications.models import Scope, Tenant
from tests.cast import api_key, crowd, titles, with_key
from workflows import engine
from workflows.trigger import Trigger, trigger, trigger_many

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hello")]
URL = "/api/v1/runs/"


@pytest.fixture
def server(acme: Tenant) -> APIClient:
    return with_key(api_key(acme, Scope.READ, Scope.TRIGGER))


def test_a_run_is_followed_to_its_end(server: APIClient, acme: Tenant) -> None:
    people = crowd(acme, 2)
    trigger("hello", tenant=acme, recipients=people, payload={"name": "Ada"}, transaction_id="T")
    assert server.get(f"{URL}T/").json()["status"] == "pending"

    engine.drain()
    said = server.get(f"{URL}T/").json()

    assert (said["status"], said["people"], said["payload"]) == ("sent", 2, {"name": "Ada"})
    assert said["progress"]["ended"] == {"done": 2}
    assert [(one["user"], one["told"]) for one in said["recipients"]] == [("p0", True), ("p1", True)]


def test_cancelling_answers_with_true_numbers_and_twice_with_none(server: APIClient, acme: Tenant) -> None:
    (person,) = crowd(acme, 1)
    trigger("hello", tenant=acme, recipients=[person], transaction_id="T")
    engine.drain()

    answers = [server.post(f"{URL}T/cancel/") for _ in range(2)]
    engine.drain()

    none = {"deliveries_cancelled": 0, "deliveries_too_late": 0}
    assert [one.json() for one in answers] == [
        {"transaction_id": "T", "cancelled": 0, "too_late": 1} | none,
        {"transaction_id": "T", "cancelled": 0, "too_late": 0} | none,
    ]
    assert server.get(f"{URL}T/").json()["status"] == "retracted"
    assert titles(person) == []


def test_pages_are_newest_first_and_complete(server: APIClient, acme: Tenant) -> None:
    trigger_many([Trigger("hello", transaction_id=f"T{n}") for n in range(25)], tenant=acme)

    names, url = [], f"{URL}?limit=10"
    while url:
        page = server.get(url).json()
        names += [one["transaction_id"] for one in page["results"]]
        url = page["next"]

    assert names == [f"T{n}" for n in reversed(range(25))]


def test_filters(server: APIClient, acme: Tenant) -> None:
    for name in ("pending", "sent", "retracted"):
        trigger("hello", tenant=acme, recipients=crowd(acme, 1, prefix=name), transaction_id=name)
        if name == "pending":
            continue
        engine.drain()
    server.post(f"{URL}retracted/cancel/")
    trigger("hello", tenant=acme, transaction_id="new")

    found = {
        status: [one["transaction_id"] for one in server.get(f"{URL}?status={status}").json()["results"]]
        for status in ("pending", "retracted", "failed")
    }

    assert found == {"pending": ["new"], "retracted": ["retracted"], "failed": []}
    assert server.get(f"{URL}?workflow=other").json()["results"] == []


@pytest.mark.parametrize(
    "name", ["unknown", "%00", "%ff", "a%00b", "%F0%9F%98%80", "..%2f..%2fetc", "'%20OR%201=1--", "x" * 2000]
)
def test_a_name_that_names_nothing_is_not_found(server: APIClient, name: str) -> None:
    expected = {400, 404} if "%00" in name else {404}

    assert server.get(f"{URL}{name}/").status_code in expected
    assert server.post(f"{URL}{name}/cancel/").status_code in expected


@pytest.mark.parametrize(
    "query", ["workflow=%00", "status=%00", "status=unheard-of", "cursor=%00", "cursor=x", "limit=x", "limit=-1"]
)
def test_a_strange_question_is_answered_without_an_error_of_ours(server: APIClient, query: str) -> None:
    assert server.get(f"{URL}?{query}").status_code in {200, 400, 404}


def test_cancelling_for_some_counts_them_alone(server: APIClient, acme: Tenant) -> None:
    people = crowd(acme, 3)
    trigger("hello", tenant=acme, recipients=people, transaction_id="T")
    engine.drain()

    answer = server.post(f"{URL}T/cancel/", {"recipients": [{"user": "p0"}, {"user": "p1"}]}, format="json")

    assert (answer.json()["cancelled"], answer.json()["too_late"]) == (0, 2)
    assert [len(titles(one)) for one in people] == [0, 0, 1]
    assert server.get(f"{URL}T/").json()["status"] == "sent"


@pytest.mark.parametrize(
    "names", [[], [{"role": "admin"}], [{"user": "nobody"}], "p0", [{"user": "p0"}, {"topic": "x"}]]
)
def test_cancelling_for_nobody_in_particular_is_refused(server: APIClient, acme: Tenant, names: object) -> None:
    (person,) = crowd(acme, 1)
    trigger("hello", tenant=acme, recipients=[person], transaction_id="T")
    engine.drain()

    assert server.post(f"{URL}T/cancel/", {"recipients": names}, format="json").status_code == 400
    assert len(titles(person)) == 1
