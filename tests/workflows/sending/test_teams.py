"""The house: a team hears of a run once, however many people it has, and whoever of them there are."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from channels_delivery.models import Channel, Delivery
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import Publish, chunks_of, crowd, outcomes, run_named, statements, topic, wake_everybody, workflow
from workflows import engine, runs
from workflows.claim import claim_due
from workflows.conf import CHUNK
from workflows.define import delay, send, send_inbox
from workflows.expand import AHEAD, expand_due
from workflows.models import HOUSE, Chunk, Cohort, Status
from workflows.retract import cancel
from workflows.scene import load_work
from workflows.settle import settle
from workflows.step import Plan, Scene, all_next
from workflows.steps import STEPS
from workflows.trigger import Trigger, trigger_many

from .moves import PLAIN, channel, reachable, start, to_people, to_teams, walked, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]


@pytest.fixture
def t(publish: Publish) -> None:
    publish(workflow("t", PLAIN))


def until_nothing_is_open(*, rounds: int = 40) -> None:
    for _ in range(rounds):
        engine.drain()
        if not Cohort.objects.across_tenants().filter(open=True).exists():
            return
        wake_everybody()
    raise AssertionError("it never ended")


def test_one_post_a_run_and_not_one_a_chunk(acme: Tenant, t: None) -> None:
    channel(acme, "#ops", "#lead")
    crowd(acme, 2 * CHUNK + 500)

    run = walked(start(acme, {"everyone": True}, payload={"name": "Ada"}))

    assert to_teams(run) == ["#lead", "#ops"]
    assert words(run) == {"Hello Ada": 2}
    assert (run.status, run.people, len(chunks_of(run))) == (Status.SENT, 2 * CHUNK + 500, 3)
    assert runs.progress(run).ended == {"done": 2 * CHUNK + 500}


def test_the_house_stands_in_the_first_chunk_of_the_first_page_alone(acme: Tenant, t: None) -> None:
    crowd(acme, AHEAD * CHUNK + 1)
    run = start(acme, {"everyone": True})

    for _ in range(2):
        expand_due(now=db_now())

    chunks = chunks_of(run)
    assert [chunk.people.count(HOUSE) for chunk in chunks] == [1] + [0] * AHEAD
    assert chunks[0].first_id == chunks[0].people[1]


def test_a_cancel_counts_people_without_the_house_and_messages_with_it(acme: Tenant, t: None) -> None:
    channel(acme, "#ops")
    reachable(acme, CHUNK + 1)
    run = walked(start(acme, {"everyone": True}))

    answer = cancel(run.transaction_id, tenant=acme)

    assert (answer.cancelled, answer.too_late) == (0, CHUNK + 1)
    assert (answer.deliveries_cancelled, answer.deliveries_too_late) == (CHUNK + 2, 0)


def test_a_house_alone_that_sleeps_is_cancelled_too(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", delay(hours=1), PLAIN))
    channel(acme, "#ops")
    run = walked(start(acme, topic(acme, "empty")))

    answer = cancel(run.transaction_id, tenant=acme)
    until_nothing_is_open()

    run = walked(run)
    assert (answer.cancelled, answer.too_late) == (0, 0)
    assert (to_teams(run), run.people, run.shown_status) == ([], 0, "retracted")


def test_a_kind_for_both_tells_people_at_their_addresses_and_teams_at_theirs(acme: Tenant, t: None) -> None:
    channel(acme, "#ops")
    people = reachable(acme, 3)

    run = walked(start(acme, *people))

    assert to_people(run) == {one.pk: one.email for one in people}
    assert to_teams(run) == ["#ops"]
    assert [row.recipient for row in runs.people(run)] == people


def test_a_run_with_nobody_to_tell_still_tells_the_team(acme: Tenant, t: None) -> None:
    channel(acme, "#ops")

    run = walked(start(acme, topic(acme, "empty")))

    assert to_teams(run) == ["#ops"]
    assert (run.status, run.people, runs.people(run)) == (Status.SENT, 0, [])


def test_a_thousand_small_runs_share_one_walk_and_each_is_posted(acme: Tenant, t: None) -> None:
    channel(acme, "#ops")
    people = reachable(acme, 50)
    calls = [Trigger("t", {"name": str(n)}, [people[n % 50]] if n % 3 else []) for n in range(CHUNK)]
    answers = trigger_many([one for one in calls if one.recipients], tenant=acme)
    answers += trigger_many([Trigger("t", {"name": "-"}, [topic(acme, "none")])] * 10, tenant=acme)

    engine.drain()

    posts = Delivery.objects.filter(tenant=acme, recipient=None)
    assert posts.count() == posts.values("origin").distinct().count() == len(answers)
    assert Chunk.objects.across_tenants().count() == 1
    assert Cohort.objects.across_tenants().count() == 1


def test_posting_for_a_hundred_runs_takes_as_many_statements_as_for_ten(acme: Tenant, t: None) -> None:
    channel(acme, "#ops")
    people = reachable(acme, 100)
    walked(start(acme, people[0]))
    counts = []
    for size in (10, 100):
        trigger_many([Trigger("t", {"name": one.name}, [one]) for one in people[:size]], tenant=acme)
        with statements() as found:
            engine.drain()
        counts.append(len(found))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("told_of", ["other", "t.more", ""])
def test_only_channels_that_are_told_of_the_workflow_hear_of_it(acme: Tenant, t: None, told_of: str) -> None:
    channel(acme, "#ops", told_of=told_of)

    run = walked(start(acme, *reachable(acme, 1)))

    assert to_teams(run) == []
    assert runs.progress(run).teams == {}, "people were told, and no team asked for it"


def test_a_kind_for_teams_alone_that_finds_none_says_so(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send("webhook", title="Outside")))

    run = walked(start(acme, *crowd(acme, 2)))

    assert runs.progress(run).teams == {("webhook", "no_channel"): 1}
    assert runs.progress(run).to_json()["teams"] == [{"channel": "webhook", "reason": "no_channel"}]


def test_a_paused_channel_is_passed_over_with_the_reason(acme: Tenant, t: None) -> None:
    channel(acme, "#ops")
    channel(acme, "#lead", paused_at=db_now())

    run = walked(start(acme, *reachable(acme, 1)))

    assert to_teams(run) == ["#ops"]
    assert runs.progress(run).teams == {("scripted", "channel_paused"): 1}
    assert outcomes(run, final=False) == {"channel_paused": {HOUSE}}


def test_a_channel_of_another_tenant_or_kind_hears_nothing(acme: Tenant, globex: Tenant, t: None) -> None:
    channel(globex, "#theirs")
    channel(acme, kind="webhook", settings={"url": "https://127.0.0.1/"}, name="hook")

    run = walked(start(acme, *reachable(acme, 1)))

    assert to_teams(run) == []
    assert not Delivery.objects.filter(tenant=globex).exists()


def test_the_house_sleeps_with_the_others_and_tells_who_listens_when_it_wakes(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", delay(hours=1), PLAIN))
    run = walked(start(acme, *reachable(acme, 2)))
    assert (to_teams(run), run.status) == ([], Status.PROCESSING)

    channel(acme, "#ops")
    wake_everybody()

    assert walked(run).status == Status.SENT
    assert to_teams(run) == ["#ops"]


def test_an_inbox_item_is_for_people_alone(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send_inbox(title="Inside"), send("webhook", title="Outside")))
    channel(acme, kind="webhook", settings={"url": "https://127.0.0.1/"}, name="hook")
    people = crowd(acme, 3)

    run = walked(start(acme, *people))

    assert to_teams(run) == ["https://127.0.0.1/"]
    assert runs.progress(run).skipped == runs.progress(run).teams == {}
    assert outcomes(run) == {"done": {HOUSE, *(one.pk for one in people)}}


def test_a_workflow_that_tells_no_team_has_no_house(acme: Tenant, hello: None) -> None:
    channel(acme, "#ops", told_of="hello")

    run = walked(start(acme, *crowd(acme, 2), key="hello"))

    assert [HOUSE in chunk.people for chunk in chunks_of(run)] == [False]


def test_a_text_that_names_the_person_says_nothing_there(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send("scripted", title="For {{ recipient.name }}{{ payload.name }}")))
    channel(acme, "#ops")

    run = walked(start(acme, topic(acme, "empty"), payload={"name": "all"}))

    assert words(run) == {"For all": 1}


class TestCancel:
    def test_a_cancelled_run_is_not_posted(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", delay(hours=1), PLAIN))
        channel(acme, "#ops")
        runs_ = [start(acme, one) for one in reachable(acme, 3)]
        engine.drain()

        answer = cancel(runs_[1].transaction_id, tenant=acme)
        until_nothing_is_open()

        assert [to_teams(walked(run)) for run in runs_] == [["#ops"], [], ["#ops"]]
        assert (answer.cancelled, answer.too_late) == (1, 0), "the house is nobody"
        assert runs.progress(runs_[1]).teams == {("", "cancelled"): 1}

    def test_what_waits_in_the_outbox_is_called_back_and_what_left_is_counted(self, acme: Tenant, t: None) -> None:
        channel(acme, "#ops")
        run = walked(start(acme, *reachable(acme, 3)))
        other = walked(start(acme, *reachable(acme, 1, prefix="q")))
        first, second = Delivery.objects.filter(tenant=acme, origin=run.public_id).order_by("pk")[:2]
        Delivery.objects.filter(tenant=acme, pk=first.pk).update(state="sending")
        Delivery.objects.filter(tenant=acme, pk=second.pk).update(state="delivered")

        answer = cancel(run.transaction_id, tenant=acme)

        assert (answer.cancelled, answer.too_late) == (0, 3)
        assert (answer.deliveries_cancelled, answer.deliveries_too_late) == (2, 2)
        states = {("scripted", "cancelled"): 2, ("scripted", "sending"): 1, ("scripted", "delivered"): 1}
        assert runs.deliveries(run) == states
        assert [(row.told, row.reason) for row in runs.people(run)].count((False, "cancelled")) == 1
        assert runs.deliveries(other) == {("scripted", "pending"): 2}

    def test_a_run_cancelled_while_a_worker_holds_it_is_not_enqueued(self, acme: Tenant, t: None) -> None:
        channel(acme, "#ops")
        started = [start(acme, one) for one in reachable(acme, 3)]
        expand_due(now=db_now())
        (held,) = claim_due(now=db_now(), lease=timedelta(seconds=30))
        work = load_work(held, now=db_now())
        assert work is not None
        plan = STEPS["send"].plan(PLAIN, work.scene)

        cancel(started[1].transaction_id, tenant=acme)
        with transaction.atomic():
            settle(held, work, plan)

        assert [to_teams(run) for run in started] == [["#ops"], [], ["#ops"]]
        assert [len(to_people(run)) for run in started] == [1, 0, 1]

    def test_a_run_of_the_house_alone_is_over_at_once(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", delay(hours=1), PLAIN))
        run = walked(start(acme, topic(acme, "empty")))

        cancel(run.transaction_id, tenant=acme)

        assert walked(run).status == Status.SENT
        assert outcomes(run) == {"cancelled": {HOUSE}}


class Breaks:
    """A step of a host that breaks for a run whose payload says so."""

    kind = "breaks"
    schema: Mapping[str, Any] = {}

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        if any(run.payload.get("poison") for run, _ in scene.runs):
            raise ZeroDivisionError("poison")
        return Plan(all_next(scene))


@pytest.fixture
def breaks() -> Iterator[None]:
    STEPS["breaks"] = Breaks()
    yield
    del STEPS["breaks"]


@pytest.mark.usefixtures("breaks")
def test_the_house_of_one_broken_run_takes_no_other_with_it(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", {"kind": "breaks"}, PLAIN))
    channel(acme, "#ops")
    empty = topic(acme, "empty")
    started = [start(acme, empty, payload={"poison": n == 5}) for n in range(8)]

    until_nothing_is_open()

    assert [to_teams(run) for run in started] == [[] if n == 5 else ["#ops"] for n in range(8)]
    assert [run_named(run.transaction_id).status for run in started] == [
        "failed" if n == 5 else "sent" for n in range(8)
    ]
    assert all(runs.everyone_is_accounted_for(run_named(run.transaction_id)) for run in started)


def test_what_rolls_back_with_its_step_is_posted_once_when_it_is_tried_again(
    acme: Tenant, publish: Publish, settings: Any
) -> None:
    """Its channel is gone at the very moment of the write; the next try sees the channels there are."""
    publish(workflow("t", PLAIN))
    gone, stays = channel(acme, "#gone"), channel(acme, "#ops")
    run = start(acme, topic(acme, "empty"))
    planned = STEPS["send"]

    class Races:
        kind = "send"
        schema: Mapping[str, Any] = {}

        def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
            plan = planned.plan(settings, scene)
            Channel.objects.filter(tenant=acme, pk=gone.pk).delete()
            return plan

    STEPS["send"] = Races()
    with suppress(LookupError):
        engine.drain()
    STEPS["send"] = planned
    until_nothing_is_open()

    assert to_teams(run) == ["#ops"]
    assert {one.channel_id for one in Delivery.objects.filter(tenant=acme)} == {stays.pk}


def test_switched_off_nobody_is_told_and_no_flood_comes_later(acme: Tenant, t: None, settings: Any) -> None:
    channel(acme, "#ops")
    run = start(acme, *reachable(acme, 1))
    on = settings.NOTIFYHUB
    settings.NOTIFYHUB = {**on, "ENABLED": False}
    engine.drain()
    settings.NOTIFYHUB = on

    walked(run)

    assert (run.status, to_teams(run), to_people(run)) == (Status.SENT, [], {})
