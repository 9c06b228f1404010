"""The page of a run: its stages, its people with their reasons, and the way to take it back."""

import html
import json
import re

import pytest
from django.http import HttpResponse
from pytest_django import Settings

from notifications.models import Recipient, State
from preferences.models import Choice
from tests.cast import Publish, crowd, run_named, titles, wake_everybody, workflow
from workflows.define import Workflow, delay, send_inbox
from workflows.engine import drain
from workflows.trigger import trigger

from .pages import queries, visitor, words

EVERYONE = [{"everyone": True}]


@pytest.fixture
def patient(publish: Publish) -> Workflow:
    """Says something, waits two days, says it again."""
    return publish(workflow("patient", send_inbox(title="First"), delay(days=2), send_inbox(title="Second")))


def start(person: Recipient, key: str, *, drained: bool = True) -> str:
    """A run to everyone in that person's tenant; the address of its page."""
    name = {"name": "x"} if key == "hello" else {}
    answer = trigger(key, tenant=person.tenant, recipients=EVERYONE, payload=name, transaction_id=f"t-{key}")
    if drained:
        drain()
    return f"/runs/{answer.run}/"


def stages(page: HttpResponse) -> list[tuple[str, str]]:
    found = re.findall(r'site-stage--(\w+)".*?<strong>(.*?)</strong>', page.content.decode(), flags=re.DOTALL)
    return [(name, state) for state, name in found]


def test_a_run_that_waits_for_a_worker_says_so(alice: Recipient, hello: Workflow) -> None:
    page = visitor(alice).get(start(alice, "hello", drained=False))

    assert stages(page)[:2] == [("Triggered", "over"), ("Finding the people", "now")]
    assert "Waiting for a worker" in words(page)
    assert "pending" in words(page)


def test_a_run_on_its_way_shows_where_people_stand(alice: Recipient, bob: Recipient, patient: Workflow) -> None:
    page = visitor(alice).get(start(alice, "patient"))

    assert stages(page) == [
        ("Triggered", "over"),
        ("People found", "over"),
        ("Inbox", "over"),
        ("Wait", "over"),
        ("Inbox", "now"),
        ("Everyone told", "ahead"),
    ]
    assert "2 people are here" in words(page)


def test_a_run_that_ended_shows_it(alice: Recipient, bob: Recipient, patient: Workflow) -> None:
    address = start(alice, "patient")
    wake_everybody()
    drain()

    page = visitor(alice).get(address)

    assert {state for _, state in stages(page)} == {"over"}
    assert "sent" in words(page)
    assert titles(bob) == ["Second", "First"]


def test_the_page_follows_a_run_only_until_it_ends(alice: Recipient, hello: Workflow) -> None:
    hers, address = visitor(alice), start(alice, "hello", drained=False)

    before = hers.get(address).content.decode()
    drain()
    after = hers.get(address).content.decode()

    refresh = '<noscript><meta http-equiv="refresh"'
    assert refresh in before
    assert "data-finished" not in before
    assert refresh not in after
    assert "data-finished" in after


def test_the_twin_says_what_the_page_says(alice: Recipient, hello: Workflow) -> None:
    hers, address = visitor(alice), start(alice, "hello")

    told = hers.get(f"{address}state/").json()

    on_page = re.search(r'data-state="([^"]*)"', hers.get(address).content.decode())
    assert on_page is not None
    assert json.loads(html.unescape(on_page[1])) == told
    assert (told["status"], told["finished"], told["progress"]["people"]) == ("sent", True, 1)


def test_who_was_not_told_is_there_with_the_reason(alice: Recipient, bob: Recipient, hello: Workflow) -> None:
    Choice.objects.create(tenant=bob.tenant, recipient=bob, workflow="hello", wanted=False)

    text = words(visitor(alice).get(start(alice, "hello")))

    assert "A Alice Told" in text
    assert "B Bob Turned this notification off. Not told" in text
    assert "Inbox · 1 person: Turned this notification off." in text


def test_a_site_that_sends_nothing_says_so(alice: Recipient, hello: Workflow, settings: Settings) -> None:
    settings.NOTIFYHUB = {"ENABLED": False}
    hers = visitor(alice)

    text = words(hers.get(start(alice, "hello")))

    assert "All sending is switched off on this site." in text
    assert "Nobody was told." in text
    assert "All sending is switched off on this site: runs start and end" in words(hers.get("/playground/"))


def test_what_a_person_did_with_it_stays_theirs(alice: Recipient, bob: Recipient, hello: Workflow) -> None:
    address = start(alice, "hello")
    item = re.search(r'id="item-([^"]+)"', visitor(bob).get("/inbox/").content.decode())
    assert item is not None
    visitor(bob).post(f"/inbox/{item[1]}/delete/")

    text = words(visitor(alice).get(address))

    assert "B Bob Told" in text
    assert "eleted" not in text


def test_cancelling_takes_it_back(alice: Recipient, bob: Recipient, hello: Workflow) -> None:
    hers, address = visitor(alice), start(alice, "hello")

    page = hers.post(f"{address}cancel/", follow=True)
    drain()
    after = hers.get(address)

    assert "Cancelled, what 2 people have is taken back." in words(page)
    assert "data-finished" not in page.content.decode()
    assert "data-finished" in after.content.decode()
    assert "retracted" in words(after)
    assert words(after).count("Taken back") == 3
    assert titles(bob, state=State.WITHDRAWN) == ["Hello x"]


def test_cancelling_before_anything_happened_tells_nobody(alice: Recipient, bob: Recipient, hello: Workflow) -> None:
    hers, address = visitor(alice), start(alice, "hello", drained=False)

    text = words(hers.post(f"{address}cancel/", follow=True))
    drain()

    assert "Cancelled, 2 people will not be told." in text
    assert titles(bob) == []
    assert hers.get(address).status_code == 200


def test_cancelling_twice_is_cancelling_once(alice: Recipient, hello: Workflow) -> None:
    hers, address = visitor(alice), start(alice, "hello")
    hers.post(f"{address}cancel/")
    first = run_named("t-hello").cancelled_at

    hers.post(f"{address}cancel/")

    assert run_named("t-hello").cancelled_at == first


@pytest.mark.parametrize(("demo", "offered"), [(True, True), (False, False)])
def test_only_a_demo_opens_the_inbox_of_another(
    alice: Recipient, hello: Workflow, settings: Settings, demo: bool, offered: bool
) -> None:
    settings.NOTIFYHUB_DEMO = demo

    page = visitor(alice).get(start(alice, "hello"))

    assert ("Open inbox" in words(page)) is offered


@pytest.mark.parametrize("size", [2, 40])
def test_a_run_page_costs_the_same_for_few_and_many(alice: Recipient, hello: Workflow, size: int) -> None:
    crowd(alice.tenant, size)
    hers, address = visitor(alice), start(alice, "hello")
    hers.get(address)

    asked = queries(lambda: hers.get(address))

    assert len(asked) == 16, "\n".join(asked)


class TestWhy:
    def test_each_person_has_a_link_to_their_explanation(
        self, alice: Recipient, bob: Recipient, patient: Workflow
    ) -> None:
        Choice.objects.create(tenant=alice.tenant, recipient=bob, kind="inbox", wanted=False)
        address = start(alice, "patient")

        assert 'href="?person=bob#why"' in visitor(alice).get(address).content.decode()
        text = words(visitor(alice).get(address, {"person": "bob"}))

        assert "Recipients Everyone of the tenant was a recipient." in text
        assert "Inbox Inbox: nothing was sent. Turned off this channel." in text
        assert "Wait Waits until" in text
        assert "In the end Is on the way." in text

    def test_who_was_no_recipient_can_be_asked_about_too(self, alice: Recipient, hello: Workflow) -> None:
        address = start(alice, "hello")
        crowd(alice.tenant, 1, prefix="late")

        text = words(visitor(alice).get(address, {"person": "late0"}))

        assert "Not a recipient" in text
        assert "Fits now, but did not when the recipients were found." in text

    def test_nobody_of_another_tenant_is_known(self, alice: Recipient, mallory: Recipient, hello: Workflow) -> None:
        text = words(visitor(alice).get(start(alice, "hello"), {"person": "mallory"}))

        assert "There is nobody with the id “mallory” in this tenant." in text
        assert "Mallory" not in text
