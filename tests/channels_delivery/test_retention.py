"""What ended is kept for a while, and then no longer; what may still be wanted is left alone."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from channels_delivery import outbox
from channels_delivery.log import Filters, replayable, why_no_replay
from channels_delivery.models import Attempt, Message
from channels_delivery.outcome import Delivered, Permanent
from channels_delivery.retention import clear_out
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import statements

from .moves import attempts, deliveries, finish, put, states, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def days(count: float) -> datetime:
    return db_now() + timedelta(days=count)


@pytest.fixture
def past(acme: Tenant) -> dict[str, Any]:
    """A delivery of each fate, a message each."""
    fates: dict[str, Any] = {name: put(acme, name)[0] for name in ("well", "bad")}
    for parcel in take():
        finish([parcel], Delivered() if parcel.address == "well" else Permanent("content"))
    fates["sending"] = put(acme, "sending")[0]
    take()
    fates["waits"] = put(acme, "waits", due_at=days(365))[0]
    return fates


def words() -> set[str]:
    """Whose words are still there."""
    full = Message.objects.across_tenants().exclude(parts={}).values_list("pk", flat=True)
    return set(deliveries().filter(message__in=full).values_list("address", flat=True))


@pytest.mark.parametrize(
    ("day", "left"),
    [
        (6.9, {"well", "bad", "sending", "waits"}),
        (7.1, {"bad", "sending", "waits"}),
        (29.9, {"bad", "sending", "waits"}),
        (30.1, {"sending", "waits"}),
    ],
)
def test_words_go_after_a_week_and_those_of_what_failed_after_a_month(
    past: dict[str, Any], day: float, left: set[str]
) -> None:
    clear_out(now=days(day))

    assert words() == left


def test_tries_go_after_a_month_and_deliveries_after_three(past: dict[str, Any]) -> None:
    clear_out(now=days(29.9))
    assert (attempts(past["well"]), attempts(past["bad"])) == (["delivered"], ["failed"])

    clear_out(now=days(30.1))
    assert [attempts(one) for one in past.values()] == [[], [], [""], []]
    assert states() == {"delivered": 1, "failed": 1, "sending": 1, "pending": 1}

    clear_out(now=days(90.1))
    assert set(deliveries().values_list("address", flat=True)) == {"sending", "waits"}
    assert Message.objects.across_tenants().count() == 4, "a message goes three months after its words"

    clear_out(now=days(181))
    assert words() == set(deliveries().values_list("address", flat=True)) == {"sending", "waits"}
    assert (Message.objects.across_tenants().count(), Attempt.objects.count()) == (2, 1)


def test_it_works_in_small_batches_to_the_end(acme: Tenant) -> None:
    for n in range(10):
        put(acme, str(n))
    while parcels := take():
        finish(parcels)

    with statements() as few:
        assert clear_out(now=days(91), most=3) == {
            "bodies": 10,
            "attempts": 10,
            "deliveries": 10,
            "messages": 0,
            "receipts": 0,
            "counters": 0,
            "unproven": 0,
        }
    with statements() as none:
        assert not any(clear_out(now=days(91)).values())

    assert len(none) < 11 < len(few)


def test_what_is_asked_to_hurry_stops(past: dict[str, Any]) -> None:
    assert not any(clear_out(now=days(91), seconds=0).values())


def test_how_long_is_a_setting(past: dict[str, Any], settings: Any) -> None:
    section = {**settings.NOTIFYHUB["CHANNELS_DELIVERY"], "KEEP_BODIES_DAYS": 1, "KEEP_DEAD_DAYS": 2}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}

    clear_out(now=days(2.1))

    assert words() == {"sending", "waits"}


def test_what_has_no_words_any_more_is_not_replayed(past: dict[str, Any]) -> None:
    assert len(outbox.replay([past["bad"]], now=db_now())) == 1
    deliveries().filter(replay_of=past["bad"].pk).delete()
    clear_out(now=days(31))

    assert outbox.replay([past["bad"]], now=db_now()) == []


def test_the_words_of_a_replay_are_kept_for_it(past: dict[str, Any]) -> None:
    outbox.replay([past["bad"]], now=db_now())

    clear_out(now=days(31))

    assert "bad" in words()


@pytest.mark.postgres
def test_words_of_what_is_being_replayed_stay(past: dict[str, Any]) -> None:
    replayed, go_on = threading.Event(), threading.Event()

    def replay() -> None:
        with transaction.atomic():
            outbox.replay([past["bad"]], now=db_now())
            replayed.set()
            assert go_on.wait(10)
        connection.close()

    other = threading.Thread(target=replay)
    other.start()
    assert replayed.wait(10)
    clear_out(now=days(31))
    go_on.set()
    other.join(10)
    clear_out(now=days(31))

    assert "bad" in words()


def test_the_log_says_why_what_has_no_words_any_more_cannot_be_sent_again(past: dict[str, Any]) -> None:
    bad = past["bad"]
    assert replayable(bad.tenant_id, Filters()).count() == 1
    clear_out(now=days(31))
    bad.refresh_from_db()

    reason = why_no_replay(deliveries().get(pk=bad.pk))

    assert reason is not None
    assert reason.code == "words_gone"
    assert replayable(bad.tenant_id, Filters()).count() == 0
