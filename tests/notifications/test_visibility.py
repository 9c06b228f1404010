"""The site's word on who may see what is asked whenever an inbox is read."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications import inbox, visibility
from notifications.content import Content
from notifications.inbox import Post
from notifications.kernel.clock import db_now
from notifications.live import rows
from notifications.live.rows import Position
from notifications.models import Notification, Recipient
from notifications.targets import Target
from notifications.visibility import CLEAR, check_hook, look
from tests.cast import drop, statements

pytestmark = pytest.mark.django_db
DOC = "document:17"


class Site:
    """Says who may see what, and keeps what it was asked."""

    def __init__(self) -> None:
        self.hidden: set[tuple[str, str]] = set()
        self.asked: list[list[tuple[str, str]]] = []
        self.answer: Any = None

    def __call__(self, pairs: Sequence[tuple[Recipient, Target]]) -> Any:
        named = [(one.external_id, str(target)) for one, target in pairs]
        self.asked.append(named)
        if isinstance(self.answer, Exception):
            raise self.answer
        allowed = [pair for pair, name in zip(pairs, named, strict=True) if name not in self.hidden]
        return allowed if self.answer is None else self.answer


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    with visibility.answered_by(found):
        yield found


def drop_about(person: Recipient, title: str, *about: str) -> Any:
    one = Post(person.tenant_id, "test.note", Content(title), [person.pk], about=about)
    return inbox.post([one], now=db_now())[0]


def seen(person: Recipient) -> list[str]:
    return [entry.content.title for entry in inbox.list_items(person).entries]


def test_what_is_hidden_has_no_page(as_bob: APIClient, bob: Recipient, site: Site) -> None:
    item = drop_about(bob, "Secret", DOC)
    site.hidden.add((bob.external_id, DOC))

    answers = [as_bob.get(f"{root}/{item}/") for root in ("/api/v1/inbox", "/inbox")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert not any(b"Secret" in answer.content for answer in answers)


@pytest.mark.parametrize("about", ["doc/1", "Doc:1", "doc:", "doc:1\n2"])
def test_what_names_no_object_is_refused_when_it_is_posted(bob: Recipient, about: str) -> None:
    with pytest.raises(ValueError, match="object"):
        drop_about(bob, "Broken", about)

    assert seen(bob) == []


def test_a_row_that_names_none_is_shown_all_the_same(as_bob: APIClient, bob: Recipient) -> None:
    drop_about(bob, "Odd", DOC)
    Notification.objects.filter(tenant=bob.tenant).update(about="doc/1")

    assert seen(bob) == ["Odd"]
    assert as_bob.get("/inbox/").status_code == 200


def test_without_a_hook_nobody_is_asked(bob: Recipient) -> None:
    with statements() as found:
        assert look({(bob.pk, DOC)}) == CLEAR

    assert found == []


def test_everybody_is_asked_about_in_one_call(site: Site, alice: Recipient, bob: Recipient) -> None:
    site.hidden = {("bob", DOC)}

    with statements() as found:
        sight = look({(alice.pk, DOC), (bob.pk, DOC), (bob.pk, "note:3")})

    assert (sight.hidden, sight.unknown) == ({(bob.pk, DOC)}, frozenset())
    assert (len(site.asked), len(found)) == (1, 1)


@pytest.mark.parametrize("answer", [RuntimeError("down"), True, 5, ["bob"], [("bob", DOC)]])
def test_who_raises_or_answers_something_else_has_not_said_yes(site: Site, bob: Recipient, answer: Any) -> None:
    site.answer = answer

    assert look({(bob.pk, DOC)}).unknown == {(bob.pk, DOC)}


def test_what_is_hidden_is_not_in_the_inbox(site: Site, bob: Recipient) -> None:
    about = drop_about(bob, "Secret", DOC, "note:3")
    drop_about(bob, "Note", "note:3")
    drop(bob, "Plain")
    site.hidden = {("bob", DOC)}

    hidden = inbox.get_item(bob, about)

    assert seen(bob) == ["Plain", "Note"]
    assert hidden is not None
    assert hidden.gone
    assert "Secret" not in str(hidden.to_json())


def test_what_may_be_seen_again_is_back(site: Site, bob: Recipient) -> None:
    drop_about(bob, "Secret", DOC)
    site.hidden = {("bob", DOC)}
    assert seen(bob) == []

    site.hidden = set()

    (entry,) = inbox.list_items(bob).entries
    assert entry.to_json()["about"] == [{"type": "document", "id": "17"}]


def test_a_page_is_asked_about_once_and_leads_on(site: Site, bob: Recipient) -> None:
    for n in range(6):
        drop_about(bob, f"N {n}", f"document:{n}")
    site.hidden = {("bob", "document:5"), ("bob", "document:4"), ("bob", "document:3")}

    first = inbox.list_items(bob, limit=3)
    second = inbox.list_items(bob, limit=3, cursor=first.older or "")

    assert (first.entries, len(site.asked)) == ([], 2)
    assert [entry.content.title for entry in second.entries] == ["N 2", "N 1", "N 0"]


def test_a_change_tells_a_client_only_that_it_is_gone(site: Site, bob: Recipient) -> None:
    cursor = inbox.current_cursor(bob)
    drop_about(bob, "Secret", DOC)
    site.hidden = {("bob", DOC)}

    (entry,) = inbox.changes_since(bob, cursor).entries

    assert entry.to_json()["state"] == "withdrawn"
    assert "Secret" not in str(entry.to_json())


def test_a_socket_tells_only_that_it_is_gone(site: Site, alice: Recipient, bob: Recipient) -> None:
    one = Post(bob.tenant_id, "test.note", Content("Secret"), [alice.pk, bob.pk], about=(DOC,))
    inbox.post([one], now=db_now())
    site.hidden = {("bob", DOC)}

    news = rows.news({alice.pk: Position(), bob.pk: Position()})

    (hers,), (his,) = news[alice.pk].changes, news[bob.pk].changes
    assert (hers.kind, "Secret" in hers.body, '"about": [{"type": "document"' in hers.body) == ("item", True, True)
    assert (his.kind, "Secret" in his.body, '"state": "withdrawn"' in his.body) == ("update", False, True)


@pytest.mark.once
@pytest.mark.parametrize(
    ("path", "problem"), [("", None), ("json.loads", None), ("no.such", "imported"), ("os.name", "callable")]
)
def test_a_hook_that_is_not_there_is_a_mistake(settings: Any, path: str, problem: str | None) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "NOTIFICATIONS": {"CAN_SEE": path}}

    found = check_hook()

    assert [one.id for one in found] == (["notifyhub.E025"] if problem else [])
    assert all(problem in one.msg for one in found if problem)
