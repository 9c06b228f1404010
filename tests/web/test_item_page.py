"""One item, opened: also when it was taken back, replaced or put away."""

from uuid import uuid4

from notifications import inbox
from notifications.content import Action, Content
from notifications.kernel.clock import db_now
from notifications.models import Recipient
from tests.cast import drop

from .pages import visitor, words


def test_it_shows_the_whole_text(alice: Recipient) -> None:
    body = "First line.\n\n" + "long " * 500 + "end."
    item = drop(alice, "A letter", body=body, url="/orders/7")

    page = visitor(alice).get(f"/inbox/{item}/")

    assert "end." in words(page)
    assert 'href="/orders/7"' in page.content.decode()


def test_a_button_that_leads_to_the_same_place_is_there_once(alice: Recipient) -> None:
    item = drop(alice, "Order", url="/orders/7", actions=(Action("See the order", "/orders/7"),))

    html = visitor(alice).get(f"/inbox/{item}/").content.decode()

    assert html.count('href="/orders/7"') == 1


def test_an_unread_item_can_be_marked_read_without_a_script(alice: Recipient) -> None:
    item, hers = drop(alice, "A letter"), visitor(alice)
    here = f"/inbox/{item}/"

    before = hers.get(here).content.decode()
    hers.post(f"{here}read/", {"next": here})
    after = hers.get(here).content.decode()

    assert f'data-nh-open="{here}read/"' in before
    assert "data-nh-open" not in after
    assert "Mark as unread" in after


def test_what_was_taken_back_says_so_and_no_more(alice: Recipient) -> None:
    origin = uuid4()
    post = inbox.Post(alice.tenant_id, "test.note", Content("Wrong price", body="Secret"), [alice.pk], origin=origin)
    [item] = inbox.post([post], now=db_now())
    inbox.withdraw(origin, [alice.pk])

    page = visitor(alice).get(f"/inbox/{item}/")

    assert page.status_code == 410
    assert "This notification was taken back" in words(page)
    assert "Wrong price" not in words(page)
    assert "Secret" not in words(page)


def test_what_was_replaced_points_to_newer_word(alice: Recipient) -> None:
    old = drop(alice, "3 min late", thread="train")
    drop(alice, "9 min late", thread="train")

    page = visitor(alice).get(f"/inbox/{old}/")

    assert "There is newer word on this" in words(page)
    assert "Archive" not in words(page)


def test_the_way_back_leads_to_the_list_one_came_from(alice: Recipient) -> None:
    item = drop(alice, "Hello")

    html = visitor(alice).get(f"/inbox/{item}/?tab=reviews&show=unread").content.decode()

    assert 'href="/inbox/?tab=reviews&amp;show=unread"' in html
