"""The engine: a set at a time, every step once, everybody accounted for, whatever breaks."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from notifications.kernel.clock import db_now
from notifications.models import InboxItem, Notification, Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, chunks_of, crowd, items_of, outcomes, run_named, titles, topic, wake_everybody, workflow
from workflows import claim, engine
from workflows.claim import Held, claim_due, release_failed
from workflows.conf import CHUNK, conf
from workflows.define import delay, send_inbox
from workflows.due import next_due
from workflows.expand import AHEAD, expand_due
from workflows.models import Chunk, Cohort, Run, Status
from workflows.people import People
from workflows.planning import plan_step
from workflows.runs import everyone_is_accounted_for
from workflows.scene import load_work
from workflows.settle import settle
from workflows.step import Effect, Move, Next, Note, Plan, Scene, Sleep, Stop, all_next
from workflows.steps import STEPS
from workflows.trigger import Trigger, trigger, trigger_many

from .interrupted import Interrupted

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)


def start(key: str, tenant: Tenant, *recipients: Any, **given: Any) -> Run:
    return run_named(trigger(key, tenant=tenant, recipients=recipients or None, **given).transaction_id)


def walked(run: Run) -> Run:
    """The run after everything due was worked off; nobody may be unaccounted for."""
    engine.drain()
    run.refresh_from_db()
    assert everyone_is_accounted_for(run)
    return run


def sleeping() -> Cohort:
    return Cohort.objects.across_tenants().get(open=True)


def chunks_cannot_be_written(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
    """The database says no to these, and goes on."""
    if "INSERT INTO" in sql and "workflows_chunk" in sql:
        raise OperationalError("disk full")
    return execute(sql, parameters, many, context)


class TestSend:
    def test_everybody_gets_one_item(self, acme: Tenant, hello: None) -> None:
        people = crowd(acme, 25)

        run = walked(start("hello", acme, *people, payload={"name": "Ada"}))

        assert (run.status, run.people) == (Status.SENT, 25)
        assert run.finished_at
        assert items_of(run) == {person.pk: 1 for person in people}
        assert titles(people[0]) == ["Hello Ada"]
        assert outcomes(run) == {"done": {person.pk for person in people}}

    def test_people_in_more_than_one_chunk_get_one_item_each(self, acme: Tenant, hello: None) -> None:
        people = crowd(acme, 2 * CHUNK + 500)

        run = walked(start("hello", acme, {"everyone": True}))

        assert items_of(run) == {person.pk: 1 for person in people}
        assert [len(chunk.people) for chunk in chunks_of(run)] == [CHUNK, CHUNK, 500]
        assert Notification.objects.filter(tenant=acme).count() == 3, "a content a chunk"

    def test_nobody_to_tell_is_a_finished_run(self, acme: Tenant, hello: None) -> None:
        run = walked(start("hello", acme, topic(acme, "empty")))

        assert (run.status, run.people, chunks_of(run)) == (Status.SENT, 0, [])
        assert run.finished_at

    def test_who_did_it_is_not_told(self, acme: Tenant, alice: Recipient, bob: Recipient, hello: None) -> None:
        run = walked(start("hello", acme, {"everyone": True}, actor=alice))

        assert items_of(run) == {bob.pk: 1}

    def test_a_text_that_names_the_person_is_rendered_for_each_that_differs(
        self, acme: Tenant, publish: Publish
    ) -> None:
        publish(workflow("t.team", send_inbox(title="Team {{ recipient.attributes.team }}")))
        red = crowd(acme, 6, prefix="r", attributes={"team": "red"})
        blue = crowd(acme, 4, prefix="b", attributes={"team": "blue"})

        run = walked(start("t.team", acme, *red, *blue))

        assert {titles(one)[0] for one in red} == {"Team red"}
        assert {titles(one)[0] for one in blue} == {"Team blue"}
        assert Notification.objects.filter(tenant=acme, origin=run.public_id).count() == 2

    def test_a_text_that_names_nobody_is_one_content(self, acme: Tenant, hello: None) -> None:
        run = walked(start("hello", acme, *crowd(acme, 50)))

        assert Notification.objects.filter(tenant=acme, origin=run.public_id).count() == 1

    def test_a_template_that_fails_falls_back_to_the_name_and_says_so(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.bomb", send_inbox(title="{% for x in (1..1000000) %}x{% endfor %}"), name="The bomb"))
        (person,) = crowd(acme, 1)

        run = walked(start("t.bomb", acme, person))

        assert titles(person) == ["The bomb"]
        assert outcomes(run) == {"template_failed": {person.pk}, "done": {person.pk}}

    def test_an_empty_title_is_the_workflows_name(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.empty", send_inbox(title=" {{ payload.missing }} "), name="Something happened"))
        (person,) = crowd(acme, 1)

        walked(start("t.empty", acme, person))

        assert titles(person) == ["Something happened"]

    def test_a_link_of_a_payload_is_made_safe(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.link", send_inbox(title="x", url="{{ payload.u }}", actions=[("Go", "{{ payload.u }}")])))
        (person,) = crowd(acme, 1)

        walked(start("t.link", acme, person, payload={"u": "javascript:alert(1)"}))

        content = InboxItem.objects.get(recipient=person).notification.content
        assert "url" not in content
        assert "actions" not in content

    def test_who_does_not_want_it_is_skipped_with_the_reason_and_walks_on(self, acme: Tenant, hello: None) -> None:
        wants, declines = crowd(acme, 2)
        Choice.objects.create(tenant=acme, recipient=declines, workflow="hello", wanted=False)

        run = walked(start("hello", acme, wants, declines))

        assert items_of(run) == {wants.pk: 1}
        assert outcomes(run, final=False) == {"off_by_workflow": {declines.pk}}
        assert outcomes(run, final=True) == {"done": {wants.pk, declines.pk}}

    def test_critical_reaches_those_who_switched_everything_off(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.fire", send_inbox(title="Fire"), critical=True))
        (person,) = crowd(acme, 1)
        Choice.objects.create(tenant=acme, recipient=person, wanted=False)

        assert items_of(walked(start("t.fire", acme, person))) == {person.pk: 1}

    def test_who_left_in_between_is_skipped_as_inactive(self, acme: Tenant, hello: None) -> None:
        stays, leaves = crowd(acme, 2)
        run = start("hello", acme, topic(acme, "news", stays, leaves))
        expand_due(now=db_now())
        Recipient.objects.filter(tenant=acme, pk=leaves.pk).update(active=False)

        walked(run)

        assert items_of(run) == {stays.pk: 1}
        assert outcomes(run, final=False) == {"inactive": {leaves.pk}}

    def test_a_thread_lives_on_as_its_newest_word(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.thread", send_inbox(title="{{ payload.n }}", thread="a thread")))
        (person,) = crowd(acme, 1)

        for n in (1, 2, 3):
            walked(start("t.thread", acme, person, payload={"n": n}))

        assert titles(person) == ["3"]

    def test_a_thread_within_one_batch_of_small_runs_ends_with_the_newest(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.thread", send_inbox(title="{{ payload.n }}", thread="a thread")))
        (person,) = crowd(acme, 1)
        for n in (1, 2, 3):
            last = start("t.thread", acme, person, payload={"n": n})

        walked(last)

        assert titles(person) == ["3"]
        assert Chunk.objects.across_tenants().count() == 1


class TestDelay:
    STEPS = (send_inbox(title="first"), delay(hours=2), send_inbox(title="second"))

    def test_people_sleep_and_wake(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.two", *self.STEPS))
        (person,) = crowd(acme, 1)
        before = db_now()

        run = walked(start("t.two", acme, person))

        assert (run.status, titles(person)) == (Status.PROCESSING, ["first"])
        assert before + timedelta(hours=2) <= sleeping().wake_at <= db_now() + timedelta(hours=2)
        assert sleeping().lease_token is None

        wake_everybody()
        assert walked(run).status == Status.SENT
        assert titles(person) == ["second", "first"]

    def test_a_payload_time_wakes_each_run_at_its_own(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.until", delay(until="payload.at"), send_inbox(title="now")))
        people = crowd(acme, 3)
        soon, later = (datetime.now(UTC).replace(microsecond=0) + timedelta(hours=n) for n in (1, 2))
        calls = [(people[0], soon), (people[1], later), (people[2], datetime(2020, 1, 1, tzinfo=UTC))]

        runs = [start("t.until", acme, person, payload={"at": at.isoformat()}) for person, at in calls]
        for run in runs:
            walked(run)

        asleep = Cohort.objects.across_tenants().filter(open=True).order_by("wake_at")
        assert [cohort.wake_at for cohort in asleep] == [soon, later]
        assert [titles(person) for person in people] == [[], [], ["now"]]
        assert [Run.objects.across_tenants().get(pk=run.pk).status for run in runs] == ["processing"] * 2 + ["sent"]

    @pytest.mark.parametrize(
        "value", [None, 7, "", "tomorrow", "2030-01-01", "2030-01-01T00:00:00", "9999-12-31T23:59:59Z", ["x"], {}]
    )
    def test_a_time_that_cannot_be_read_goes_on_at_once_with_the_reason(
        self, acme: Tenant, publish: Publish, value: Any
    ) -> None:
        publish(workflow("t.until", delay(until="at"), send_inbox(title="now")))
        (person,) = crowd(acme, 1)

        run = walked(start("t.until", acme, person, payload={"at": value}))

        assert titles(person) == ["now"]
        assert outcomes(run, final=False) == {"invalid_time": {person.pk}}

    @pytest.mark.parametrize("value", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
    def test_a_time_at_the_edge_of_time_harms_nobody(self, acme: Tenant, publish: Publish, value: str) -> None:
        publish(workflow("t.until", delay(until="at"), send_inbox(title="now")))
        (person,) = crowd(acme, 1)

        assert walked(start("t.until", acme, person, payload={"at": value})).status == Status.SENT
        assert titles(person) == ["now"]

    def test_the_clock_that_is_passed_says_what_is_due(self, acme: Tenant, publish: Publish, alice: Recipient) -> None:
        publish(workflow("later", delay(days=2), send_inbox(title="Now")))
        start("later", acme, alice)
        engine.drain()

        tomorrow, after = db_now() + timedelta(days=1), db_now() + timedelta(days=3)
        engine.drain(clock=lambda: tomorrow)
        too_early = titles(alice)
        engine.drain(clock=lambda: after)

        assert (too_early, titles(alice)) == ([], ["Now"])
        assert Notification.objects.get(tenant=acme).created_at == after

    def test_a_delay_at_the_end_ends_at_once(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.end", send_inbox(title="x"), delay(days=3)))

        assert walked(start("t.end", acme, *crowd(acme, 2))).status == Status.SENT

    def test_a_run_starts_at_its_time(self, acme: Tenant, hello: None) -> None:
        run = walked(start("hello", acme, *crowd(acme, 1), at=db_now() + timedelta(hours=1)))
        assert (run.status, items_of(run)) == (Status.PENDING, {})

        Run.objects.across_tenants().update(expand_at=db_now() - timedelta(seconds=1))
        assert walked(run).status == Status.SENT


def all_but_the_last(tenant: Tenant) -> Run:
    """A run that has told all of its people but for one, who is still to be found, and has left."""
    people = crowd(tenant, AHEAD * CHUNK + 1)
    run = start("hello", tenant, {"everyone": True})
    expand_due(now=db_now())
    Recipient.objects.filter(tenant=tenant, pk=people[-1].pk).update(active=False)
    return run


def claimed() -> Iterator[Held]:
    """Every cohort that is due, held by us."""
    while held := claim_due(now=db_now(), lease=LEASE):
        yield from held


class TestLargeRuns:
    def test_it_ends_though_nobody_is_left_to_be_found(self, acme: Tenant, hello: None) -> None:
        run = all_but_the_last(acme)
        for held in claimed():
            engine.advance(held)

        assert (walked(run).status, run.people) == (Status.SENT, AHEAD * CHUNK)

    def test_it_ends_when_it_is_switched_off_meanwhile(self, acme: Tenant, hello: None, settings: Any) -> None:
        run = all_but_the_last(acme)
        for held in claimed():
            engine.advance(held)
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "ENABLED": False}

        assert (walked(run).status, run.error) == (Status.SENT, "disabled")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_large_run_ends_when_its_last_cohort_and_its_resolving_end_at_once(acme: Tenant, hello: None) -> None:
    run = all_but_the_last(acme)
    *others, last = claimed()
    for held in others:
        engine.advance(held)
    work = load_work(last, now=db_now())
    assert work is not None
    resolving = threading.Thread(target=in_thread, args=(lambda: expand_due(now=db_now()),))

    with transaction.atomic():
        settle(last, work, plan_step(work.scene))
        resolving.start()
        resolving.join(timeout=0.5)
    resolving.join(timeout=10)

    assert walked(run).status == Status.SENT


def in_thread(act: Callable[[], object]) -> None:
    try:
        act()
    finally:
        connection.close()


class TestSmallRuns:
    def test_many_small_runs_share_a_chunk(self, acme: Tenant, hello: None) -> None:
        people = crowd(acme, 20)
        answers = trigger_many(
            [Trigger("hello", {"name": person.name}, [person, people[0]]) for person in people[1:]], tenant=acme
        )

        engine.drain()

        runs = [run_named(answer.transaction_id) for answer in answers]
        assert Chunk.objects.across_tenants().count() == 1
        assert {run.status for run in runs} == {"sent"}
        assert all(everyone_is_accounted_for(run) for run in runs)
        assert titles(people[5]) == ["Hello P 5"]
        assert len(titles(people[0])) == 19

    def test_a_large_run_among_small_ones_goes_its_own_way(self, acme: Tenant, hello: None) -> None:
        people = crowd(acme, 300)
        small = [start("hello", acme, person) for person in people[:3]]
        large = start("hello", acme, {"everyone": True})

        engine.drain()

        assert items_of(large) == {person.pk: 1 for person in people}
        assert [items_of(run) for run in small] == [{person.pk: 1} for person in people[:3]]
        assert len(chunks_of(large)) == 1

    def test_runs_of_many_small_groups_are_large_ones(self, acme: Tenant, hello: None) -> None:
        people = crowd(acme, CHUNK + 100)
        groups = [topic(acme, f"t{n}", *people[n : n + 100]) for n in range(0, len(people), 100)]
        runs = [start("hello", acme, *groups) for _ in range(2)]

        engine.drain()

        assert [(run.status, run.people) for run in map(walked, runs)] == [(Status.SENT, CHUNK + 100)] * 2
        assert {len(chunk.people) for run in runs for chunk in chunks_of(run)} == {CHUNK, 100}

    def test_who_is_resolved_behind_a_long_step_is_held_from_then_on(self, acme: Tenant, publish: Publish) -> None:
        later = timedelta()

        def takes_long() -> None:
            nonlocal later
            later = LEASE * 2

        publish(workflow("t.later", delay(hours=1), send_inbox(title="x")))
        publish(workflow("hello", send_inbox(title="Hello")))
        start("hello", acme, *crowd(acme, 1))
        expand_due(now=db_now())
        began, _ = db_now(), start("t.later", acme, *crowd(acme, 1, prefix="q"))

        engine.drain(clock=lambda: db_now() + later, steps={**STEPS, "send": Interrupted(takes_long)})

        assert sleeping().wake_at >= began + later + timedelta(hours=1)

    def test_tenants_and_versions_are_never_mixed_in_a_chunk(
        self, acme: Tenant, globex: Tenant, publish: Publish
    ) -> None:
        for title in ("one", "two"):
            publish(workflow("t.mixed", send_inbox(title=title)))
            for tenant in (acme, globex):
                start("t.mixed", tenant, *crowd(tenant, 2, prefix=title))

        engine.drain()

        assert Chunk.objects.across_tenants().count() == 4

    def test_more_small_runs_than_fit_into_a_chunk_are_all_worked_off(self, acme: Tenant, hello: None) -> None:
        people = crowd(acme, 90)
        answers = trigger_many([Trigger("hello", {}, people) for _ in range(25)], tenant=acme)

        engine.drain()

        runs = [run_named(answer.transaction_id) for answer in answers]
        assert all(items_of(run) == {person.pk: 1 for person in people} for run in runs)
        assert {run.status for run in runs} == {"sent"}

    def test_a_small_run_without_anybody_ends_beside_the_others(self, acme: Tenant, hello: None) -> None:
        (person,) = crowd(acme, 1)
        empty, full = start("hello", acme, topic(acme, "empty")), start("hello", acme, person)

        engine.drain()

        assert [run_named(run.transaction_id).status for run in (empty, full)] == ["sent", "sent"]

    def test_a_drain_for_one_tenant_leaves_the_work_of_others(
        self, acme: Tenant, globex: Tenant, hello: None, alice: Recipient, mallory: Recipient
    ) -> None:
        ours, theirs = start("hello", acme, alice), start("hello", globex, mallory)

        engine.drain(tenant=acme.pk)

        ours.refresh_from_db()
        theirs.refresh_from_db()
        assert (ours.status, theirs.status) == (Status.SENT, Status.PENDING)
        assert next_due(tenant=acme.pk) is None
        assert next_due(tenant=globex.pk) == theirs.expand_at

    def test_each_tenant_has_its_turn(self, acme: Tenant, globex: Tenant, hello: None) -> None:
        start("hello", acme, *crowd(acme, 8 * CHUNK))
        start("hello", globex, *crowd(globex, 1))
        served = 0
        for _ in range(3):
            expanded = expand_due(now=db_now(), after_tenant=served)
            served = expanded.tenant if expanded else 0

        held = claim_due(now=db_now(), lease=LEASE)

        tenants = Cohort.objects.across_tenants().filter(pk__in=[one.cohort_id for one in held])
        assert globex.pk in set(tenants.values_list("tenant_id", flat=True))

    def test_of_what_is_taken_together_the_little_comes_first(self, acme: Tenant, globex: Tenant, hello: None) -> None:
        start("hello", acme, *crowd(acme, 2 * CHUNK))
        start("hello", globex, *crowd(globex, 1))
        for served in (0, acme.pk):
            expand_due(now=db_now(), after_tenant=served)

        held = claim_due(now=db_now(), lease=LEASE)

        owners = dict(Cohort.objects.across_tenants().values_list("pk", "tenant_id"))
        assert [owners[one.cohort_id] for one in held] == [globex.pk, acme.pk, acme.pk]

    def test_one_person_waits_for_no_more_than_one_step_of_a_crowd(
        self, acme: Tenant, globex: Tenant, hello: None
    ) -> None:
        start("hello", acme, *crowd(acme, 3 * CHUNK))
        start("hello", globex, *crowd(globex, 1))

        engine.drain()

        assert posted_by().index(globex.pk) <= 1

    def test_whoever_is_rung_for_looks_for_a_run_first(self, acme: Tenant, globex: Tenant, hello: None) -> None:
        start("hello", acme, topic(acme, "news", *crowd(acme, 50)))
        expand_due(now=db_now())
        start("hello", globex, *crowd(globex, 1))

        planned = list[int]()

        engine.drain(listen=0.001, steps={**STEPS, "send": Watched(planned)})

        assert planned == [globex.pk, acme.pk]

    def test_a_sweep_leaves_it_to_whoever_works_in_this_process_already(
        self, acme: Tenant, globex: Tenant, hello: None
    ) -> None:
        start("hello", acme, topic(acme, "news", *crowd(acme, 2)))
        other, seen = start("hello", globex, *crowd(globex, 1)), list[str]()

        def meanwhile() -> None:
            engine.sweep()
            seen.append(run_named(other.transaction_id).status)

        engine.drain(steps={**STEPS, "send": Interrupted(meanwhile)})

        assert [*seen, run_named(other.transaction_id).status] == [Status.PENDING, Status.SENT]

    def test_who_comes_while_a_crowd_is_told_is_let_through_before_that_is_written(
        self, acme: Tenant, globex: Tenant, hello: None
    ) -> None:
        start("hello", acme, *crowd(acme, 3 * CHUNK))
        late = partial(start, "hello", globex, *crowd(globex, 1))

        engine.drain(steps={**STEPS, "send": Interrupted(late)})

        assert posted_by().index(globex.pk) == 0


def posted_by() -> list[int]:
    """Whose notifications were written, in order."""
    return list(Notification.objects.across_tenants().order_by("pk").values_list("tenant_id", flat=True))


class Watched:
    """The step that sends, and for whose people it was planned."""

    kind, schema = "send", STEPS["send"].schema

    def __init__(self, planned: list[int]) -> None:
        self._planned = planned

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        self._planned.append(scene.tenant_id)
        return STEPS["send"].plan(settings, scene)


class Breaks:
    """A step of a host that breaks for a run whose payload says so, or for everybody when `away` says so."""

    kind = "breaks"
    schema: Mapping[str, Any] = {}
    away: Exception | None = None

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        if self.away:
            raise self.away
        if any(run.payload.get("poison") for run, _ in scene.runs):
            raise ZeroDivisionError("poison")
        return Plan(all_next(scene))


class WritesThenBreaks:
    """A step whose effect breaks halfway."""

    kind = "writes_then_breaks"
    schema: Mapping[str, Any] = {}

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        effect: Effect = self
        return Plan(all_next(scene), effects=[STEPS["send"].plan({"channel": "inbox"}, scene).effects[0], effect])

    def apply(self, live: People, scene: Scene) -> None:
        raise ZeroDivisionError


class Splits:
    """A step that sends people four ways."""

    kind = "splits"
    schema: Mapping[str, Any] = {}

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        ways: list[Any] = [
            Next(),
            Sleep(scene.now + timedelta(hours=1)),
            Sleep(scene.now + timedelta(hours=2)),
            Stop("no"),
        ]
        parts = [People.of(place for place in scene.people if place % 4 == n) for n in range(4)]
        return Plan([Move(part, way) for part, way in zip(parts, ways, strict=True) if part], [Note(parts[0], "noted")])


class Loses:
    """A step that forgets somebody, or moves somebody twice."""

    kind = "loses"
    schema: Mapping[str, Any] = {}

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        some = People.of(list(scene.people)[1:])
        return Plan([Move(some, Next())] + ([Move(scene.people, Next())] if settings.get("twice") else []))


@pytest.fixture
def steps() -> Iterator[None]:
    """Kinds of steps that a host might have written."""
    mine = [Breaks(), WritesThenBreaks(), Splits(), Loses()]
    STEPS.update({step.kind: step for step in mine})
    yield
    for step in mine:
        del STEPS[step.kind]


def until_nothing_is_open(*, rounds: int = 60) -> None:
    for _ in range(rounds):
        engine.drain()
        if not Cohort.objects.across_tenants().filter(open=True).exists():
            return
        wake_everybody()
    raise AssertionError("it never ended")


@pytest.mark.usefixtures("steps")
class TestFailure:
    def test_a_run_that_always_breaks_fails_with_the_reason(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.breaks", {"kind": "breaks"}, send_inbox(title="never")))
        people = crowd(acme, 3)
        run = start("t.breaks", acme, *people, payload={"poison": True})

        until_nothing_is_open()

        run.refresh_from_db()
        assert (run.status, items_of(run)) == (Status.FAILED, {})
        assert "ZeroDivisionError: poison" in run.error
        assert outcomes(run) == {"crash": {person.pk for person in people}}
        assert everyone_is_accounted_for(run)

    def test_it_is_tried_again_later_before_it_is_given_up(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.breaks", {"kind": "breaks"}, send_inbox(title="at last")))
        (person,) = crowd(acme, 1)
        run = start("t.breaks", acme, person, payload={"poison": True})

        engine.drain()
        assert sleeping().wake_at > db_now() + timedelta(seconds=1)

        Run.objects.across_tenants().update(payload={})
        wake_everybody()
        assert walked(run).status == Status.SENT
        assert titles(person) == ["at last"]

    @pytest.mark.parametrize("error", [OperationalError("server closed the connection"), InterfaceError("closed")])
    def test_a_database_that_is_away_again_and_again_costs_nobody_their_notice(
        self, acme: Tenant, publish: Publish, error: Exception
    ) -> None:
        publish(workflow("t.breaks", {"kind": "breaks"}, send_inbox(title="at last")))
        (person,) = crowd(acme, 1)
        run = start("t.breaks", acme, person)
        STEPS["breaks"].away = error  # type: ignore[attr-defined]
        for _ in range(8):
            with suppress(DatabaseError, InterfaceError):
                engine.drain()
            Cohort.objects.across_tenants().filter(open=True).update(wake_at=db_now())

        STEPS["breaks"].away = None  # type: ignore[attr-defined]
        until_nothing_is_open()

        assert titles(person) == ["at last"]
        run.refresh_from_db()
        assert run.status == Status.SENT

    def test_a_run_that_came_late_is_put_off_for_as_long_as_any(self, hello: None, acme: Tenant) -> None:
        """Behind a backlog of hours, the database breaks off twice."""
        (person,) = crowd(acme, 1)
        run = start("hello", acme, person)
        Run.objects.across_tenants().update(start_at=db_now() - timedelta(hours=5))
        for minutes in (0, 30, 59):
            with connection.execute_wrapper(chunks_cannot_be_written):
                engine.drain(clock=lambda minutes=minutes: db_now() + timedelta(minutes=minutes))
            run.refresh_from_db()
            assert (run.status, bool(run.expand_at)) == (Status.PENDING, True)

        engine.drain(clock=lambda: db_now() + timedelta(minutes=60))

        run.refresh_from_db()
        assert (run.status, len(titles(person))) == (Status.SENT, 1)

    def test_a_run_that_cannot_be_resolved_for_an_hour_fails_with_the_reason(self, hello: None, acme: Tenant) -> None:
        run = start("hello", acme, *crowd(acme, 1))
        for minutes in (0, 30, 61):
            with connection.execute_wrapper(chunks_cannot_be_written):
                engine.drain(clock=lambda minutes=minutes: db_now() + timedelta(minutes=minutes))

        run.refresh_from_db()
        assert run.status == Status.FAILED
        assert "disk full" in run.error

    def test_a_statement_that_takes_too_long_each_time_is_given_up(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.breaks", {"kind": "breaks"}))
        (person,) = crowd(acme, 1)
        run = start("t.breaks", acme, person)
        too_long = OperationalError("canceling statement due to statement timeout")
        too_long.__cause__ = QueryCanceled()
        STEPS["breaks"].away = too_long  # type: ignore[attr-defined]

        for _ in range(8):
            engine.drain()
            Cohort.objects.across_tenants().filter(open=True).update(wake_at=db_now())

        run.refresh_from_db()
        assert run.status == Status.FAILED

    def test_one_poisoned_run_among_many_is_found_and_the_others_go_on(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.breaks", {"kind": "breaks"}, send_inbox(title="fine")))
        people = crowd(acme, 16)
        runs = [start("t.breaks", acme, one, payload={"poison": n == 11}) for n, one in enumerate(people)]

        until_nothing_is_open()

        statuses = [run_named(run.transaction_id).status for run in runs]
        assert statuses == ["failed" if n == 11 else "sent" for n in range(16)]
        assert [titles(one) for one in people] == [[] if n == 11 else ["fine"] for n in range(16)]
        assert all(everyone_is_accounted_for(run) for run in runs)

    def test_other_work_goes_on_beside_a_broken_run(self, acme: Tenant, publish: Publish, hello: None) -> None:
        publish(workflow("t.breaks", {"kind": "breaks"}))
        start("t.breaks", acme, *crowd(acme, 2), payload={"poison": True})

        assert walked(start("hello", acme, *crowd(acme, 2, prefix="q"))).status == Status.SENT

    def test_what_a_broken_effect_wrote_is_taken_back(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.breaks", {"kind": "writes_then_breaks"}))
        run = start("t.breaks", acme, *crowd(acme, 3))

        until_nothing_is_open()

        run.refresh_from_db()
        assert (items_of(run), run.status) == ({}, Status.FAILED)
        assert not Notification.objects.filter(tenant=acme).exists()

    def test_a_step_may_send_people_different_ways(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.splits", {"kind": "splits"}, send_inbox(title="x")))
        people = [person.pk for person in crowd(acme, 10)]

        run = walked(start("t.splits", acme, {"everyone": True}))

        assert outcomes(run) == {"noted": set(people[0::4]), "done": set(people[0::4]), "no": set(people[3::4])}
        assert Cohort.objects.across_tenants().filter(open=True).count() == 2
        until_nothing_is_open()
        assert walked(run).status == Status.SENT
        assert set(items_of(run)) == set(people) - set(people[3::4])

    @pytest.mark.parametrize("twice", [False, True])
    def test_a_step_that_does_not_move_everybody_once_is_an_error(
        self, acme: Tenant, publish: Publish, twice: bool
    ) -> None:
        publish(workflow("t.loses", {"kind": "loses", "twice": twice}))
        run = start("t.loses", acme, *crowd(acme, 3))

        until_nothing_is_open()

        run.refresh_from_db()
        assert (run.status, everyone_is_accounted_for(run)) == (Status.FAILED, True)

    def test_a_definition_whose_step_is_gone_fails_and_harms_nobody_else(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.breaks", {"kind": "splits"}))
        run = start("t.breaks", acme, *crowd(acme, 1))
        gone = STEPS.pop("splits")

        until_nothing_is_open()
        STEPS["splits"] = gone

        run.refresh_from_db()
        assert run.status == Status.FAILED

    def test_an_audience_that_breaks_fails_its_run_alone(self, acme: Tenant, hello: None) -> None:
        broken, sound = start("hello", acme, *crowd(acme, 1)), start("hello", acme, *crowd(acme, 1, prefix="q"))
        Run.objects.across_tenants().filter(pk=broken.pk).update(audience={"people": ["not a number"]})

        engine.drain()

        broken.refresh_from_db()
        assert (broken.status, "recipients" in broken.error) == (Status.FAILED, True)
        assert walked(sound).status == Status.SENT


class TestLease:
    def begun(self, tenant: Tenant, hello: None = None) -> tuple[Run, Held]:
        run = start("hello", tenant, *crowd(tenant, 5))
        expand_due(now=db_now())
        (held,) = claim_due(now=db_now(), lease=LEASE)
        return run, held

    def test_what_is_held_is_not_claimed_again(self, acme: Tenant, hello: None) -> None:
        self.begun(acme)

        assert claim_due(now=db_now(), lease=LEASE) == []

    def test_what_a_dead_worker_held_is_due_again_when_its_lease_ends(self, acme: Tenant, hello: None) -> None:
        run, held = self.begun(acme)

        assert claim_due(now=db_now() + LEASE - timedelta(seconds=5), lease=LEASE) == []
        (again,) = claim_due(now=db_now() + LEASE + timedelta(seconds=1), lease=LEASE)

        assert again.cohort_id == held.cohort_id
        assert again.token != held.token
        engine.advance(again)
        assert set(items_of(run).values()) == {1}

    def test_a_worker_that_lost_its_lease_writes_nothing(self, acme: Tenant, hello: None) -> None:
        run, slow = self.begun(acme)
        work = load_work(slow, now=db_now())
        assert work is not None
        plan = STEPS["send"].plan({"channel": "inbox", "template": {"title": "late"}}, work.scene)
        (quick,) = claim_due(now=db_now() + 2 * LEASE, lease=LEASE)

        with transaction.atomic():
            assert settle(slow, work, plan) is None

        assert (items_of(run), outcomes(run)) == ({}, {})
        engine.advance(slow)
        assert items_of(run) == {}
        engine.advance(quick)
        assert set(items_of(run).values()) == {1}

    def test_a_worker_that_lost_its_lease_gives_nobody_up(self, acme: Tenant, hello: None) -> None:
        run, slow = self.begun(acme)
        Cohort.objects.across_tenants().update(tries=99)
        (quick,) = claim_due(now=db_now() + 2 * LEASE, lease=LEASE)

        release_failed(slow, error=ZeroDivisionError(), now=db_now())

        assert outcomes(run) == {}
        assert sleeping().lease_token == quick.token

    def test_a_stale_wake_up_does_nothing(self, acme: Tenant, hello: None) -> None:
        run, held = self.begun(acme)
        engine.advance(held)

        for _ in range(3):
            engine.advance(held)
            engine.drain()

        assert set(items_of(run).values()) == {1}
        assert sum(len(people) for people in outcomes(run).values()) == 5

    def test_being_lost_with_its_worker_does_not_cost_people_their_notice(self, acme: Tenant, hello: None) -> None:
        """Killed workers, however many, are no fault of a run."""
        run, _ = self.begun(acme)
        for n in range(2, 12):
            claim_due(now=db_now() + n * 2 * LEASE, lease=LEASE)

        wake = Cohort.objects.across_tenants().filter(open=True)
        wake.update(wake_at=db_now())

        assert walked(run).status == Status.SENT
        assert set(items_of(run).values()) == {1}

    def test_a_run_that_takes_every_worker_with_it_is_given_up_at_last(self, acme: Tenant, hello: None) -> None:
        run, _ = self.begun(acme)
        for n in range(2, conf().losses + 2):
            claim_due(now=db_now() + n * 2 * LEASE, lease=LEASE)
        Cohort.objects.across_tenants().filter(open=True).update(wake_at=db_now())

        engine.drain()

        run.refresh_from_db()
        assert (run.status, items_of(run)) == (Status.FAILED, {})
        assert everyone_is_accounted_for(run)

    def test_a_run_that_takes_every_worker_with_it_is_found_among_others(self, acme: Tenant, hello: None) -> None:
        """Lost a few times, a cohort of several runs is halved, so that the others do not share its fate."""
        runs = [start("hello", acme, person) for person in crowd(acme, 8)]
        expand_due(now=db_now())
        for n in range(1, conf().tries + 2):
            claim_due(now=db_now() + n * 2 * LEASE, lease=LEASE)
        Cohort.objects.across_tenants().filter(open=True).update(wake_at=db_now())

        (held,) = claim_due(now=db_now(), lease=LEASE)
        engine.advance(held)

        halves = Cohort.objects.across_tenants().filter(open=True)
        assert sorted(len(cohort.people) for cohort in halves) == [4, 4]
        engine.drain()
        assert {run_named(run.transaction_id).status for run in runs} == {"sent"}

    def test_claiming_takes_a_few_at_a_time_and_the_longest_due_first(self, acme: Tenant, hello: None) -> None:
        start("hello", acme, *crowd(acme, 6 * CHUNK))
        for _ in range(4):
            expand_due(now=db_now())
        cohorts = list(Cohort.objects.across_tenants().order_by("-pk").values_list("pk", flat=True))
        for age, pk in enumerate(cohorts):
            Cohort.objects.across_tenants().filter(pk=pk).update(wake_at=db_now() - timedelta(minutes=90 - age))

        first = {held.cohort_id for held in claim_due(now=db_now(), lease=LEASE)}

        assert first == set(cohorts[: claim.AT_ONCE])


class TestSwitch:
    def test_switched_off_ends_runs_with_the_reason_and_no_flood_later(
        self, acme: Tenant, hello: None, settings: Any
    ) -> None:
        people = crowd(acme, 3)
        settings.NOTIFYHUB = {"ENABLED": False}
        runs = [start("hello", acme, *people), start("hello", acme, people[0])]

        engine.drain()
        settings.NOTIFYHUB = {"ENABLED": True}
        engine.drain()

        for run in runs:
            run.refresh_from_db()
            assert (run.status, run.error, items_of(run)) == (Status.SENT, "disabled", {})


class TestForgetting:
    def test_a_key_is_forgotten_after_a_day(self, acme: Tenant, hello: None) -> None:
        young, old = (start("hello", acme, idempotency_key=key, payload={"name": key}) for key in ("young", "old"))
        Run.objects.across_tenants().filter(pk=old.pk).update(created_at=db_now() - timedelta(hours=25))

        engine.forget_keys()

        assert not trigger("hello", tenant=acme, idempotency_key="old").duplicate
        assert trigger("hello", tenant=acme, idempotency_key="young", payload={"name": "young"}).duplicate
        assert young.status == "pending"


def test_an_empty_engine_has_nothing_to_do() -> None:
    assert engine.drain() == 0


def test_a_drain_stops_at_its_time_and_leaves_the_rest_for_the_next(acme: Tenant, hello: None) -> None:
    run = start("hello", acme, *crowd(acme, 3))

    assert engine.drain(seconds=0) == 0

    assert items_of(run) == {}
    assert walked(run).status == Status.SENT
