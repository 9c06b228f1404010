"""Silences and inhibitions of a tenant: begun, changed, ended; and what a send makes of them."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, outcomes, run_named, statements, titles, workflow
from workflows import dynamic, engine, silences
from workflows.conf import CHUNK
from workflows.define import send_inbox
from workflows.design import Design
from workflows.explain import explain, explain_future
from workflows.hush import Hush
from workflows.matching import Matcher, WhileActive
from workflows.models import Run, Silence
from workflows.refusals import Invalid, NotNow
from workflows.runs import progress
from workflows.silences import State
from workflows.simulate import simulate
from workflows.steps import STEPS
from workflows.trigger import Trigger, dry_run, trigger, trigger_many

from .interrupted import Interrupted

pytestmark = pytest.mark.django_db
ALL = Matcher(workflows=["*"])


def silence(tenant: Tenant, matcher: Matcher = ALL, **given: Any) -> Silence:
    hush = Hush(**{"name": "Works", "matcher": matcher, "reason": "New switches", "ends_at": soon(), **given})
    return silences.create(tenant, hush, now=db_now(), by="ada")


def inhibition(tenant: Tenant, **given: Any) -> Silence:
    going = WhileActive(**{"workflows": ["device.down"], "equal": ["payload.device"], **given})
    return silence(tenant, Matcher(workflows=["hello"]), name="Known cause", while_active=going, ends_at=None)


def soon(**after: float) -> Any:
    return db_now() + timedelta(**after or {"hours": 1})


def told(tenant: Tenant, *people: Recipient, key: str = "hello", **payload: Any) -> Run:
    answer = trigger(key, tenant=tenant, recipients=people, payload=payload)
    engine.drain()
    return run_named(answer.transaction_id)


@pytest.fixture
def down(publish: Publish) -> None:
    publish(workflow("device.down", send_inbox(title="Down")))


# -- begun, changed, ended -----------------------------------------------------------------------------------------


def test_one_begins_and_is_ended_before_its_time_and_stays_on_record(acme: Tenant) -> None:
    row = silence(acme)

    ended = silences.expire(row, now=db_now(), by="bob")

    assert (row.owner, row.created_by, ended.expired_by) == ("ada", "ada", "bob")
    assert silences.state_of(ended, now=db_now()) == State.ENDED
    assert (ended.ends_at, ended.expired_at is None) == (row.ends_at, False)
    with pytest.raises(NotNow):
        silences.expire(row, now=db_now())


def test_a_change_ends_one_and_begins_another_in_its_place(acme: Tenant) -> None:
    old = silence(acme)

    new = silences.change(old, now=db_now(), by="bob", reason="It takes longer", ends_at=soon(hours=3))
    old.refresh_from_db()

    assert (new.replaces, new.reason, new.name, new.matcher) == (old, "It takes longer", old.name, old.matcher)
    assert (old.reason, old.expired_at is not None) == ("New switches", True)
    assert new.starts_at >= old.expired_at
    with pytest.raises(NotNow):
        silences.change(old, now=db_now(), reason="Twice")


def test_a_change_that_is_refused_changes_nothing(acme: Tenant) -> None:
    row = silence(acme)

    with pytest.raises(Invalid):
        silences.change(row, now=db_now(), matcher=Matcher())

    row.refresh_from_db()
    assert silences.state_of(row, now=db_now()) == State.ACTIVE
    assert Silence.objects.filter(tenant=acme).count() == 1


@pytest.mark.parametrize(
    ("starts", "ends", "state"), [(1, 2, State.PENDING), (-1, 1, State.ACTIVE), (-2, -1, State.ENDED)]
)
def test_its_state_is_of_the_time(acme: Tenant, starts: int, ends: int, state: State) -> None:
    now = db_now()
    row = Silence(tenant=acme, matcher={}, starts_at=now + timedelta(hours=starts), ends_at=now + timedelta(hours=ends))

    assert silences.state_of(row, now=now) == state


def test_a_tenant_has_so_many_and_no_more(acme: Tenant) -> None:
    Silence.objects.bulk_create(
        Silence(tenant=acme, name=f"{n}", reason="x", matcher={}, starts_at=db_now(), created_at=db_now())
        for n in range(silences.OPEN_MAX)
    )

    with pytest.raises(NotNow):
        silence(acme)


# -- at a send -----------------------------------------------------------------------------------------------------


def test_who_was_silenced_is_on_record_with_its_name_and_explained(acme: Tenant, alice: Recipient, hello: None) -> None:
    silence(acme)

    run = told(acme, alice)
    said = explain(run, alice)

    assert titles(alice) == []
    assert outcomes(run, final=False) == {"silenced": {alice.pk}}
    assert [(one.code, one.detail) for one in said.sentences if one.channel] == [("silenced", "Works")]
    assert "Inbox: nothing was sent. A silence was in force." in said.texts
    assert (said.told, progress(run).skipped) == (False, {("inbox", "silenced"): 1})


def test_one_that_begins_while_a_step_is_worked_on_holds_for_the_next(
    acme: Tenant, alice: Recipient, publish: Publish
) -> None:
    """Both steps are taken by one worker at one go."""
    publish(workflow("t.two", send_inbox(title="one"), send_inbox(title="two")))
    trigger("t.two", tenant=acme, recipients=[alice], payload={})

    engine.drain(steps={**STEPS, "send": Interrupted(lambda: silence(acme))})
    run = Run.objects.for_tenant(acme).get()

    assert titles(alice) == ["one"]
    assert outcomes(run, final=False) == {"silenced": {alice.pk}}


def test_a_silence_of_one_tenant_is_no_other_tenants(acme: Tenant, mallory: Recipient, hello: None) -> None:
    silence(acme)

    told(mallory.tenant, mallory)

    assert len(titles(mallory)) == 1


def test_tags_are_those_of_the_tenants_own_workflow(acme: Tenant, alice: Recipient, hello: None) -> None:
    row = dynamic.create(acme, "own", Design("Own", tags=["noisy"], steps=[send_inbox(title="Own")]))
    dynamic.publish(row, now=db_now())
    silence(acme, Matcher(tags=["noisy"]))

    told(acme, alice, key="own")
    told(acme, alice)

    assert len(titles(alice)) == 1


def test_an_inhibition_holds_back_those_runs_of_a_batch_whose_cause_is_active(
    acme: Tenant, hello: None, down: None
) -> None:
    people = crowd(acme, 6)
    inhibition(acme, workflows=["device.*"])
    told(acme, people[0], key="device.down", device="r1")

    runs = [Trigger("hello", {"device": f"r{n % 2}", "name": "x"}, [one]) for n, one in enumerate(people)]
    trigger_many(runs, tenant=acme)
    engine.drain()

    assert [len(titles(one)) for one in people] == [2, 0, 1, 0, 1, 0]


def test_what_is_in_force_is_told_by_a_dry_run_an_explanation_of_the_future_and_a_simulation(
    acme: Tenant, alice: Recipient, hello: None
) -> None:
    silence(acme)

    dry = dry_run(Trigger("hello", {}, [alice]), tenant=acme)
    future = explain_future("hello", alice)
    played = simulate("hello", tenant=acme)

    assert [(send.people, send.skipped) for send in dry.sends] == [(0, {"silenced": 1})]
    assert ("silenced", "Works") in [(one.code, one.detail) for one in future.sentences]
    assert played.reasons() == ["silenced"]
    assert explain_future("hello", alice, at=soon(hours=2)).told


# -- cost ----------------------------------------------------------------------------------------------------------


def cost(tenant: Tenant) -> int:
    trigger("hello", tenant=tenant, recipients=[{"everyone": True}], payload={"device": "r1"})
    with statements() as found:
        engine.drain()
    return len(found)


def test_who_has_none_pays_none_and_the_rest_do_not_pay_by_the_head(
    acme: Tenant, globex: Tenant, hello: None, down: None
) -> None:
    crowd(acme, 10), crowd(globex, CHUNK)
    told(acme, *crowd(acme, 1, prefix="q"))  # a definition is stored and loaded once a process
    without = cost(acme)
    silences.expire(silence(acme), now=db_now())
    ended = cost(acme)
    for tenant in (acme, globex):
        for n in range(3):
            when = {"==": [{"var": "recipient.name"}, f"P {n}"]}
            silence(tenant, Matcher(when=when))
            inhibition(tenant)
    few, many = cost(acme), cost(globex)

    assert ended == without
    assert few == many <= without + 4  # the silences, profiles, causes, and who was left out
