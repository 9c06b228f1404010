"""What is held: kept once for all, looked at again when something changes, cleared out when it is old."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from notifications import directory
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences import due, holding
from preferences.again import Asked, decide_again
from preferences.due import Ended
from preferences.holding import Message
from preferences.models import Change, HeldWords, Hold, TenantHabits
from preferences.retention import clear_out
from preferences.spread import release_at
from preferences.verdict import Hold as Held
from preferences.verdict import Send, Subject
from tests.cast import crowd, statements

from .moves import NOON, habits

pytestmark = pytest.mark.django_db
TOMORROW = NOON + timedelta(days=1)
SUBJECT = Subject("t.mail", "news", "email")


def hold(tenant: Tenant, *people: Recipient, origin: UUID | None = None, title: str = "Mail") -> int:
    to = {one.pk: Held(TOMORROW, "quiet_hours") for one in people}
    message = Message(tenant.pk, SUBJECT, origin or uuid4(), "0.0", {"title": title}, {"parts": {}}, to)
    return holding.hold_many([message], now=NOON)


def dues(tenant: Tenant) -> list[datetime]:
    rows = Hold.objects.filter(tenant=tenant, ended_at__isnull=True)
    return list(rows.order_by("recipient").values_list("due_at", flat=True))


def test_the_same_words_of_one_origin_are_one_row_however_often_they_are_put_aside(acme: Tenant) -> None:
    people, origin = crowd(acme, 4), uuid4()

    counts = [hold(acme, *people[:2], origin=origin), hold(acme, *people[2:], origin=origin)]
    hold(acme, people[0], origin=origin, title="Other")

    assert counts == [2, 2]
    assert sorted(HeldWords.objects.filter(tenant=acme).values_list("content__title", flat=True)) == ["Mail", "Other"]


def test_a_change_has_what_is_held_for_that_person_looked_at_now(acme: Tenant) -> None:
    ana, ben = crowd(acme, 2)
    hold(acme, ana, ben)

    assert holding.look_again([ana.pk], now=NOON) == 1
    assert dues(acme) == [NOON, release_at(TOMORROW, ben.pk)]


def test_a_change_of_zone_by_the_host_does_so_too(acme: Tenant) -> None:
    ana, ben = crowd(acme, 2)
    hold(acme, ana, ben)

    far = db_now() + timedelta(days=2)
    Hold.objects.filter(tenant=acme).update(due_at=far)

    directory.put_people(acme, {ana.external_id: {"zone": "Asia/Tokyo"}, ben.external_id: {"name": "Ben"}})

    assert [one == far for one in dues(acme)] == [False, True]


def test_a_cancel_takes_back_what_is_open_and_counts_it(acme: Tenant) -> None:
    people, origin = crowd(acme, 3), uuid4()
    hold(acme, *people, origin=origin)
    hold(acme, *people)

    assert holding.cancel(origin=origin, now=NOON, recipients=[people[0].pk]) == 1
    assert holding.cancel(origin=origin, now=NOON) == 2
    assert holding.cancel(origin=origin, now=NOON) == 0
    assert len(dues(acme)) == 3


def test_what_is_taken_comes_by_person_and_only_what_is_due(acme: Tenant) -> None:
    ana, ben = crowd(acme, 2)
    for one in (ben, ana, ben):
        hold(acme, one)
    holding.look_again([ben.pk], now=NOON)

    assert due.people_due(acme.pk, now=NOON) == [ben.pk]
    assert [row.recipient for row in due.take([ana.pk, ben.pk], tenant_id=acme.pk, now=NOON)] == [ben.pk, ben.pk]


def test_old_records_go_with_their_words_and_what_is_held_stays(acme: Tenant) -> None:
    ana, ben = crowd(acme, 2)
    hold(acme, ana)
    hold(acme, ben)
    due.end({Hold.objects.get(tenant=acme, recipient=ana).pk: Ended("sent")}, now=TOMORROW)

    soon = clear_out(now=NOON + timedelta(days=20))
    late = clear_out(now=NOON + timedelta(days=92))

    assert soon == {"bodies": 1, "holds": 0, "words": 0, "changes": 0}
    assert late == {"bodies": 0, "holds": 1, "words": 1, "changes": 0}
    assert Hold.objects.get(tenant=acme).recipient_id == ben.pk
    assert HeldWords.objects.get(tenant=acme).content == {"title": "Mail"}


def test_each_message_is_decided_by_its_own_age_in_two_statements(acme: Tenant) -> None:
    people = crowd(acme, 30)
    TenantHabits.objects.create(tenant=acme, quiet_hours=[{"start": "11:00", "end": "13:00"}])
    habits(people[0], quiet_hours=[], frequencies={"news": "daily"}, digest_at="12:00")
    yesterday = NOON - timedelta(days=1, minutes=1)
    asked = [Asked(one.pk, SUBJECT, since) for one in people for since in (yesterday, NOON)]

    with statements() as found:
        daily, fresh, *others = decide_again(asked, tenant_id=acme.pk, now=NOON)

    assert isinstance(daily, Send)
    assert fresh == Held(TOMORROW, "digest_frequency")
    assert set(others) == {Held(NOON + timedelta(hours=1), "quiet_hours")}
    assert len(found) == 2


def test_nothing_is_held_beyond_eight_days_in_all(acme: Tenant) -> None:
    (ana,) = crowd(acme, 1)
    habits(ana, quiet_hours=[{"start": "00:00", "end": "24:00"}])
    ages = [timedelta(days=8), timedelta(days=7)]

    old, younger = decide_again([Asked(ana.pk, SUBJECT, NOON - age) for age in ages], tenant_id=acme.pk, now=NOON)

    assert isinstance(old, Send)
    assert younger == Held(TOMORROW, "quiet_hours")


def test_people_see_what_waits_for_them_over_http_page_by_page(
    acme: Tenant, alice: Recipient, as_alice: APIClient
) -> None:
    for title in ("One", "Two", "Three"):
        hold(acme, alice, title=title)
    hold(acme, *crowd(acme, 1), title="Not hers")

    first = as_alice.get("/api/v1/preferences/held/?limit=2").json()
    rest = as_alice.get(first["next"]).json()

    assert [one["title"] for one in (*first["results"], *rest["results"])] == ["One", "Two", "Three"]
    assert first["results"][0] == {
        "channel": "email",
        "workflow": "t.mail",
        "category": "news",
        "title": "One",
        "reason": "quiet_hours",
        "since": "2026-01-14T12:00:00Z",
        "until": "2026-01-15T12:00:00Z",
    }


def test_the_history_of_changes_goes_by_its_own_setting_and_never_within_two_days(acme: Tenant, settings: Any) -> None:
    (ana,) = crowd(acme, 1)
    for days in (100, 10, 1):
        Change.objects.create(tenant=acme, recipient=ana, at=NOON - timedelta(days=days), by="Ana", via="page")

    kept = clear_out(now=NOON)["changes"]
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "PREFERENCES": {"KEEP_HISTORY_DAYS": 0}}
    gone = clear_out(now=NOON, most=3)["changes"]

    assert (kept, gone) == (0, 2)
    assert [one.at for one in Change.objects.filter(tenant=acme)] == [NOON - timedelta(days=1)]
