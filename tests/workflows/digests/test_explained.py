"""An explanation follows an event into the digest that told it, and leads back from there."""

import pytest

from notifications.models import Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, workflow
from workflows.define import digest
from workflows.explain import explain
from workflows.models import Run
from workflows.retract import cancel

from .moves import COUNT, carriers, start, their_time_comes, window

pytestmark = pytest.mark.django_db


def led_to(run: Run, person: Recipient) -> list[tuple[str, str]]:
    """What is said of digests, and to which run it leads."""
    run.refresh_from_db()
    said = explain(run, person).sentences
    end = next(place for place, one in enumerate(said) if one.code == "digested")
    return [(one.code, one.run) for one in said[end + 1 :]]


def test_one_that_is_open_says_until_when(acme: Tenant, bob: Recipient, hourly: None) -> None:
    run = start("t.hourly", acme, bob, n=1)

    found = explain(run, bob)

    assert (found.codes[-1], found.sentences[-1].until, found.told) == ("collecting", window().closes_at, True)


def test_one_that_was_told_is_named_and_leads_back(acme: Tenant, bob: Recipient, hourly: None) -> None:
    runs = [start("t.hourly", acme, bob, n=n) for n in range(2)]
    their_time_comes()
    (carrier,) = carriers()

    found = explain(runs[1], bob)

    assert led_to(runs[1], bob) == [("digest_told", carrier.transaction_id)]
    assert (found.told, "which holds 2 and was told" in found.texts[-1]) == (True, True)
    back = explain(carrier, bob)
    assert back.codes[:3] == ["carries", "carries_event", "carries_event"]
    assert [one.run for one in back.sentences if one.run] == [run.transaction_id for run in runs]


def test_one_that_was_silent_says_why(acme: Tenant, bob: Recipient, hourly: None) -> None:
    run = start("t.hourly", acme, bob, n=1)
    Choice.objects.create(tenant=acme, recipient=bob, wanted=False)
    their_time_comes()

    assert led_to(run, bob) == [("digest_silent", carriers()[0].transaction_id)]
    assert explain(run, bob).texts[-1].endswith("Turned off all notifications.")
    assert not explain(run, bob).told


def test_digests_behind_each_other_are_followed_in_order(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.chained", digest(minutes=5), digest(hours=1), COUNT))
    run = start("t.chained", acme, bob, n=1)
    their_time_comes(step="0")
    (first,) = carriers()

    assert led_to(run, bob) == [("digest_passed", first.transaction_id), ("collecting", "")]
    their_time_comes(step="1")
    _, second = carriers()
    assert led_to(run, bob) == [
        ("digest_passed", first.transaction_id),
        ("digest_told", second.transaction_id),
    ]
    assert led_to(first, bob) == [("digest_told", second.transaction_id)]


def test_each_of_several_leads_to_its_own(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.keyed", digest(hours=1, key="n"), COUNT))
    runs = [start("t.keyed", acme, bob, n=n) for n in range(3)]
    their_time_comes()

    found = [led_to(run, bob) for run in runs]

    assert {code for said in found for code, _ in said} == {"digest_told"}
    assert len({run for said in found for _, run in said}) == 3


def test_what_was_taken_out_says_so(acme: Tenant, bob: Recipient, hourly: None) -> None:
    run = start("t.hourly", acme, bob, n=1)

    cancel(run.transaction_id, tenant=acme)

    assert led_to(run, bob) == [("taken_out", "")]
    assert not explain(run, bob).told


def test_nothing_may_come_behind_a_digest(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.last", digest(hours=1)))
    run = start("t.last", acme, bob)
    their_time_comes()

    assert led_to(run, bob) == [("digest_ended", "")]
