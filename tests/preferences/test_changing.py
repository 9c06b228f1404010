"""The verb behind every change: all of it or nothing, on record, and heard of by what is held."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from notifications import directory
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences.changing import By, Outdated, change, choose
from preferences.models import Change, Choice, Habits, Via
from preferences.personal import Preferences, Wish, preferences_of
from tests.cast import statements

from .moves import NIGHT

pytestmark = pytest.mark.django_db
BOB = By("Bob", Via.PAGE, "192.0.2.7")


def test_what_it_answers_is_what_is_stored(bob: Recipient) -> None:
    said: dict[str, Any] = {
        "quiet_hours": [NIGHT],
        "zone": "Asia/Tokyo",
        "choices": [{"channel": "email", "wanted": False}],
    }

    after = change(bob, said, by=BOB, now=db_now())

    bob.refresh_from_db()
    assert after == preferences_of(bob)
    assert after == Preferences(zone="Asia/Tokyo", choices=(Wish(channel="email", wanted=False),), quiet_hours=[NIGHT])


def test_what_is_not_different_writes_nothing(bob: Recipient) -> None:
    choose(bob, Wish(channel="email", wanted=False), by=BOB, now=db_now())

    with statements() as seen:
        choose(bob, Wish(channel="email", wanted=False), by=BOB, now=db_now())

    assert not [one for one in seen if one.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert Change.objects.filter(tenant=bob.tenant).count() == 1


def test_what_is_taken_back_is_gone(bob: Recipient) -> None:
    change(bob, {"choices": [{"channel": "email", "wanted": True}], "digest_day": 3}, by=BOB, now=db_now())

    change(bob, {}, by=BOB, now=db_now(), replacing=True)

    assert preferences_of(bob) == Preferences()
    assert not Choice.objects.filter(tenant=bob.tenant).exists()


def test_a_refusal_leaves_everything_as_it_was(bob: Recipient) -> None:
    with pytest.raises(ValidationError):
        change(bob, {"digest_day": 3, "digest_at": "25:00"}, by=BOB, now=db_now())
    with pytest.raises(Outdated):
        change(bob, {"digest_day": 3}, by=BOB, now=db_now(), matching='"other"')

    assert not Habits.objects.filter(tenant=bob.tenant).exists()
    assert not Change.objects.filter(tenant=bob.tenant).exists()


def test_another_tenants_rows_stay_as_they_are(bob: Recipient, globex: Tenant) -> None:
    Choice.objects.create(tenant=globex, recipient=bob, kind="inbox", wanted=False)

    change(bob, {}, by=BOB, now=db_now(), replacing=True)

    assert Choice.objects.filter(tenant=globex).count() == 1


def test_the_directory_says_who_is_in_another_zone_now(acme: Tenant, alice: Recipient, bob: Recipient) -> None:
    heard: list[int] = []
    directory.on_new_zone(heard.extend)
    people = {"alice": {"zone": "Asia/Tokyo"}, "bob": {"name": "Robert"}, "carol": {"zone": "UTC"}}

    directory.put_people(acme, people)
    directory.put_people(acme, people)

    directory._hear_of_zones.remove(heard.extend)
    assert heard == [alice.pk]
