"""The settings page: what it shows, and that each form says what it looks as if it said."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import QueryDict

from notifications.kernel.clock import db_now
from notifications.models import Category, NoticeType, Recipient, Tenant
from preferences import holding
from preferences.changing import By, change
from preferences.models import Change, Choice, Habits, Hold, TenantChoice, TenantHabits, Via
from preferences.personal import preferences_of
from preferences.verdict import Hold as Held
from preferences.verdict import Subject
from preferences.web import forms
from tests.cast import Publish, member, workflow
from workflows.define import escalate, level, send_email, send_inbox

from .pages import queries, visitor, words

PAGE = "/preferences/"


@pytest.fixture
def billing(db: None) -> Category:
    category = Category.objects.create(key="billing", name="Billing", description="Invoices and payments.")
    kinds = ["email", "inbox"]
    NoticeType.objects.create(key="invoice.sent", name="Invoice sent", category=category, kinds=kinds)
    NoticeType.objects.create(
        key="payment.failed", name="Payment failed", category=category, kinds=kinds, critical=True
    )
    return category


def save(person: Recipient, section: str, **fields: Any) -> Any:
    return visitor(person).post(PAGE, {"section": section, **fields}, follow=True)


def said(person: Recipient) -> dict[tuple[str, str, str], bool]:
    rows = Choice.objects.filter(tenant=person.tenant_id, recipient=person)
    return {(one.workflow, one.category, one.kind): one.wanted for one in rows}


def test_who_has_not_signed_in_is_sent_to_the_door(client: Any) -> None:
    assert client.get(PAGE).headers["Location"] == "/sign-in/?next=/preferences/"


def test_every_switch_says_what_it_is_about_and_stands_as_it_is_decided(bob: Recipient, billing: Category) -> None:
    Choice.objects.create(tenant=bob.tenant, recipient=bob, category="billing", kind="email", wanted=False)

    page = visitor(bob).get(PAGE).content.decode()

    assert 'value="|billing|email" aria-label="Billing: E-mail"' in page
    assert 'value="invoice.sent||email" aria-label="Invoice sent: E-mail"' in page
    assert 'value="|billing|inbox" checked aria-label="Billing: Inbox"' in page
    assert 'name="inherit" value="|billing|email"' in page
    assert 'disabled checked aria-label="Payment failed: E-mail. This is critical' in page


def test_a_lock_is_shown_with_the_reason_that_the_tenant_gives(bob: Recipient, billing: Category, acme: Tenant) -> None:
    TenantChoice.objects.create(
        tenant=acme, category="billing", kind="email", wanted=True, locked=True, note="By contract."
    )

    page = visitor(bob).get(PAGE).content.decode()

    assert 'aria-label="Billing: E-mail. By contract."' in page
    assert 'value="|billing|email"' not in page


def test_switches_that_were_moved_are_choices_and_the_others_are_none(bob: Recipient, billing: Category) -> None:
    shown = ["||email=on", "|billing|email=on", "|billing|inbox=", "invoice.sent||email=on"]

    response = save(bob, "choices", shown=shown, on=["||email", "|billing|inbox", "invoice.sent||email"])

    assert "Saved. It counts from now on" in words(response)
    assert said(bob) == {("", "billing", "email"): False, ("", "billing", "inbox"): True}
    [entry] = Change.objects.filter(tenant=bob.tenant, recipient=bob)
    assert (entry.by, entry.via, entry.address) == ("Bob", Via.PAGE, "127.0.0.1")
    assert "Billing, E-mail: off; Billing, Inbox: on" in words(response)


def test_a_switch_can_be_given_back(bob: Recipient, billing: Category) -> None:
    Choice.objects.create(tenant=bob.tenant, recipient=bob, category="billing", kind="email", wanted=False)

    save(bob, "choices", shown=["|billing|email="], inherit="|billing|email")

    assert said(bob) == {}


def test_two_tabs_do_not_overwrite_each_other(bob: Recipient, billing: Category) -> None:
    matching = preferences_of(bob).etag()
    change(bob, {"digest_at": "08:00"}, by=By("Bob", Via.API), now=db_now())

    response = save(bob, "choices", matching=matching, shown=["|billing|email=on"])

    assert "This was changed elsewhere in the meantime" in words(response)
    assert said(bob) == {}


def test_quiet_hours_of_ones_own(bob: Recipient) -> None:
    rows = {"start-0": "22:00", "end-0": "07:00", "days-0": ["1", "2"], "start-1": "", "end-1": ""}

    save(bob, "hours", zone="Europe/Lisbon", quiet="own", **rows)

    now = preferences_of(Recipient.objects.get(tenant=bob.tenant, pk=bob.pk))
    assert (now.zone, now.quiet_hours) == ("Europe/Lisbon", [{"start": "22:00", "end": "07:00", "days": [1, 2]}])


def test_what_cannot_be_is_told_and_stays_as_it_was_typed(bob: Recipient) -> None:
    response = save(bob, "hours", zone="Europe/Lisbonn", quiet="own", **{"start-0": "25:00", "end-0": "07:00"})

    assert response.status_code == 400
    assert "Nothing was saved: Time zone: Is not an IANA time zone, like Europe/Lisbon." in words(response)
    assert 'value="25:00"' in response.content.decode()
    assert 'value="Europe/Lisbonn"' in response.content.decode()
    assert not Habits.objects.filter(tenant=bob.tenant).exists()


def test_the_hours_of_the_organisation_are_shown_and_can_be_gone_back_to(bob: Recipient, acme: Tenant) -> None:
    TenantHabits.objects.create(tenant=acme, quiet_hours=[{"start": "20:00", "end": "06:00", "days": [6, 7]}])
    Habits.objects.create(tenant=acme, recipient=bob, quiet_hours=[])
    assert "20:00–06:00, Sat, Sun" in words(visitor(bob).get(PAGE))

    save(bob, "hours", zone="", quiet="")

    assert preferences_of(bob).quiet_hours is None


def test_how_often(bob: Recipient, billing: Category) -> None:
    save(bob, "digests", **{"often:": "daily", "often:billing": "at_once", "digest_at": "07:30", "digest_day": "5"},
         summaries="no")  # fmt: skip

    now = preferences_of(bob)
    assert now.frequencies == {"": "daily", "billing": "at_once"}
    assert (now.digest_at, now.digest_day, now.summaries) == ("07:30", 5, False)


def test_do_not_disturb_is_said_at_the_top_and_can_be_ended(bob: Recipient) -> None:
    response = save(bob, "snooze", **{"for": "60"})
    assert "Do not disturb until" in words(response)

    ended = save(bob, "snooze", **{"for": "end"})

    assert "Messages reach you now" in words(ended)


def test_until_a_moment_is_of_the_persons_clock(acme: Tenant) -> None:
    ana = member(acme, "ana", zone="Asia/Kathmandu")
    form = QueryDict("until=2026-03-01T10:00")

    until = forms.snooze(form, ana, db_now())["snooze_until"]

    assert until.isoformat() == "2026-03-01T04:15:00+00:00"


@pytest.mark.parametrize("fields", [{}, {"until": "soon"}, {"for": "9" * 20}, {"for": "99999"}])
def test_a_snooze_that_cannot_be_says_so(bob: Recipient, fields: dict[str, str]) -> None:
    response = save(bob, "snooze", **fields)

    assert response.status_code == 400
    assert "Nothing was saved" in words(response)


def test_quiet_hours_that_are_now_are_said_at_the_top(bob: Recipient) -> None:
    now = db_now()
    start, end = now - timedelta(hours=1), now + timedelta(hours=1)
    quiet = [{"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}]
    Habits.objects.create(tenant=bob.tenant, recipient=bob, quiet_hours=quiet)

    day = "" if end.date() == now.date() else f"{end:%A} "
    assert f"Quiet hours until {day}{end:%H:%M}" in words(visitor(bob).get(PAGE))


@pytest.mark.parametrize(
    "fields",
    [{"section": "everything"}, {"section": "choices", "shown": "x=on"}, {}, {"section": "choices", "inherit": "x"}],
)
def test_a_form_that_is_not_there_changes_nothing(bob: Recipient, fields: dict[str, str]) -> None:
    response = visitor(bob).post(PAGE, fields)

    assert response.status_code == 400
    assert not Change.objects.filter(tenant=bob.tenant).exists()


def test_a_form_from_another_site_is_refused(bob: Recipient) -> None:
    assert visitor(bob, enforce_csrf_checks=True).post(PAGE, {"section": "snooze", "for": "60"}).status_code == 403


def test_the_page_costs_the_same_however_much_there_is(bob: Recipient, billing: Category) -> None:
    few = len(queries(lambda: visitor(bob).get(PAGE)))
    for number in range(20):
        category = Category.objects.create(key=f"c{number}", name=f"Category {number}")
        NoticeType.objects.create(key=f"w{number}", name=f"Workflow {number}", category=category, kinds=["email"])

    assert len(queries(lambda: visitor(bob).get(PAGE))) == few


def test_what_is_held_is_listed_and_sent_at_once_on_ones_own_word(bob: Recipient, mallory: Recipient) -> None:
    until, subject = db_now() + timedelta(days=2), Subject("invoice.sent", "", "email")
    for person, title in ((bob, "Your invoice"), (bob, "Another one"), (mallory, "Not yours")):
        to = {person.pk: Held(until, "snoozed")}
        message = holding.Message(person.tenant_id, subject, uuid4(), "0.0", {"title": title}, {}, to)
        holding.hold_many([message], now=db_now())

    before = words(visitor(bob).get(PAGE))
    after = words(save(bob, "held"))

    assert "2 messages are held for you" in before
    assert "Your invoice" in before
    assert "Not yours" not in before
    assert "2 messages are on their way." in after
    assert "2 held messages, sent at once" in after
    assert "are held for you" not in after
    due = Hold.objects.across_tenants().filter(due_at__lte=db_now())
    assert set(due.values_list("recipient", flat=True)) == {bob.pk}


def test_the_same_over_http(bob: Recipient, as_bob: Any) -> None:
    to = {bob.pk: Held(db_now() + timedelta(days=2), "snoozed")}
    message = holding.Message(bob.tenant_id, Subject("invoice.sent", "", "email"), uuid4(), "0.0", {}, {}, to)
    holding.hold_many([message], now=db_now())

    answers = [as_bob.post("/api/v1/preferences/held/send/").json() for _ in range(2)]

    assert answers == [{"count": 1}, {"count": 0}]
    assert as_bob.get("/api/v1/preferences/history/").json()["results"][0]["said"][0]["what"] == "held_sent_now"


def test_a_zone_is_guessed_once_and_never_again_after_a_persons_own_word(bob: Recipient) -> None:
    assert "data-nh-guess" in visitor(bob).get(PAGE).content.decode()

    guessed = save(bob, "zone_guess", zone="Asia/Kathmandu")
    again = save(bob, "zone_guess", zone="Asia/Tokyo")

    assert "We take it you are in Asia/Kathmandu, as your browser says." in words(guessed)
    assert "as the browser said" in words(again)
    assert zone_of(bob) == "Asia/Kathmandu"
    emptied = save(bob, "hours", zone="", quiet="")
    assert "data-nh-guess" not in emptied.content.decode()
    assert "We take it" not in words(save(bob, "zone_guess", zone="Asia/Tokyo"))
    assert zone_of(bob) == ""


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd"])
def test_what_is_no_zone_is_not_guessed(bob: Recipient, zone: str) -> None:
    save(bob, "zone_guess", zone=zone)

    assert zone_of(bob) == ""
    assert not Change.objects.filter(tenant=bob.tenant).exists()


def test_a_zone_of_ones_own_is_no_guess(bob: Recipient) -> None:
    save(bob, "hours", zone="Europe/Lisbon", quiet="")

    assert "We take it" not in words(save(bob, "zone_guess", zone="Asia/Tokyo"))
    assert zone_of(bob) == "Europe/Lisbon"


def zone_of(person: Recipient) -> str:
    return Recipient.objects.get(tenant=person.tenant, pk=person.pk).zone


def test_each_channel_has_a_button_or_says_why_not(bob: Recipient) -> None:
    Recipient.objects.filter(tenant=bob.tenant, pk=bob.pk).update(phone="", email="bob@acme.example")

    page = visitor(bob).get(PAGE)
    after = save(bob, "test", channel="all")

    assert 'aria-label="Test E-mail"' in page.content.decode()
    assert 'aria-label="Test SMS"' not in page.content.decode()
    assert "Your organisation has no phone number of yours." in words(page)
    assert "It is in your inbox." in words(after)
    assert "E-mail It is on its way. Look again" in words(after)
    assert "It is in your inbox." not in words(visitor(bob).get(PAGE))


def test_a_test_of_somebody_else_is_not_shown(bob: Recipient, mallory: Recipient) -> None:
    test = save(bob, "test", channel="inbox").redirect_chain[0][0].partition("test=")[2].partition("#")[0]

    assert "It is in your inbox." in words(visitor(bob).get(f"{PAGE}?test={test}"))
    for asked in (test, "x", ""):
        assert "It is in your inbox." not in words(visitor(mallory).get(f"{PAGE}?test={asked}"))


def test_hours_in_which_messages_may_come_by_channel(bob: Recipient) -> None:
    rows = {"start-0": "08:00", "end-0": "18:00", "days-0": ["1", "2"], "channel-0": "email"}

    response = save(bob, "windows", windows="own", **rows, **{"start-1": "07:00", "end-1": "22:00"})

    email = {"start": "08:00", "end": "18:00", "days": [1, 2], "channels": ["email"]}
    assert preferences_of(bob).send_windows == [email, {"start": "07:00", "end": "22:00"}]
    assert '<option value="email" selected>' in response.content.decode()
    save(bob, "windows", windows="")
    assert preferences_of(bob).send_windows is None


def test_hours_that_cannot_be_are_told_and_stay_as_typed(bob: Recipient) -> None:
    response = save(bob, "windows", windows="own", **{"start-0": "8 o\u2019clock", "end-0": "18:00"})

    assert response.status_code == 400
    assert "Nothing was saved: Hours in which messages may come:" in words(response)
    assert preferences_of(bob).send_windows is None


def test_the_order_in_which_one_is_called(bob: Recipient) -> None:
    response = save(bob, "policies", **{"default:sms": "10", "default:push": "0", "important:sms": "1,5", "x:y": "3"})

    assert preferences_of(bob).policies == {
        "default": [{"channel": "push", "after": 0}, {"channel": "sms", "after": 600}],
        "important": [{"channel": "sms", "after": 90}],
    }
    assert 'name="important:sms" value="1.5"' in response.content.decode()
    save(bob, "policies", **{"default:sms": ""})
    assert preferences_of(bob).policies == {}


@pytest.mark.parametrize("minutes", ["soon", "-1", "1e999", "nan", "99999"])
def test_minutes_that_cannot_be_say_so(bob: Recipient, minutes: str) -> None:
    response = save(bob, "policies", **{"default:sms": minutes})

    assert response.status_code == 400
    assert f'value="{minutes}"' in response.content.decode()
    assert preferences_of(bob).policies == {}


def test_a_delay_that_is_longer_than_a_level_waits_is_said(bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.call", escalate(level(send_inbox(title="Call"), send_email(title="Call"), minutes=5))))

    response = save(bob, "policies", **{"default:email": "10"})

    assert "E-mail after 10 min is later than" in words(response)


def test_what_is_held_says_until_when_by_the_persons_clock(acme: Tenant) -> None:
    ana = member(acme, "ana", zone="Asia/Kathmandu")
    until = (db_now() + timedelta(days=1)).replace(hour=4, minute=15)
    message = holding.Message(
        acme.pk, Subject("x", "", "email"), uuid4(), "0.0", {}, {}, {ana.pk: Held(until, "snoozed")}
    )
    holding.hold_many([message], now=db_now())

    assert ", 10 a.m." in words(visitor(ana).get(PAGE))
