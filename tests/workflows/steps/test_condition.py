"""`when` and `condition`: who is told and who goes which way, by payload, person, tenant, actor and earlier steps."""

from typing import Any

import pytest

from channels_delivery.models import Delivery
from notifications import inbox
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, crowd, outcomes, titles, wake_everybody, workflow
from tests.workflows.sending.moves import reachable
from tests.workflows.steps.moves import cost, start, told, walked
from workflows.conf import CHUNK
from workflows.define import condition, delay, send, send_inbox
from workflows.registry import problems_of
from workflows.runs import progress

pytestmark = pytest.mark.django_db

LATE = {">=": [{"var": "payload.days"}, 3]}
ADMIN = {"==": [{"var": "recipient.role"}, "admin"]}


class TestWhen:
    def test_a_false_condition_skips_the_step_and_not_the_run(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", send_inbox(title="late", when=LATE), send_inbox(title="anyway")))
        (person,) = crowd(acme, 1)

        run = told(acme, person, days=1)

        assert titles(person) == ["anyway"]
        assert outcomes(run) == {"condition": {person.pk}, "done": {person.pk}}
        assert progress(run).skipped == {("inbox", "condition"): 1}

    def test_runs_that_share_a_chunk_are_asked_each(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", send_inbox(title="late", when=LATE)))
        people = crowd(acme, 4)
        runs = [start(acme, one, payload={"days": days}) for days, one in enumerate(people, 1)]

        assert [walked(run).status for run in runs] == ["sent"] * 4
        assert [titles(one) for one in people] == [[], [], ["late"], ["late"]]

    def test_those_of_whom_it_is_true_are_told(
        self, acme: Tenant, alice: Recipient, bob: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", send_inbox(title="for you", when=ADMIN)))

        run = told(acme, alice, bob)

        assert (titles(alice), titles(bob)) == (["for you"], [])
        assert outcomes(run, final=False) == {"condition": {bob.pk}}

    @pytest.mark.parametrize(
        ("when", "holds"),
        [
            ({"==": [{"var": "tenant.slug"}, "acme"]}, True),
            ({"==": [{"var": "actor.name"}, "Alice"]}, True),
            ({"exists": "recipient.attributes.vip"}, False),
            ({"==": [{"var": "recipient.attributes.team.name"}, "red"]}, True),
            ({"and": [ADMIN, LATE]}, False),
            (False, False),
        ],
    )
    def test_it_reads_tenant_actor_and_person(
        self, acme: Tenant, alice: Recipient, publish: Publish, when: Any, holds: bool
    ) -> None:
        publish(workflow("t", send_inbox(title="x", when=when)))
        (person,) = crowd(acme, 1, attributes={"team": {"name": "red"}})

        walked(start(acme, person, actor=alice))

        assert titles(person) == (["x"] if holds else [])

    def test_who_sleeps_is_asked_before_and_not_again(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", delay(hours=1, when=ADMIN), send_inbox(title="x")))
        (member,) = crowd(acme, 1)
        (admin,) = crowd(acme, 1, prefix="a", role="admin")

        run = told(acme, member, admin)
        assert (titles(member), titles(admin)) == (["x"], [])

        wake_everybody()
        assert walked(run).status == "sent"
        assert titles(admin) == ["x"]

    def test_a_team_has_no_recipient_to_ask_about(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", send("webhook", title="x", when={"not": ADMIN}), send("webhook", title="y", when=ADMIN)))

        run = told(acme, *crowd(acme, 1))

        assert progress(run).teams == {("webhook", "no_channel"): 1, ("webhook", "condition"): 1}


class TestCondition:
    STEP = condition(ADMIN, then=[send_inbox(title="admin")], otherwise=[send_inbox(title="member")])

    def test_each_goes_one_way_and_then_on(
        self, acme: Tenant, alice: Recipient, bob: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", self.STEP, send_inbox(title="all")))

        run = told(acme, alice, bob)

        assert (titles(alice), titles(bob)) == (["all", "admin"], ["all", "member"])
        assert outcomes(run) == {"done": {alice.pk, bob.pk}}

    def test_without_else_the_others_pass_by_with_the_reason(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", condition(ADMIN, then=[send_inbox(title="admin")]), send_inbox(title="all")))
        (person,) = crowd(acme, 1)

        run = told(acme, person)

        assert titles(person) == ["all"]
        assert outcomes(run, final=False) == {"condition": {person.pk}}

    def test_else_if_is_a_condition_in_else(self, acme: Tenant, publish: Publish) -> None:
        def asks(price: int, title: str, otherwise: Any) -> Any:
            return condition(
                {">": [{"var": "payload.price"}, price]}, then=[send_inbox(title=title)], otherwise=otherwise
            )

        publish(workflow("t", asks(100, "large", [asks(10, "middle", [send_inbox(title="small")])])))
        people = crowd(acme, 3)
        for person, price in zip(people, (500, 50, 5), strict=True):
            told(acme, person, price=price)

        assert [titles(one) for one in people] == [["large"], ["middle"], ["small"]]

    def test_a_version_that_changes_in_mid_walk_touches_nobody_in_a_branch(
        self, acme: Tenant, publish: Publish
    ) -> None:
        publish(workflow("t", condition(True, then=[delay(hours=1), send_inbox(title="old")])))
        (person,) = crowd(acme, 1)
        run = told(acme, person)

        publish(workflow("t", send_inbox(title="new")))
        wake_everybody()

        walked(run)
        assert titles(person) == ["old"]


def asked(fact: str) -> Any:
    return {"var": f"steps.first.{fact}"}


class TestEarlierSteps:
    """What a named step did, for each of a whole cohort."""

    def who(
        self, tenant: Tenant, publish: Publish, first: Any, fact: str, *people: Recipient, acts: Any = None
    ) -> set[int]:
        publish(workflow("t", first, delay(hours=1), send_inbox(title="second", when=asked(fact))))
        run = told(tenant, *people)
        if acts:
            acts()
        wake_everybody()
        walked(run)
        return {one.pk for one in people if "second" in titles(one)}

    @pytest.mark.parametrize(
        ("fact", "names"),
        [
            ("sent", "nothing looks reads"),
            ("seen", "looks reads"),
            ("read", "reads"),
            ("skipped", "declines"),
            ("failed", ""),
        ],
    )
    def test_each_fact_of_an_item(self, acme: Tenant, publish: Publish, fact: str, names: str) -> None:
        people = dict(zip(("nothing", "looks", "reads", "declines"), crowd(acme, 4), strict=True))
        choice = Choice.objects.create(tenant=acme, recipient=people["declines"], workflow="t", wanted=False)

        def acts() -> None:
            inbox.mark_seen(people["looks"], inbox.list_items(people["looks"]).entries[0].seq)
            inbox.mark_read(people["reads"], [inbox.list_items(people["reads"]).entries[0].id], now=db_now())
            choice.delete()

        first = send_inbox(title="first", name="first")
        found = self.who(acme, publish, first, fact, *people.values(), acts=acts)

        assert found == {people[name].pk for name in names.split()}

    @pytest.mark.usefixtures("scripted")
    @pytest.mark.parametrize(
        ("fact", "states"),
        [("sent", "pending accepted"), ("failed", "dead cancelled"), ("skipped", "none"), ("read", "")],
    )
    def test_each_fact_of_a_message(self, acme: Tenant, publish: Publish, fact: str, states: str) -> None:
        people = dict(zip(("pending", "accepted", "dead", "cancelled"), reachable(acme, 4), strict=True))
        (people["none"],) = crowd(acme, 1, prefix="q")

        def acts() -> None:
            for state, one in people.items():
                Delivery.objects.filter(tenant=acme, recipient=one).update(state=state)

        first = send("scripted", title="first", name="first")
        found = self.who(acme, publish, first, fact, *people.values(), acts=acts)

        assert found == {people[state].pk for state in states.split()}

    def test_another_run_and_another_step_do_not_count(self, acme: Tenant, publish: Publish) -> None:
        first = send_inbox(title="first", name="first", when={"var": "payload.on"})
        publish(workflow("t", first, send_inbox(title="other"), send_inbox(title="second", when=asked("sent"))))
        (person,) = crowd(acme, 1)

        told(acme, person, on=True)
        told(acme, person, on=False)

        assert titles(person) == ["other", "second", "other", "first"]

    def test_a_text_may_say_it(self, acme: Tenant, publish: Publish) -> None:
        publish(
            workflow("t", send_inbox(title="first", name="first"), send_inbox(title="sent: {{ steps.first.sent }}"))
        )
        (person,) = crowd(acme, 1)

        told(acme, person)

        assert titles(person) == ["sent: true", "first"]


WORKFLOWS = {
    "payload": [send_inbox(title="x", when=LATE)],
    "recipient": [send_inbox(title="{{ recipient.name }}", when=ADMIN)],
    "branches": [condition(ADMIN, then=[send_inbox(title="a")], otherwise=[send_inbox(title="b")])],
    "steps": [
        send_inbox(title="first", name="first"),
        send_inbox(title="second", when={"or": [asked("read"), asked("skipped"), asked("failed")]}),
    ],
}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_as_many_statements_for_ten_people_as_for_a_thousand(
    acme: Tenant, globex: Tenant, publish: Publish, name: str
) -> None:
    publish(workflow("t", *WORKFLOWS[name]))
    sizes = {acme: 10, globex: CHUNK}
    people = {
        tenant: [*crowd(tenant, size // 2), *crowd(tenant, size // 2, prefix="a", role="admin")]
        for tenant, size in sizes.items()
    }
    cost(acme, people[acme][:1])

    few, many = (cost(tenant, of_tenant, days=1) for tenant, of_tenant in people.items())

    assert few == many


def test_a_condition_on_payload_alone_costs_no_statement(acme: Tenant, publish: Publish) -> None:
    people = crowd(acme, 3)
    found = []
    for when in (None, True, {">": [{"var": "payload.days"}, 0]}):
        publish(workflow("t", send_inbox(title="x", when=when)))
        cost(acme, people, days=1)
        found.append(cost(acme, people, days=1))

    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([send_inbox(title="x", when={"+": [1, 2]})], 'Step 1: when: There is no operator "+"'),
        ([send_inbox(title="x", when={"var": "recipient.secret"})], "Step 1: when: "),
        ([send_inbox(title="x", when={"var": "steps.first.read"})], "there is no steps.first; known: nothing"),
        ([send_inbox(title="x", when="yes")], "Step 1: /when"),
        ([condition({"and": []}, then=[send_inbox(title="x")])], 'Step 1: if: "and" takes a list'),
        (
            [condition(True, then=[send_inbox(title="x", when={"not": 7})])],
            "Step 1, then, step 1: when: A condition is",
        ),
        ([{"kind": "condition", "then": []}], '"if" is a required property'),
        ([send_inbox(title="x", name="A b")], "Step 1: /name"),
        ([send_inbox(title="x", name="a"), delay(days=1, name="a")], "2 steps have the name 'a'"),
        ([send_inbox(title="x", when=asked("read")), send_inbox(title="y", name="first")], "there is no steps.first"),
    ],
)
def test_a_mistake_is_told_on_save_with_its_place(steps: list[Any], problem: str) -> None:
    found = [one.message for one in problems_of(workflow("t", *steps))]

    assert any(problem in message for message in found), found
