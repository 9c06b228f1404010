"""What is collected: each person's events, each in one digest, counted and in order."""

from datetime import timedelta

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, outcomes, run_named, titles, workflow
from workflows import engine
from workflows.define import digest, send_inbox
from workflows.models import Window
from workflows.trigger import Trigger, trigger, trigger_many

from .moves import COUNT, carriers, start, their_time_comes, window

pytestmark = pytest.mark.django_db


def test_what_happens_within_its_time_is_told_together_in_order(acme: Tenant, bob: Recipient, hourly: None) -> None:
    runs = [start("t.hourly", acme, bob, n=n) for n in range(3)]
    assert titles(bob) == []

    their_time_comes()

    assert titles(bob) == ["3: 0 1 2"]
    assert [outcomes(run) for run in runs] == [{"digested": {bob.pk}}] * 3
    assert [run_named(run.transaction_id).status for run in runs] == ["sent"] * 3


def test_each_person_has_their_own(acme: Tenant, hourly: None) -> None:
    one, other = crowd(acme, 2)
    start("t.hourly", acme, one, other, n=1)
    start("t.hourly", acme, one, n=2)

    their_time_comes()

    assert (titles(one), titles(other)) == (["2: 1 2"], ["1: 1"])


def test_nothing_is_told_before_its_time(acme: Tenant, bob: Recipient, hourly: None) -> None:
    start("t.hourly", acme, bob, n=1)

    engine.drain()

    assert titles(bob) == []
    assert window().closes_at > db_now() + timedelta(minutes=59)


def test_what_comes_after_it_closed_opens_the_next(acme: Tenant, bob: Recipient, hourly: None) -> None:
    for n in range(2):
        start("t.hourly", acme, bob, n=n)
        their_time_comes()

    assert titles(bob) == ["1: 1", "1: 0"]


def test_each_value_of_the_key_has_its_own(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.keyed", digest(hours=1, key="payload.project.id"), COUNT))
    for n, project in enumerate(("red", "blue", "red", None)):
        start("t.keyed", acme, bob, n=n, project={"id": project})

    their_time_comes()

    assert sorted(titles(bob)) == ["1: 1", "1: 3", "2: 0 2"]


def test_a_key_may_be_a_place_of_a_list(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.keyed", digest(hours=1, key="payload.lines.0.order"), COUNT))
    for n, order in enumerate("aba"):
        start("t.keyed", acme, bob, n=n, lines=[{"order": order}, {"order": "z"}])

    their_time_comes()

    assert sorted(titles(bob)) == ["1: 1", "2: 0 2"]


def test_a_number_is_one_value_however_it_is_written(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.keyed", digest(hours=1, key="amount"), COUNT))
    for n, amount in enumerate([1, 1.0, 1.5, True, "1"]):
        start("t.keyed", acme, bob, n=n, amount=amount)

    their_time_comes()

    assert sorted(titles(bob)) == ["1: 2", "1: 3", "1: 4", "2: 0 1"]


def test_the_count_is_exact_and_the_items_are_the_first_ten(acme: Tenant, bob: Recipient, hourly: None) -> None:
    trigger_many([Trigger("t.hourly", {"n": n}, [bob]) for n in range(25)], tenant=acme)
    engine.drain()

    their_time_comes()

    assert titles(bob) == ["25: 0 1 2 3 4 5 6 7 8 9"]


def test_a_step_may_show_more_or_fewer(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.two", digest(hours=1, items=2), COUNT))
    for n in range(3):
        start("t.two", acme, bob, n=n)

    their_time_comes()

    assert titles(bob) == ["3: 0 1"]


def test_an_item_has_its_actor_and_its_time(acme: Tenant, alice: Recipient, bob: Recipient, publish: Publish) -> None:
    text = "{{ digest.items[0].actor.name }} {{ digest.items[0].at | slice: 0, 4 }} {{ payload.n }}"
    publish(workflow("t.who", digest(hours=1), send_inbox(title=text)))
    trigger("t.who", tenant=acme, recipients=[bob], payload={"n": 7}, actor=alice)
    engine.drain()

    their_time_comes()

    assert titles(bob) == [f"Alice {db_now().year} 7"]


def test_who_left_meanwhile_is_told_nothing_and_on_record(acme: Tenant, hourly: None) -> None:
    stays, leaves, is_gone = crowd(acme, 3)
    start("t.hourly", acme, stays, leaves, is_gone, n=1)
    Recipient.objects.filter(tenant=acme, pk=leaves.pk).update(active=False)
    gone = is_gone.pk
    is_gone.delete()

    their_time_comes()

    assert (titles(stays), titles(leaves)) == (["1: 1"], [])
    assert outcomes(carriers()[0], final=False) == {"inactive": {leaves.pk, gone}}


def test_tenants_never_share_one(acme: Tenant, globex: Tenant, hourly: None) -> None:
    for tenant in (acme, globex):
        start("t.hourly", tenant, *crowd(tenant, 2), n=1)

    their_time_comes()

    assert {run.tenant_id for run in carriers()} == {acme.pk, globex.pk}
    assert all(run.people == 2 for run in carriers())


def test_it_goes_on_as_whoever_opened_it_was_defined(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.edited", digest(hours=1), send_inbox(title="old {{ digest.count }}")))
    start("t.edited", acme, bob, n=1)
    publish(workflow("t.edited", digest(hours=1), send_inbox(title="new {{ digest.count }}")))
    start("t.edited", acme, bob, n=2)

    their_time_comes()

    assert titles(bob) == ["old 2"]


def test_one_with_a_name_goes_on_collecting_in_another_version(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    named = digest(hours=1, name="comments")
    publish(workflow("t", named, COUNT))
    start("t", acme, bob, n=0)

    publish(workflow("t", send_inbox(title="New"), named, COUNT))
    start("t", acme, bob, n=1)
    their_time_comes()

    assert titles(bob) == ["2: 0 1", "New"]


def test_what_collected_by_position_before_it_went_by_name_is_told(acme: Tenant, bob: Recipient, hourly: None) -> None:
    """As windows do that were opened by the release before."""
    start("t.hourly", acme, bob, n=0)
    Window.objects.across_tenants().update(scope="of a release before")

    start("t.hourly", acme, bob, n=1)
    their_time_comes()

    assert sorted(titles(bob)) == ["1: 0", "1: 1"]


def test_with_nothing_behind_it_is_the_end(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.end", digest(hours=1)))
    run = start("t.end", acme, bob)

    their_time_comes()

    assert (carriers(), run_named(run.transaction_id).status) == ([], "sent")
