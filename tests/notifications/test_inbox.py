"""What a person has been told, what of it is unread, and what has changed since they last looked."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from notifications import inbox
from notifications.conf import conf
from notifications.content import Content
from notifications.inbox import CAP, Changes, Entry, Filters, Post
from notifications.kernel.clock import db_now
from notifications.kernel.tokens import uuid7
from notifications.models import (
    Category,
    InboxItem,
    InboxState,
    Mark,
    NoticeType,
    Notification,
    Recipient,
    State,
    Tab,
    Tenant,
)
from tests.cast import crowd, drop, rolled_back, statements, titles

pytestmark = pytest.mark.django_db
GENERAL, ERRORS = Tab.GENERAL, Tab.ERRORS


def shown(person: Recipient, **filters: Any) -> list[str]:
    return [entry.content.title for entry in inbox.list_items(person, filters=Filters(**filters)).entries]


def unread(person: Recipient) -> dict[Tab, int]:
    """The number of each tab, which must agree with the list, item by item."""
    counted = inbox.unread_count(person)
    listed = inbox.list_items(person, filters=Filters(unread=True), limit=100).entries
    assert counted.count == len(listed)
    assert not any(entry.read for entry in listed)
    return counted.by_tab


def read_states(person: Recipient) -> dict[str, bool]:
    return {entry.content.title: entry.read for entry in inbox.list_items(person).entries}


class TestPosting:
    def test_new_items_lie_on_top(self, bob: Recipient) -> None:
        for title in "abc":
            drop(bob, title)

        assert shown(bob) == ["c", "b", "a"]

    def test_one_content_for_many_is_stored_once(self, acme: Tenant) -> None:
        people = [one.pk for one in crowd(acme, 30)]

        (name,) = inbox.post([Post(acme.pk, "k", Content("t"), people)], now=db_now())

        assert Notification.objects.filter(tenant=acme).get().public_id == name
        assert InboxItem.objects.filter(recipient__in=people).count() == 30

    def test_several_contents_at_once_keep_their_order(self, acme: Tenant, alice: Recipient, bob: Recipient) -> None:
        both, only_bob = [alice.pk, bob.pk], [bob.pk]
        posts = [
            Post(acme.pk, "k", Content(title), people) for title, people in [("a", both), ("b", only_bob), ("c", both)]
        ]

        names = inbox.post(posts, now=db_now())

        assert (titles(alice), titles(bob)) == (["c", "a"], ["c", "b", "a"])
        assert [inbox.get_item(bob, name).content.title for name in names] == ["a", "b", "c"]  # type: ignore[union-attr]
        assert [row.head for row in InboxState.objects.order_by("head")] == [2, 3]

    @pytest.mark.parametrize("posts", [[], [Post(1, "k", Content("t"), [])]])
    def test_nothing_for_nobody_is_nothing(self, db: None, posts: list[Post]) -> None:
        assert inbox.post(posts, now=db_now()) == []
        assert not Notification.objects.across_tenants().exists()

    def test_it_vanishes_with_its_callers_transaction(self, bob: Recipient) -> None:
        with rolled_back():
            drop(bob, "lost")

        assert (shown(bob), inbox.current_cursor(bob)) == ([], "0.0")

    @pytest.mark.parametrize(
        "text", ["'; DROP TABLE x; --", '{"a": [1, null]}', "%s %(a)s %%", "ü\U0001f600\u202e", "\\u0000 \\n"]
    )
    def test_any_text_arrives_as_it_is(self, bob: Recipient, text: str) -> None:
        drop(bob, text, body=text, data={"k": text})

        (entry,) = inbox.list_items(bob).entries
        assert (entry.content.title, entry.content.body, entry.content.data) == (text, text, {"k": text})

    @pytest.mark.parametrize("contents", [1, 3])
    def test_as_many_statements_for_ten_people_as_for_a_thousand(self, acme: Tenant, contents: int) -> None:
        counts = []
        for size in (10, 1000):
            people = [one.pk for one in crowd(acme, size, prefix=f"{size}-")]
            with statements() as found:
                inbox.post([Post(acme.pk, "k", Content("t"), people)] * contents, now=db_now())
            counts.append(len(found))

        assert counts[0] == counts[1] <= 3


class TestThread:
    def test_the_newest_word_of_a_thread_replaces_the_one_before(self, bob: Recipient) -> None:
        for title in ("first", "second"):
            drop(bob, title, thread="t")
        drop(bob, "beside")

        assert titles(bob) == ["beside", "second"]
        assert titles(bob, state=State.SUPERSEDED) == ["first"]
        assert unread(bob) == {GENERAL: 2}

    def test_another_thread_and_another_person_are_left_alone(self, alice: Recipient, bob: Recipient) -> None:
        drop(bob, "one", thread="t")
        drop(alice, "hers", thread="t")

        drop(bob, "two", thread="u")

        assert (titles(bob), titles(alice)) == (["two", "one"], ["hers"])

    @pytest.mark.parametrize("put_away", [inbox.archive, inbox.delete])
    def test_what_was_put_away_stays_where_it_is(self, bob: Recipient, put_away: Callable[..., int]) -> None:
        put_away(bob, [drop(bob, "old", thread="t")])

        drop(bob, "new", thread="t")

        assert titles(bob, state=State.SUPERSEDED) == []
        assert titles(bob) == ["new"]

    def test_twice_within_one_batch_leaves_the_last(self, bob: Recipient) -> None:
        drop(bob, "before", thread="t")
        contents = [Content("a", thread="t"), Content("b", thread="t"), Content("c", thread="u"), Content("d")]

        inbox.post([Post(bob.tenant_id, "k", one, [bob.pk]) for one in contents], now=db_now())

        assert titles(bob) == ["d", "c", "b"]
        assert titles(bob, state=State.SUPERSEDED) == ["a", "before"]

    def test_clients_hear_of_both(self, bob: Recipient) -> None:
        drop(bob, "old", thread="t")
        cursor = inbox.current_cursor(bob)

        drop(bob, "new", thread="t")

        changes = inbox.changes_since(bob, cursor).entries
        assert [(entry.content.title, entry.state) for entry in changes] == [
            ("old", State.SUPERSEDED),
            ("new", State.ACTIVE),
        ]

    def test_a_person_who_is_new_here_has_threads_too(self, acme: Tenant) -> None:
        people = [one.pk for one in crowd(acme, 5)]
        for title in "ab":
            inbox.post([Post(acme.pk, "k", Content(title, thread="t"), people)], now=db_now())

        assert [titles(one) for one in people] == [["b"]] * 5


class Scene:
    """Bob's inbox: g1 g2 g3 in General, e1 e2 in Errors, and the moves on it by title."""

    def __init__(self, bob: Recipient) -> None:
        self.bob, self.names = bob, {}  # type: tuple[Recipient, dict[str, UUID]]
        for title, tab in [("g1", GENERAL), ("e1", ERRORS), ("g2", GENERAL), ("e2", ERRORS), ("g3", GENERAL)]:
            self.names[title] = drop(bob, title, tab=tab)

    def do(self, move: str) -> None:
        verb, _, rest = move.partition(" ")
        if verb == "read-all":
            inbox.read_all(self.bob, tab=Tab[rest.upper()] if rest else None)
        elif verb == "drop":
            self.names[rest] = drop(self.bob, rest, tab=ERRORS if rest.startswith("e") else GENERAL)
        elif verb == "read":
            inbox.mark_read(self.bob, [self.names[rest]], now=db_now())
        else:
            verbs = {
                "unread": inbox.mark_unread,
                "archive": inbox.archive,
                "unarchive": inbox.unarchive,
                "delete": inbox.delete,
            }
            verbs[verb](self.bob, [self.names[rest]])


UNREAD: list[tuple[list[str], set[str]]] = [
    ([], {"g1", "g2", "g3", "e1", "e2"}),
    (["read g2"], {"g1", "g3", "e1", "e2"}),
    (["read g2", "read g2"], {"g1", "g3", "e1", "e2"}),
    (["read g2", "unread g2"], {"g1", "g2", "g3", "e1", "e2"}),
    (["unread g2"], {"g1", "g2", "g3", "e1", "e2"}),
    (["archive g1"], {"g2", "g3", "e1", "e2"}),
    (["archive g1", "unarchive g1"], {"g1", "g2", "g3", "e1", "e2"}),
    (["read g1", "archive g1", "unarchive g1"], {"g2", "g3", "e1", "e2"}),
    (["delete e1"], {"g1", "g2", "g3", "e2"}),
    (["delete e1", "unarchive e1"], {"g1", "g2", "g3", "e2"}),
    (["read-all"], set()),
    (["read-all", "drop g4"], {"g4"}),
    (["read-all general"], {"e1", "e2"}),
    (["read-all errors"], {"g1", "g2", "g3"}),
    (["read-all general", "drop g4", "drop e3"], {"g4", "e1", "e2", "e3"}),
    (["read-all", "unread g1"], {"g1"}),
    (["read-all", "unread g1", "unread g1"], {"g1"}),
    (["read-all", "unread g1", "read g1"], set()),
    (["read-all", "unread g1", "read-all"], set()),
    (["read-all", "unread g1", "read-all errors"], {"g1"}),
    (["read-all", "unread g1", "unread e1", "read-all errors"], {"g1"}),
    (["read-all", "unread g1", "archive g1"], set()),
    (["read-all", "unread g1", "archive g1", "unarchive g1"], {"g1"}),
    (["read-all", "unread g1", "archive g1", "read-all", "unarchive g1"], set()),
    (["archive g1", "read-all", "unarchive g1"], set()),
    (["read g1", "read-all", "unread g1"], {"g1"}),
    (["read-all", "drop g4", "read g4", "unread g4"], {"g4"}),
    (["read-all", "drop g4", "unread g1", "read-all general"], set()),
    (["read-all errors", "unread e1", "read-all general"], {"e1"}),
]


@pytest.mark.parametrize(("moves", "left"), UNREAD, ids=[", ".join(moves) or "nothing" for moves, _ in UNREAD])
def test_what_is_unread(bob: Recipient, moves: list[str], left: set[str]) -> None:
    scene = Scene(bob)

    for move in moves:
        scene.do(move)

    assert set(shown(bob, unread=True)) == left
    by_tab = {GENERAL: sum(name.startswith("g") for name in left), ERRORS: sum(name.startswith("e") for name in left)}
    assert unread(bob) == {tab: n for tab, n in by_tab.items() if n}
    assert {title for title, read in read_states(bob).items() if not read} == left
    for tab in (GENERAL, ERRORS):
        assert set(shown(bob, unread=True, tab=tab)) == {name for name in left if name[0] == tab.name[0].lower()}


class TestVerbs:
    def test_each_says_how_many_it_changed(self, bob: Recipient) -> None:
        names = [drop(bob, title) for title in "abc"]
        now = db_now()

        assert [inbox.mark_read(bob, names[:2], now=now), inbox.mark_read(bob, names, now=now)] == [2, 1]
        assert [inbox.mark_unread(bob, names[:1]), inbox.mark_unread(bob, names)] == [1, 2]
        assert [inbox.archive(bob, names[:1]), inbox.archive(bob, names)] == [1, 2]
        assert [inbox.unarchive(bob, names[:1]), inbox.unarchive(bob, names)] == [1, 2]
        assert [inbox.delete(bob, names[:1]), inbox.delete(bob, names)] == [1, 2]

    def test_what_is_not_there_changes_nothing(self, bob: Recipient) -> None:
        drop(bob, "a")
        before = inbox.current_cursor(bob)

        assert inbox.archive(bob, [uuid7()]) == inbox.mark_read(bob, [], now=db_now()) == 0
        assert inbox.current_cursor(bob) == before

    def test_nobody_touches_the_items_of_others(self, alice: Recipient, bob: Recipient, mallory: Recipient) -> None:
        name = drop(bob, "his")

        for other in (alice, mallory):
            assert inbox.mark_read(other, [name], now=db_now()) == inbox.archive(other, [name]) == 0
            assert inbox.delete(other, [name]) == 0
            assert inbox.get_item(other, name) is None
        assert shown(bob, unread=True) == ["his"]

    def test_one_content_in_two_inboxes_is_read_by_each_for_themselves(self, alice: Recipient, bob: Recipient) -> None:
        (name,) = inbox.post([Post(bob.tenant_id, "k", Content("t"), [alice.pk, bob.pk])], now=db_now())

        inbox.mark_read(alice, [name], now=db_now())

        assert (unread(alice), unread(bob)) == ({}, {GENERAL: 1})

    def test_a_person_without_an_inbox_can_read_all_of_nothing(self, bob: Recipient) -> None:
        inbox.read_all(bob)

        assert (inbox.current_cursor(bob), inbox.unread_count(bob).count) == ("0.0", 0)

    def test_seen_is_a_watermark_that_never_moves_back_or_ahead(self, bob: Recipient) -> None:
        for title in "abc":
            drop(bob, title)
        seen = []

        for upto in (2, 1, 3, 99):
            inbox.mark_seen(bob, upto)
            seen.append(InboxState.objects.get(recipient=bob).seen_upto)

        assert seen == [2, 2, 3, 3]
        assert unread(bob) == {GENERAL: 3}

    def test_taken_back_is_a_tombstone(self, bob: Recipient) -> None:
        origin = uuid7()
        inbox.post([Post(bob.tenant_id, "k", Content("t"), [bob.pk], origin=origin)], now=db_now())
        drop(bob, "other")

        assert inbox.withdraw(origin, [bob.pk]) == 1
        assert inbox.withdraw(origin, [bob.pk]) == 0

        assert shown(bob) == ["other"]
        assert titles(bob, state=State.WITHDRAWN) == ["t"]

    def test_read_all_costs_the_same_however_much_there_is(self, bob: Recipient) -> None:
        counts = []
        for size in (5, 300):
            inbox.post([Post(bob.tenant_id, "k", Content("t"), [bob.pk])] * size, now=db_now())
            with statements() as found:
                inbox.read_all(bob)
            counts.append(len(found))

        assert counts[0] == counts[1] <= 4
        assert unread(bob) == {}


class TestCounts:
    @pytest.mark.parametrize(
        ("size", "text", "count"), [(0, "0", 0), (1, "1", 1), (99, "99", 99), (100, "99+", 99), (250, "99+", 99)]
    )
    def test_exact_up_to_99(self, bob: Recipient, size: int, text: str, count: int) -> None:
        inbox.post([Post(bob.tenant_id, "k", Content("t"), [bob.pk])] * size, now=db_now())

        found = inbox.unread_count(bob)

        assert (str(found), found.to_json()["count"], found.capped) == (text, count, size > CAP)

    def test_capped_over_all_tabs_and_in_each(self, bob: Recipient) -> None:
        for tab in (GENERAL, ERRORS):
            inbox.post([Post(bob.tenant_id, "k", Content("t", tab=tab), [bob.pk])] * 60, now=db_now())

        found = inbox.unread_count(bob)

        assert (found.by_tab, str(found)) == ({GENERAL: 60, ERRORS: 60}, "99+")

    def test_forced_ones_and_new_ones_are_capped_together(self, bob: Recipient) -> None:
        names = inbox.post([Post(bob.tenant_id, "k", Content("t"), [bob.pk])] * 80, now=db_now())
        inbox.read_all(bob)
        inbox.mark_unread(bob, names)
        inbox.post([Post(bob.tenant_id, "k", Content("t"), [bob.pk])] * 80, now=db_now())

        said = inbox.unread_count(bob).to_json()

        assert said == {"count": 99, "capped": True, "by_tab": {"general": 100}}


def every_page(person: Recipient, *, limit: int, **filters: Any) -> list[list[str]]:
    pages, cursor = [], ""
    while True:
        page = inbox.list_items(person, filters=Filters(**filters), limit=limit, cursor=cursor)
        pages.append([entry.content.title for entry in page.entries])
        if not page.older:
            return pages
        cursor = page.older


class TestPages:
    def test_they_are_complete_and_newest_first(self, bob: Recipient) -> None:
        for n in range(23):
            drop(bob, str(n))

        pages = every_page(bob, limit=5)

        assert [title for page in pages for title in page] == [str(n) for n in reversed(range(23))]
        assert [len(page) for page in pages] == [5, 5, 5, 5, 3]

    def test_the_last_full_page_leads_nowhere(self, bob: Recipient) -> None:
        for n in range(10):
            drop(bob, str(n))

        assert [len(page) for page in every_page(bob, limit=5)] == [5, 5]

    def test_they_stand_still_while_new_items_arrive(self, bob: Recipient) -> None:
        for n in range(10):
            drop(bob, str(n))
        first = inbox.list_items(bob, limit=4)
        for n in range(10, 15):
            drop(bob, str(n))

        second = inbox.list_items(bob, limit=4, cursor=first.older or "")

        assert [entry.content.title for entry in second.entries] == ["5", "4", "3", "2"]

    def test_back_again_is_the_same_page(self, bob: Recipient) -> None:
        for n in range(12):
            drop(bob, str(n))
        first = inbox.list_items(bob, limit=4)
        second = inbox.list_items(bob, limit=4, cursor=first.older or "")
        third = inbox.list_items(bob, limit=4, cursor=second.older or "")

        assert inbox.list_items(bob, limit=4, cursor=third.newer or "").entries == second.entries
        back = inbox.list_items(bob, limit=4, cursor=second.newer or "")
        assert (back.entries, back.newer) == (first.entries, None)

    @pytest.mark.parametrize(
        "cursor", ["x", "o", "n", "o-1", "o1.5", "5", "o 1", "o١", "older", "o1; DROP", "O1", "o" + "9" * 30]
    )
    def test_a_cursor_that_is_not_ours_is_refused(self, bob: Recipient, cursor: str) -> None:
        with pytest.raises(ValueError, match="cursor"):
            inbox.list_items(bob, cursor=cursor)

    @pytest.mark.parametrize("cursor", ["o999999999999999999", "n999999999999999999", "o0", "n0"])
    def test_a_cursor_beyond_the_ends_is_an_empty_or_full_page(self, bob: Recipient, cursor: str) -> None:
        drop(bob, "a")

        assert len(inbox.list_items(bob, cursor=cursor).entries) <= 1

    @pytest.mark.parametrize(("asked", "given"), [(None, 20), (3, 3), (1000, 100)])
    def test_a_page_is_bounded(self, bob: Recipient, asked: int | None, given: int) -> None:
        inbox.post([Post(bob.tenant_id, "k", Content("t"), [bob.pk])] * 130, now=db_now())

        assert len(inbox.list_items(bob, limit=asked).entries) == given

    def test_filters(self, bob: Recipient) -> None:
        category = Category.objects.create(key="billing", name="Billing")
        NoticeType.objects.create(key="invoice", name="Invoice", category=category)
        contents = {
            "a": ("invoice", Content("Alpha", body="needle", level="error")),
            "b": ("other", Content("Beta NEEDLE", tab=ERRORS)),
            "c": ("other", Content("Gamma 100%_", level="error")),
        }
        for key, content in contents.values():
            inbox.post([Post(bob.tenant_id, key, content, [bob.pk])], now=db_now())
        archived = drop(bob, "Delta")
        inbox.archive(bob, [archived])

        cases: list[tuple[dict[str, Any], list[str]]] = [
            ({"tab": ERRORS}, ["Beta NEEDLE"]),
            ({"workflow": "invoice"}, ["Alpha"]),
            ({"category": "billing"}, ["Alpha"]),
            ({"category": "none"}, []),
            ({"level": "error"}, ["Gamma 100%_", "Alpha"]),
            ({"q": "needle"}, ["Beta NEEDLE", "Alpha"]),
            ({"q": "%_"}, ["Gamma 100%_"]),
            ({"archived": True}, ["Delta"]),
            ({"level": "error", "q": "needle"}, ["Alpha"]),
        ]
        for filters, found in cases:
            assert shown(bob, **filters) == found, filters

    @pytest.mark.parametrize("size", [5, 300])
    def test_a_page_is_one_statement_and_a_count_is_one_however_much_there_is(self, bob: Recipient, size: int) -> None:
        inbox.post([Post(bob.tenant_id, "k", Content("t"), [bob.pk])] * size, now=db_now())

        with statements() as found:
            for filters in (Filters(), Filters(unread=True), Filters(unread=True, tab=GENERAL)):
                inbox.list_items(bob, filters=filters)
            inbox.unread_count(bob)

        assert len(found) == 4


class Client:
    """What a browser keeps: the items it knows by id, and its cursor. It learns of changes only by asking for them."""

    def __init__(self, person: Recipient) -> None:
        self.person, self.cursor = person, inbox.current_cursor(person)
        self.known: dict[UUID, tuple[State, bool, Tab, int]] = {}
        for entry in inbox.list_items(person, limit=100).entries:
            self._keep(entry)

    def catch_up(self) -> Changes:
        changes = inbox.changes_since(self.person, self.cursor)
        assert not changes.resync
        for tab, upto in changes.marks.items():
            for name, (state, read, of_tab, seq) in self.known.items():
                self.known[name] = (state, read or (of_tab == tab and seq <= upto), of_tab, seq)
        for entry in changes.entries:
            self._keep(entry)
        self.cursor = changes.cursor
        return changes

    def _keep(self, entry: Entry) -> None:
        self.known[entry.id] = (entry.state, entry.read, Tab(entry.content.tab), entry.seq)


def truth(person: Recipient) -> dict[UUID, tuple[State, bool, Tab, int]]:
    marks = dict(Mark.objects.filter(recipient=person).values_list("tab", "read_upto"))
    found = {}
    for item in InboxItem.objects.filter(recipient=person).select_related("notification"):
        read = not item.forced and (item.read_at is not None or item.seq <= marks.get(item.tab, 0))
        found[item.notification.public_id] = (State(item.state), read, Tab(item.tab), item.seq)
    return found


def drop_three(person: Recipient, content: Content) -> None:
    inbox.post([Post(person.tenant_id, "k", content, [person.pk])] * 3, now=db_now())


def any_move(chance: random.Random, person: Recipient) -> None:
    names = list(InboxItem.objects.filter(recipient=person).values_list("notification__public_id", flat=True))
    some = chance.sample(names, min(len(names), chance.randint(0, 4)))
    tab = chance.choice([GENERAL, ERRORS])
    moves: list[Callable[[], Any]] = [
        lambda: drop(person, "x", tab=tab),
        lambda: drop(person, "x", tab=tab, thread=chance.choice("ab")),
        lambda: drop_three(person, Content("x", tab=tab, thread=chance.choice(["", "a"]))),
        lambda: inbox.mark_read(person, some, now=db_now()),
        lambda: inbox.mark_unread(person, some),
        lambda: inbox.archive(person, some),
        lambda: inbox.unarchive(person, some),
        lambda: inbox.delete(person, some),
        lambda: inbox.read_all(person, tab=chance.choice([None, tab])),
        lambda: inbox.mark_seen(person, chance.randint(0, 50)),
    ]  # fmt: skip
    chance.choice(moves)()


class TestChanges:
    @pytest.mark.parametrize("seed", range(15))
    def test_a_client_that_replays_them_knows_exactly_what_is_in_the_table(
        self, alice: Recipient, bob: Recipient, seed: int
    ) -> None:
        chance = random.Random(seed)
        often, seldom = Client(bob), Client(bob)

        for step in range(120):
            any_move(chance, bob if chance.random() < 0.8 else alice)
            if chance.random() < 0.4:
                often.catch_up()
            if step % 40 == 39:
                seldom.catch_up()

        for client in (often, seldom):
            client.catch_up()
            assert client.known == truth(bob)
            assert client.catch_up().entries == []
        assert sum(state == State.ACTIVE and not read for state, read, _, _ in often.known.values()) == sum(
            unread(bob).values()
        )

    def test_each_item_comes_once_in_its_latest_state_in_the_order_of_change(self, bob: Recipient) -> None:
        first, second = drop(bob, "a"), drop(bob, "b")
        cursor = inbox.current_cursor(bob)
        inbox.mark_read(bob, [second], now=db_now())
        inbox.archive(bob, [first])
        inbox.archive(bob, [second])
        drop(bob, "c")

        entries = inbox.changes_since(bob, cursor).entries

        assert [entry.content.title for entry in entries] == ["a", "b", "c"]
        assert [entry.rev for entry in entries] == sorted(entry.rev for entry in entries)

    def test_the_first_call_of_an_empty_inbox_hears_of_everything(self, bob: Recipient) -> None:
        cursor = inbox.current_cursor(bob)
        drop(bob, "a")

        changes = inbox.changes_since(bob, cursor)

        assert (cursor, changes.resync, [entry.content.title for entry in changes.entries]) == ("0.0", False, ["a"])

    def test_nothing_new_is_nothing(self, bob: Recipient) -> None:
        drop(bob, "a")
        cursor = inbox.current_cursor(bob)

        assert inbox.changes_since(bob, cursor) == Changes(cursor)

    def test_too_many_changes_mean_resync(self, bob: Recipient) -> None:
        drop(bob, "a")
        cursor = inbox.current_cursor(bob)
        inbox.post([Post(bob.tenant_id, "k", Content("t"), [bob.pk])] * conf().resync_after, now=db_now())
        assert not inbox.changes_since(bob, cursor).resync
        drop(bob, "one more")

        changes = inbox.changes_since(bob, cursor)

        assert (changes.resync, changes.entries, changes.cursor) == (True, [], inbox.current_cursor(bob))

    def test_a_cursor_of_the_future_or_another_history_means_resync(self, bob: Recipient) -> None:
        drop(bob, "a")
        epoch, head = inbox.current_cursor(bob).split(".")

        for cursor in (f"{epoch}.{int(head) + 1}", f"{int(epoch) + 1}.{head}", f"{epoch}.{10**30}", f"0.{head}"):
            assert inbox.changes_since(bob, cursor).resync, cursor

    def test_a_new_epoch_makes_every_client_load_anew(self, alice: Recipient, bob: Recipient) -> None:
        for person in (alice, bob):
            drop(person, "a")
        cursors = [inbox.current_cursor(person) for person in (alice, bob)]

        assert inbox.new_epoch() == 2

        for person, cursor in zip((alice, bob), cursors, strict=True):
            assert inbox.changes_since(person, cursor).resync
            assert not inbox.changes_since(person, inbox.current_cursor(person)).resync

    @pytest.mark.parametrize(
        "cursor", ["", "x", "1", "1.", ".1", "1.x", "-1.1", "1.-1", "1.1.1", "1,1", "١.١", "1" * 5000 + ".1"]
    )
    def test_a_cursor_that_is_none_is_refused(self, bob: Recipient, cursor: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011  Python's own words for digits without end
            inbox.changes_since(bob, cursor)

    def test_every_change_moves_the_head_by_one(self, bob: Recipient) -> None:
        name = drop(bob, "a")
        moves: list[Callable[[], Any]] = [
            lambda: inbox.mark_read(bob, [name], now=db_now() - timedelta(days=1)),
            lambda: inbox.mark_unread(bob, [name]),
            lambda: inbox.archive(bob, [name]),
            lambda: inbox.unarchive(bob, [name]),
            lambda: inbox.read_all(bob),
            lambda: drop(bob, "b"),
        ]

        heads = []
        for move in moves:
            move()
            heads.append(InboxState.objects.get(recipient=bob).head)

        assert heads == [2, 3, 4, 5, 6, 7]
