"""The loop guard: workflows that cause one another end, and say by which way they came."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.test import Client

from notifications.models import Recipient, Scope, Tenant
from tests.cast import Publish, api_key, crowd, statements, with_key, workflow
from tests.workflows.digests.moves import their_time_comes
from workflows import engine
from workflows.chain import DEPTH_MAX
from workflows.define import Person, call, digest, function, send_inbox
from workflows.functions import FUNCTIONS
from workflows.models import Run
from workflows.refusals import BadRequest, Looped
from workflows.trigger import Trigger, trigger, trigger_many

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(acme: Tenant) -> Recipient:
    return crowd(acme, 1, prefix="ana")[0]


@pytest.fixture
def onward(ana: Recipient) -> Iterator[list[str]]:
    """A function that triggers what the payload says is next; what it was refused with."""
    refused: list[str] = []

    @function("onward")
    def _onward(people: Sequence[Person]) -> list[Any]:
        for one in people:
            first, *rest = one.payload["next"] or [""]
            try:
                if first:
                    trigger(first, tenant=ana.tenant, recipients=[ana], payload={"next": rest})
            except Looped as error:
                refused.append(str(error))
        return [None] * len(people)

    yield refused
    del FUNCTIONS["onward"]


def chains(tenant: Tenant) -> list[tuple[str, int, str]]:
    runs = Run.objects.filter(tenant=tenant, digest="").order_by("pk")
    return [(run.workflow, run.depth, run.chain.replace("\n", " ")) for run in runs]


def go(ana: Recipient, *keys: str) -> None:
    trigger(keys[0], tenant=ana.tenant, recipients=[ana], payload={"next": [*keys[1:]]})
    engine.drain()


def test_a_run_knows_by_which_workflows_it_came(ana: Recipient, publish: Publish, onward: list[str]) -> None:
    for key in "abc":
        publish(workflow(key, call("on", "onward")))

    go(ana, "a", "b", "c")

    assert chains(ana.tenant) == [("a", 0, ""), ("b", 1, "a"), ("c", 2, "a b")]
    assert onward == []


def test_a_workflow_does_not_cause_itself(ana: Recipient, publish: Publish, onward: list[str]) -> None:
    for key in "ab":
        publish(workflow(key, call("on", "onward")))

    go(ana, "a", "b", "a", "b")

    assert [key for key, _, _ in chains(ana.tenant)] == ["a", "b"]
    assert onward == ["It caused itself: a → b → a. Nothing was started."]


def test_a_chain_has_an_end(ana: Recipient, publish: Publish, onward: list[str]) -> None:
    for key in "abcdefg":
        publish(workflow(key, call("on", "onward")))

    go(ana, *"abcdefg")

    assert chains(ana.tenant)[-1] == ("f", DEPTH_MAX, "a b c d e")
    assert len(onward) == 1


def test_a_loop_through_a_digest_ends_as_well(ana: Recipient, publish: Publish, onward: list[str]) -> None:
    publish(workflow("a", call("on", "onward")))
    publish(workflow("b", digest(seconds=1), call("on", "onward")))

    go(ana, "a", "b", *["a", "b"] * 5)
    for _ in range(10):
        their_time_comes()

    assert [key for key, _, _ in chains(ana.tenant)] == ["a", "b", "a"]
    assert onward == ["It caused itself: b → a → b. Nothing was started."]


class TestByName:
    """Whoever was told by a webhook, and triggers because of it, names the run."""

    def started(self, ana: Recipient, publish: Publish) -> str:
        publish(workflow("a", send_inbox(title="A")))
        publish(workflow("b", send_inbox(title="B")))
        return trigger("a", tenant=ana.tenant, recipients=[ana]).transaction_id

    def test_what_it_caused_stands_behind_it(self, ana: Recipient, publish: Publish) -> None:
        first = self.started(ana, publish)

        second = trigger("b", tenant=ana.tenant, recipients=[ana], caused_by=first).transaction_id

        with pytest.raises(Looped, match="a → b → a"):
            trigger("a", tenant=ana.tenant, recipients=[ana], caused_by=second)

    def test_a_run_that_is_not_there_is_refused(self, ana: Recipient, globex: Tenant, publish: Publish) -> None:
        first = self.started(ana, publish)
        (mallory,) = crowd(globex, 1)

        with pytest.raises(BadRequest, match="not known"):
            trigger("b", tenant=globex, recipients=[mallory], caused_by=first)

    def test_of_many_triggers_only_those_that_loop_are_refused(self, ana: Recipient, publish: Publish) -> None:
        first = self.started(ana, publish)
        asked = [Trigger(key, recipients=[ana], caused_by=first) for key in "abab"]

        with statements() as of_four:
            answers = trigger_many(asked, tenant=ana.tenant)
        with statements() as of_one:
            trigger_many(asked[1:2], tenant=ana.tenant)

        assert [isinstance(answer, Looped) for answer in answers] == [True, False, True, False]
        assert len(of_four) == len(of_one)

    def test_over_http(self, client: Client, ana: Recipient, publish: Publish) -> None:
        first = self.started(ana, publish)
        server = with_key(api_key(ana.tenant, Scope.TRIGGER))

        answer = server.post("/api/v1/trigger/", {"workflow": "a", "caused_by": first}, format="json")

        assert (answer.status_code, answer.json()["code"]) == (409, "loop")
        assert "a → a" in answer.json()["detail"]
