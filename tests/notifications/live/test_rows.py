"""What is read for many people at once, and with how many questions."""

from typing import Any
from uuid import UUID

from notifications import inbox
from notifications.content import Content
from notifications.kernel.clock import db_now
from notifications.live import rows
from notifications.live.rows import FEW, Position
from notifications.models import Recipient, Tenant
from tests.cast import crowd


def post(*people: Recipient, title: str = "News") -> UUID:
    [posted] = inbox.post(
        [inbox.Post(people[0].tenant_id, "t.rows", Content(title), [one.pk for one in people])], now=db_now()
    )
    return posted


def at(person: Recipient) -> Position:
    return Position.of(inbox.current_cursor(person))


def test_new_items_of_few_cost_one_question(alice: Recipient, bob: Recipient, django_assert_num_queries: Any) -> None:
    post(alice, bob)
    since = {alice.pk: at(alice), bob.pk: at(bob)}
    post(alice, bob, title="One")
    post(alice, title="Two")

    with django_assert_num_queries(1):
        found = rows.news(since)

    assert [len(found[one.pk].changes) for one in (alice, bob)] == [2, 1]
    assert [found[one.pk].head for one in (alice, bob)] == [at(alice), at(bob)]


def test_those_of_many_cost_two_and_say_the_same(acme: Tenant, django_assert_num_queries: Any) -> None:
    people = crowd(acme, FEW + 1)
    post(*people)
    since = {one.pk: at(one) for one in people}
    post(*people, title="One")
    post(people[0], title="Two")

    with django_assert_num_queries(2):
        found = rows.news(since)

    assert found == {pk: rows.news({pk: position})[pk] for pk, position in since.items()}


def test_who_has_no_news_is_left_out(alice: Recipient, bob: Recipient) -> None:
    post(alice, bob)
    since = {alice.pk: at(alice), bob.pk: at(bob)}

    post(alice)

    assert set(rows.news(since)) == {alice.pk}


def test_a_mark_between_two_items_has_its_place(alice: Recipient) -> None:
    post(alice, title="One")
    since = at(alice)
    post(alice, title="Two")
    inbox.read_all(alice)
    post(alice, title="Three")

    changes = rows.news({alice.pk: since})[alice.pk].changes

    assert [change.kind for change in changes] == ["item", "update", "item"]
    assert '"read_upto"' in changes[1].body
    assert ['"read": true' in changes[place].body for place in (0, 2)] == [True, False]


def test_an_item_that_came_and_was_read_since_is_one_change(alice: Recipient) -> None:
    post(alice)
    since = at(alice)
    newest = post(alice)
    inbox.mark_read(alice, [newest], now=db_now())

    found = rows.news({alice.pk: since})[alice.pk]

    assert [change.rev for change in found.changes] == [found.head.rev]


def test_another_history_or_a_place_ahead_of_it_means_resync(alice: Recipient, bob: Recipient) -> None:
    post(alice, bob)
    ahead, other = at(alice), at(bob)
    since = {alice.pk: Position(ahead.epoch, ahead.rev + 1), bob.pk: Position(other.epoch + 1, other.rev)}

    found = rows.news(since)

    assert [(one.resync, one.changes) for one in found.values()] == [(True, []), (True, [])]


def test_whoever_was_never_told_anything_is_told_all(alice: Recipient) -> None:
    post(alice)

    found = rows.news({alice.pk: Position()})

    assert len(found[alice.pk].changes) == 1
