"""The playground: what it makes of a form, and what it says about one that makes no trigger."""

import json
from typing import Any

import pytest
from django.test import Client

from notifications.models import InboxItem, Recipient
from tests.cast import run_named, titles, topic
from workflows.define import Workflow
from workflows.engine import drain
from workflows.models import Run
from workflows.registry import get

from .pages import visitor, words

ESCALATED = "session.escalated"


@pytest.fixture
def hers(alice: Recipient, bob: Recipient) -> Client:
    return visitor(alice)


def form(**changed: Any) -> dict[str, Any]:
    workflow = get(ESCALATED)
    assert workflow is not None
    sample = json.dumps(dict(workflow.sample))
    return {"workflow": ESCALATED, "payload": sample, "audience": "default", "do": "trigger", **changed}


def runs() -> int:
    return Run.objects.across_tenants().count()


def test_it_offers_every_workflow_with_its_sample(hers: Client) -> None:
    page = hers.get(f"/playground/?workflow={ESCALATED}")

    text = words(page)
    assert "Session escalated" in text
    assert "proposal.pending" in text
    assert '"session_id": "S-20417"' in text


def test_an_unknown_workflow_shows_the_one_that_tells_on_most_channels(hers: Client) -> None:
    page = hers.get("/playground/?workflow=no.such")

    assert '"session_id": "S-20417"' in words(page)


def test_a_trigger_leads_to_its_run_and_tells_the_admins(hers: Client, alice: Recipient, bob: Recipient) -> None:
    response = hers.post("/playground/", form())
    drain()

    run = Run.objects.across_tenants().get()
    assert response.headers["Location"] == f"/runs/{run.public_id}/"
    assert titles(alice) == ["Amara Okafor needs a person"]
    assert titles(bob) == []


def test_everyone_is_everyone(hers: Client, alice: Recipient, bob: Recipient) -> None:
    hers.post("/playground/", form(audience="everyone"))
    drain()

    assert len(titles(alice)) == len(titles(bob)) == 1


def test_people_and_topics_can_be_ticked(hers: Client, alice: Recipient, bob: Recipient) -> None:
    topic(bob.tenant, "night-shift", bob)

    hers.post("/playground/", form(audience="chosen", topic="night-shift"))
    drain()

    assert (titles(alice), len(titles(bob))) == ([], 1)


def test_ticks_count_only_when_some_are_to_be_told(hers: Client, alice: Recipient, bob: Recipient) -> None:
    hers.post("/playground/", form(audience="default", person=str(bob.public_id)))
    drain()

    assert (len(titles(alice)), titles(bob)) == (1, [])


@pytest.mark.parametrize(("include", "told"), [({}, 0), ({"include_actor": "yes"}, 1)])
def test_whoever_did_it_is_left_out_unless_asked(
    hers: Client, alice: Recipient, include: dict[str, str], told: int
) -> None:
    hers.post("/playground/", form(actor=str(alice.public_id), **include))
    drain()

    assert len(titles(alice)) == told


def test_the_same_idempotency_key_leads_to_the_first_run(hers: Client) -> None:
    first = hers.post("/playground/", form(idempotency_key="k-1"))
    second = hers.post("/playground/", form(idempotency_key="k-1"))

    assert first.headers["Location"] == second.headers["Location"]
    assert runs() == 1


def test_a_dry_run_says_who_and_writes_nothing(hers: Client) -> None:
    page = hers.post("/playground/", form(do="dry-run"))

    assert page.status_code == 200
    assert "Would tell 1: Alice." in words(page)
    assert "Inbox 1 person" in words(page)
    assert "Nothing was written" in words(page)
    assert runs() == 0


def test_a_dry_run_says_to_whom_not_and_why(hers: Client) -> None:
    text = words(hers.post("/playground/", form(do="dry-run")))

    assert "E-mail Nobody Not 1: Has no address for this." in text
    assert "Webhook No team" in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"payload": "{"}, "Line 1, column 2: this is not JSON"),
        ({"payload": '{"session_id": 5, "customer": "A", "reason": "B"}'}, '/session_id 5 is not of type "string"'),
        ({"payload": "{}"}, '"session_id" is a required property'),
        ({"payload": "[]"}, "The payload must be an object"),
        ({"payload": '{"a": NaN}'}, "not finite"),
        ({"payload": "[" * 5000}, "nested too deeply"),
        ({"payload": '"' + "x" * 530_000 + '"'}, "more than a payload may hold"),
        ({"audience": "chosen"}, "Nobody is chosen yet"),
        ({"audience": "chosen", "topic": "no-such"}, "is not a topic of this tenant"),
        ({"idempotency_key": "k" * 256}, "printable characters"),
    ],
)
def test_a_form_that_makes_no_trigger_is_shown_again_with_what_is_wrong(
    hers: Client, settings: Any, changed: dict[str, str], said: str
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2**21

    page = hers.post("/playground/", form(**changed))
    answer = hers.post("/playground/check/", form(**changed)).json()

    assert page.status_code == 422
    assert said in words(page)
    problem = answer["problems"][0]
    assert any(said in f"{one['where']} {one['message']}".strip() for one in answer["problems"]), problem
    assert runs() == 0


def test_what_was_typed_is_kept(hers: Client, bob: Recipient) -> None:
    changed = form(payload='{"half": ', audience="chosen", person=str(bob.public_id), idempotency_key="k-2")

    html = hers.post("/playground/", changed).content.decode()

    assert "{&quot;half&quot;: " in html
    assert f'value="{bob.public_id}" checked' in html
    assert 'value="k-2"' in html


def test_a_payload_cannot_leave_its_field(hers: Client) -> None:
    html = hers.post("/playground/", form(payload="</textarea><script>alert(1)</script>")).content.decode()

    assert "<script>alert" not in html


def test_the_check_says_whom_it_would_tell(hers: Client) -> None:
    answer = hers.post("/playground/check/", form(audience="everyone")).json()

    assert answer == {"problems": [], "summary": "Would tell 2: Alice, Bob."}
    assert runs() == 0
    assert not InboxItem.objects.exists()


def test_no_one_to_tell_is_said_too(hers: Client, alice: Recipient) -> None:
    answer = hers.post("/playground/check/", form(actor=str(alice.public_id))).json()

    assert answer["summary"] == "Nobody would be told."


def test_recent_runs_are_listed(hers: Client, alice: Recipient, hello: Workflow) -> None:
    from workflows.trigger import trigger

    trigger("hello", tenant=alice.tenant, payload={"name": "x"}, transaction_id="t-1")
    drain()

    html = hers.get("/playground/").content.decode()

    assert f"/runs/{run_named('t-1').public_id}/" in html
