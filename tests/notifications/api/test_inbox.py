"""The inbox over HTTP, as a person's browser or app uses it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from rest_framework.test import APIClient

from notifications import inbox
from notifications.content import Content
from notifications.inbox import Post
from notifications.kernel.clock import db_now
from notifications.kernel.tokens import uuid7
from notifications.models import Notification, Recipient
from tests.cast import drop

pytestmark = pytest.mark.django_db
URL = "/api/v1/inbox/"


def test_an_item_as_it_is_shown(as_bob: APIClient, bob: Recipient) -> None:
    name = drop(bob, "Hello", body="World", url="/x", level="warning", actions=(), data={"n": 1})

    (item,) = as_bob.get(URL).json()["results"]

    assert item.pop("created_at").endswith("Z")
    assert item == {
        "id": str(name),
        "rev": 1,
        "workflow": "test.note",
        "state": "active",
        "read": False,
        "tab": "general",
        "title": "Hello",
        "body": "World",
        "url": "/x",
        "level": "warning",
        "data": {"n": 1},
    }
    assert as_bob.get(f"{URL}{name}/").json()["title"] == "Hello"


def test_pages_follow_their_links_there_and_back(as_bob: APIClient, bob: Recipient) -> None:
    for n in range(12):
        drop(bob, str(n))

    first = as_bob.get(f"{URL}?limit=5&unread=true").json()
    second = as_bob.get(first["next"]).json()
    third = as_bob.get(second["next"]).json()
    back = as_bob.get(third["previous"]).json()

    found = [item["title"] for page in (first, second, third) for item in page["results"]]
    assert found == [str(n) for n in reversed(range(12))]
    assert (first["previous"], third["next"], back["results"]) == (None, None, second["results"])


@pytest.mark.parametrize(
    ("action", "state", "unread"),
    [("read", True, 1), ("unread", False, 2), ("seen", False, 2), ("archive", False, 1), ("unarchive", False, 2)],
)
def test_what_a_person_does_with_an_item(
    as_bob: APIClient, bob: Recipient, action: str, state: bool, unread: int
) -> None:
    name = drop(bob, "a")
    drop(bob, "b")

    answers = [as_bob.post(f"{URL}{name}/{action}/") for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[1].json()["changed"] == 0
    assert answers[1].json()["unread"]["count"] == as_bob.get(f"{URL}unread-count/").json()["count"] == unread
    assert answers[1].json()["cursor"] == inbox.current_cursor(bob)
    assert as_bob.get(f"{URL}{name}/").json()["read"] is state


def test_deleting_takes_it_out_of_sight(as_bob: APIClient, bob: Recipient) -> None:
    name = drop(bob, "a")

    assert as_bob.delete(f"{URL}{name}/").status_code == 204

    assert as_bob.get(URL).json()["results"] == []


def test_read_all_of_a_tab_and_of_all(as_bob: APIClient, bob: Recipient) -> None:
    for tab in (0, 4, 4):
        drop(bob, "x", tab=tab)

    errors = as_bob.post(f"{URL}read-all/", {"tab": "errors"}).json()
    rest = as_bob.post(f"{URL}read-all/").json()

    assert (errors["changed"], errors["unread"]["by_tab"]) == (2, {"general": 1})
    assert (rest["changed"], rest["unread"]["count"]) == (1, 0)


def test_the_number_is_capped(as_bob: APIClient, bob: Recipient) -> None:
    inbox.post([Post(bob.tenant_id, "k", Content("t"), [bob.pk])] * 120, now=db_now())

    assert as_bob.get(f"{URL}unread-count/").json() == {"count": 99, "capped": True, "by_tab": {"general": 100}}


def test_changes_since_a_cursor(as_bob: APIClient, bob: Recipient) -> None:
    cursor = as_bob.get(f"{URL}changes/?cursor=0.0").json()["cursor"]
    name = drop(bob, "a")
    as_bob.post(f"{URL}read-all/")

    said = as_bob.get(f"{URL}changes/?cursor={cursor}").json()

    assert [item["id"] for item in said["results"]] == [str(name)]
    assert said["read_upto"] == dict.fromkeys(["general", "workflows", "reviews", "completed", "errors"], 1)
    assert (said["person"], said["resync"], said["unread"]["count"]) == (str(bob.public_id), False, 0)
    assert as_bob.get(f"{URL}changes/?cursor={said['cursor']}").json()["results"] == []


WRONG: list[tuple[str, str, Any, int]] = [
    ("get", "?tab=attic", None, 400),
    ("get", "?unread=perhaps", None, 400),
    ("get", "?colour=red", None, 400),
    ("get", "?limit=0", None, 400),
    ("get", "?limit=101", None, 400),
    ("get", "?cursor=x1", None, 400),
    ("get", "?cursor=o" + "9" * 30, None, 400),
    ("get", "?q=" + "x" * 201, None, 400),
    ("get", "?q=%00", None, 400),
    ("get", "?q=%ff%25_%5c'", None, 200),
    ("get", "?workflow=%00", None, 400),
    ("get", "?category=nothing", None, 200),
    ("get", "changes/", None, 400),
    ("get", "changes/?cursor=x", None, 400),
    ("get", "changes/?cursor=" + "9" * 5000 + ".1", None, 400),
    ("post", "read-all/", {"tab": "attic"}, 400),
    ("post", "read-all/", {"everything": True}, 400),
    ("post", "read-all/", [1], 400),
    ("post", "read-all/?unread=true", None, 400),
    ("get", "unread-count/?tab=general", None, 400),
    ("get", "changes/?cursor=0.0&tab=general", None, 400),
    ("get", "0197f3a0-0000-7000-8000-000000000000/", None, 404),
    ("delete", "0197f3a0-0000-7000-8000-000000000000/", None, 404),
    ("post", "0197f3a0-0000-7000-8000-000000000000/read/", None, 404),
    ("post", "------------------------------------/read/", None, 404),
    ("post", "0197f3a0-0000-7000-8000-000000000000/explode/", None, 404),
    ("get", "not-a-uuid/", None, 404),
    ("put", "", {}, 405),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), WRONG, ids=[f"{row[0]} {row[1][:40]}" for row in WRONG])
def test_a_wrong_question_is_answered_with_its_status(
    as_bob: APIClient, bob: Recipient, method: str, path: str, body: Any, status: int
) -> None:
    drop(bob, "a")

    answer = (
        getattr(as_bob, method)(f"{URL}{path}", body, format="json")
        if body is not None
        else getattr(as_bob, method)(f"{URL}{path}")
    )

    assert answer.status_code == status, answer.content


@pytest.mark.parametrize(
    ("url", "body", "left"),
    [
        ("", {"level": "error"}, {"Note", "Done"}),
        ("?level=error", {}, {"Note", "Done"}),
        ("?q=do", {"tab": "general"}, {"Bad", "Note"}),
        ("", {"workflow": "test.note"}, set()),
        ("", {"category": "nothing"}, {"Bad", "Note", "Done"}),
    ],
)
def test_what_passes_the_filters_is_read(
    as_bob: APIClient, bob: Recipient, alice: Recipient, url: str, body: dict[str, str], left: set[str]
) -> None:
    for title, level in (("Bad", "error"), ("Note", "info"), ("Done", "success")):
        drop(bob, title, level=level)
    drop(alice, "Bad", level="error")
    before = inbox.current_cursor(bob)

    answer = as_bob.post(f"{URL}read-all/{url}", body, format="json").json()

    unread = inbox.list_items(bob, filters=inbox.Filters(unread=True)).entries
    assert {entry.content.title for entry in unread} == left
    assert (answer["changed"], answer["unread"]["count"]) == (3 - len(left), len(left))
    assert len(inbox.changes_since(bob, before).entries) == 3 - len(left)
    assert inbox.unread_count(alice).count == 1


def test_the_number_of_an_answer_is_not_older_than_its_cursor(as_bob: APIClient, bob: Recipient) -> None:
    item, came = drop(bob, "First"), list[UUID]()

    def meanwhile(execute: Any, sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        if "UNION ALL" in sql and not came:  # the unread are counted
            came.append(item)
            drop(bob, "Meanwhile")
        return found

    with connection.execute_wrapper(meanwhile):
        cursor = as_bob.post(f"{URL}{item}/read/").json()["cursor"]

    assert [entry.content.title for entry in inbox.changes_since(bob, cursor).entries] == ["Meanwhile"]


def take_back(bob: Recipient, item: UUID) -> None:
    origin = uuid7()
    Notification.objects.filter(tenant=bob.tenant, public_id=item).update(origin=origin)
    inbox.withdraw(origin, [bob.pk])


GONE: dict[str, Callable[[Recipient, UUID], Any]] = {
    "withdrawn": take_back,
    "superseded": lambda bob, _: drop(bob, "Newer", thread="t"),
    "deleted": lambda bob, item: inbox.delete(bob, [item]),
}
"""How an item goes."""


@pytest.mark.parametrize("state", GONE)
def test_the_words_of_an_item_that_is_gone_are_gone(as_bob: APIClient, bob: Recipient, state: str) -> None:
    item = drop(bob, "Secret", body="Words", url="/secret", thread="t", data={"secret": 1})
    cursor = as_bob.get(f"{URL}changes/?cursor=0.0").json()["cursor"]
    assert as_bob.get(f"{URL}{item}/").json()["title"] == "Secret"

    GONE[state](bob, item)

    assert as_bob.get(f"{URL}{item}/").status_code == 404
    changes = as_bob.get(f"{URL}changes/", {"cursor": cursor}).json()["results"]
    tombstone = next(one for one in changes if one["id"] == str(item))
    assert tombstone == {
        "id": str(item),
        "rev": tombstone["rev"],
        "workflow": "test.note",
        "state": state,
        "tab": "general",
    }


@pytest.mark.parametrize("state", GONE)
@pytest.mark.parametrize("verb", ["read", "unread", "archive", "unarchive"])
def test_nothing_more_becomes_of_an_item_that_is_gone(as_bob: APIClient, bob: Recipient, state: str, verb: str) -> None:
    item = drop(bob, "Secret", thread="t")
    if verb == "unread":
        inbox.mark_read(bob, [item], now=db_now())
    GONE[state](bob, item)
    before = inbox.current_cursor(bob)

    answer = as_bob.post(f"{URL}{item}/{verb}/").json()

    assert (answer["changed"], answer["cursor"]) == (0, before)
