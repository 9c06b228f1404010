"""A simulation: the real engine on a virtual clock, told as a timeline."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_delivery.outcome import Delivered, Outcome, Temporary
from channels_delivery.parcel import Parcel
from notifications.kernel import waiting
from notifications.kernel.clock import Clock
from notifications.models import Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, statements, topic, workflow
from tests.workflows.sending.moves import channel
from workflows import dynamic, texts
from workflows.define import delay, send_email, send_inbox, send_webhook
from workflows.design import Design
from workflows.explain import explain_future
from workflows.refusals import BadRequest, Refused, TooMuch, UnknownRun, UnknownWorkflow
from workflows.simulate import Act, Cancel, Event, Fire, Persona, Wish, simulate
from workflows.simulate import Publish as PublishNow
from workflows.step import Plan, Scene
from workflows.steps import STEPS
from workflows.texts import Place
from workflows.trigger import Trigger, dry_run

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HELLO = workflow("hello", send_inbox(title="Hello {{ recipient.name }}"))
NAG = workflow("nag", send_inbox(title="One"), delay(days=2), send_email(title="Two", skip_if_read=True))


def test_a_timeline_says_who_got_what_when_and_who_did_not_and_why() -> None:
    people = ["alice", Persona("bob", wishes=[Wish(channel="email")]), Persona("carl", email="")]

    timeline = simulate(NAG, people=people, start=START)

    assert timeline.finished
    assert timeline.end == START + 2 * DAY
    assert timeline.of("alice").lines() == [
        '0s alice sent inbox "One"',
        "0s alice slept until 2d",
        '2d alice sent email "Two"',
        "2d alice ended done",
    ]
    assert timeline.of("bob").reasons() == ["off_by_channel"]
    assert timeline.of("carl").reasons() == ["no_address"]


def test_it_is_plain_json() -> None:
    said = json.loads(json.dumps(simulate(NAG, people=["a"], start=START).to_json()))

    assert said["finished"] is True
    assert said["entries"][2] == {
        "at": START.isoformat(),
        "what": "slept",
        "person": "a",
        "run": "run-1",
        "step": "2",
        "until": (START + 2 * DAY).isoformat(),
    }


def test_what_people_do_counts() -> None:
    events = [Event(Fire()), Event(Act("read", "a"), HOUR)]

    timeline = simulate(NAG, people=["a", "b"], events=events, start=START)

    assert timeline.of("a").only("acted", "skipped").lines() == ["1h a acted read", "2d a skipped email read"]
    assert timeline.of("b").titles() == ["One", "Two"]


def test_a_cancel_in_mid_sleep_ends_it_and_takes_back() -> None:
    timeline = simulate(NAG, people=["a"], events=[Event(Fire()), Event(Cancel(), DAY)], start=START)

    assert timeline.only("cancelled", "withdrawn", "ended").lines() == [
        "1d run-1 cancelled",
        '1d a withdrawn inbox "One"',
        "1d a ended cancelled",
    ]


def test_a_run_in_flight_keeps_its_version() -> None:
    newer = workflow("nag", send_inbox(title="New"))
    events = [Event(Fire()), Event(PublishNow(newer), HOUR), Event(Fire(), 2 * HOUR)]

    timeline = simulate(NAG, people=["a"], events=events, start=START)

    assert timeline.of_run("run-1").titles() == ["One", "Two"]
    assert timeline.of_run("run-2").titles() == ["New"]


def test_a_failing_receiver_is_tried_again_as_the_policy_says() -> None:
    def hiccups(parcel: Parcel) -> Outcome:
        return Temporary("network") if parcel.attempt < 3 else Delivered()

    timeline = simulate(workflow("m", send_email(title="M")), people=["a"], sender=hiccups, start=START)

    assert timeline.of("a").on("email").lines() == [
        '0s a sent email "M"',
        '0s a retried email network "M" until 30s',
        '30s a retried email network "M" until 2m30s',
        '2m30s a delivered email "M"',
    ]


def test_what_never_arrives_is_told_with_its_reason() -> None:
    timeline = simulate(
        workflow("m", send_email(title="M")), people=["a"], sender=lambda _: Temporary("timeout"), start=START
    )

    assert timeline.only("failed").lines() == ['12m30s a failed email timeout "M"']


def test_real_people_are_copied_with_what_they_chose(acme: Tenant, alice: Recipient, bob: Recipient) -> None:
    Choice.objects.create(tenant=acme, recipient=bob, wanted=False)
    topic(acme, "news", alice, bob)
    events = [Event(Fire(recipients=[{"topic": "news"}]))]

    timeline = simulate(HELLO, people=[alice, bob, "carl"], events=events, tenant=acme)

    assert timeline.of("alice").titles() == ["Hello Alice"]
    assert timeline.of("bob").reasons() == ["off_by_everything"]
    assert not timeline.of("carl")


def test_the_teams_of_the_tenant_are_told(acme: Tenant) -> None:
    channel(acme, kind="webhook", told_of="hook", settings={"url": "https://example.com/hook"})

    timeline = simulate(workflow("hook", send_webhook(title="Ping")), people=["a"], tenant=acme)

    assert timeline.of("").titles() == ["Ping"]


def test_the_payload_is_the_sample_unless_given(publish: Publish) -> None:
    publish(workflow("p", send_inbox(title="{{ payload.n }}"), sample={"n": 1}))

    timeline = simulate("p", people=["a"], events=[Event(Fire()), Event(Fire({"n": 2}))])

    assert timeline.titles() == ["1", "2"]


def test_other_workflows_of_the_tenant_may_be_triggered_too(acme: Tenant) -> None:
    """Its own ones, with its words, by their own samples; and the draft that is played is in force nowhere."""
    row = dynamic.create(
        acme, "t.other", Design("Other", sample={"n": 7}, steps=[send_inbox(title="Other {{ payload.n }}")])
    )
    dynamic.publish(row, now=START)
    texts.create(acme, Place("t.other", "inbox"), {"body": "In our words"})
    draft = {"key": "t.draft", "name": "Draft", "steps": [send_inbox(title="Draft")]}
    events = [Event(Fire()), Event(Fire(workflow="t.other"), HOUR)]

    timeline = simulate(draft, people=["a"], events=events, tenant=acme, start=START)

    assert timeline.of("a").titles() == ["Draft", "Other 7"]
    with pytest.raises(UnknownWorkflow):
        simulate(draft, events=[Event(Fire(workflow="t.other"))], start=START)


def test_time_over_is_said() -> None:
    timeline = simulate(NAG, people=["a"], lasts=DAY, start=START)

    assert (timeline.finished, timeline.end) == (False, START + DAY)
    assert timeline.titles() == ["One"]


def test_statements_do_not_grow_with_people() -> None:
    def cost(people: int) -> int:
        with statements() as found:
            simulate(NAG, people=people, start=START)
        return len(found)

    cost(1)

    assert cost(1_000) <= cost(10) + 15  # SQLite takes a crowd in several pieces


@pytest.mark.parametrize(
    ("given", "refusal", "words"),
    [
        ({"people": 0}, BadRequest, "1 to 1,000 people"),
        ({"people": 1_001}, BadRequest, "1 to 1,000 people"),
        ({"people": ["a", "a"]}, BadRequest, "name of their own"),
        ({"people": [Persona("a", zone="Mars/Base")]}, BadRequest, "as you want them"),
        ({"lasts": timedelta(days=500)}, BadRequest, "up to 400 days"),
        ({"start": datetime(2026, 1, 1)}, BadRequest, "offset"),
        ({"events": [Event(Act("sing", "p1"))]}, BadRequest, "cannot happen"),
        ({"events": [Event(Fire(), timedelta(days=40))]}, BadRequest, "cannot happen"),
        ({"events": [Event(Act("read", "nobody"))]}, BadRequest, "'nobody'"),
        ({"events": [Event(Cancel("run-9"))]}, UnknownRun, "run-9"),
        ({"events": [Event(Fire(workflow="nope"))]}, UnknownWorkflow, "nope"),
        ({"people": 900, "events": [Event(Fire())] * 9}, TooMuch, "10,000"),
    ],
)
def test_what_cannot_be_played_is_refused_with_what_to_do(given: Any, refusal: type[Refused], words: str) -> None:
    with pytest.raises(refusal) as refused:
        simulate(HELLO, **given)

    assert words in refused.value.detail


def test_a_draft_that_cannot_be_walked_says_everything_that_is_wrong() -> None:
    draft = {"key": "d", "name": "D", "steps": [{"kind": "send", "channel": "owl"}, {"kind": "dance"}]}

    with pytest.raises(BadRequest) as refused:
        simulate(draft)

    assert refused.value.code == "invalid_definition"
    assert len(refused.value.errors) == 2


GOOD = {"key": "d", "name": "D", "steps": [{"kind": "send", "channel": "inbox"}]}


@pytest.mark.parametrize(
    "wrong",
    [
        *({"steps": steps} for steps in (None, 5, {}, [], ["x"], [None], [{}], [{"kind": 5}], [{"kind": ["x"]}])),
        *({"payload_schema": schema} for schema in (7, [], {"type": 9})),
        *({"sample": sample} for sample in (5, [1], "x")),
        *({"tab": tab} for tab in (5, None, "attic")),
        *({"name": name} for name in (5, None, "", "a\0b")),
        {"key": "a b"},
        {"category": None},
        {"critical": "yes"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_whatever_a_draft_is_made_of_is_refused_in_words(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        simulate({**GOOD, **wrong})


def test_people_of_another_tenant_cannot_be_copied(acme: Tenant, mallory: Recipient) -> None:
    with pytest.raises(BadRequest):
        simulate(HELLO, people=[mallory], tenant=acme)


def test_a_workflow_of_that_name_has_to_be_there(db: None) -> None:
    with pytest.raises(UnknownWorkflow):
        simulate("nowhere")


class Asks:
    """A step that asks somebody outside."""

    kind, reaches_out, schema = "ask", True, {"type": "object"}

    def plan(self, settings: Any, scene: Scene) -> Plan:
        raise AssertionError("nobody is asked in a simulation")


class TestSteps:
    @pytest.fixture(autouse=True)
    def ask(self) -> Iterator[None]:
        STEPS["ask"] = Asks()
        yield
        del STEPS["ask"]

    def test_nobody_outside_is_asked(self) -> None:
        timeline = simulate(workflow("asks", {"kind": "ask"}, send_inbox(title="After")), people=["a"], start=START)

        assert timeline.only("noted", "sent").lines() == ["0s a noted not_simulated", '0s a sent inbox "After"']

    def test_nor_by_whoever_only_wants_to_know(self, acme: Tenant, bob: Recipient, publish: Publish) -> None:
        publish(workflow("asks", send_inbox(title="Before"), {"kind": "ask"}, send_inbox(title="After")))

        assert explain_future("asks", bob).codes == ["would_send", "would_reach_out"]
        assert [send.step for send in dry_run(Trigger("asks", recipients=[bob]), tenant=acme).sends] == ["0"]


class Rows:
    """Rows of another app that wait: here, one that is due in three hours."""

    def __init__(self, due: datetime) -> None:
        self.due: datetime | None = due
        self.worked_off: list[datetime] = []

    def next_due(self, *, tenant: int) -> datetime | None:
        return self.due

    def work_off(self, *, tenant: int, clock: Clock) -> None:
        if self.due is not None and self.due <= clock():
            self.worked_off.append(clock())
            self.due = None


def test_rows_of_other_apps_that_wait_are_waited_for() -> None:
    rows = Rows(START + 3 * HOUR)
    waiting.register("test", next_due=rows.next_due, work_off=rows.work_off)
    try:
        timeline = simulate(HELLO, people=["a"], start=START)
    finally:
        waiting.WAITING.pop("test")

    assert rows.worked_off == [START + 3 * HOUR]
    assert timeline.end == START + 3 * HOUR


def test_what_comes_due_again_and_again_is_given_up() -> None:
    waiting.register("test", next_due=lambda **_: START, work_off=lambda **_: None)
    try:
        with pytest.raises(TooMuch, match="gets nowhere"):
            simulate(HELLO, people=["a"], start=START)
    finally:
        waiting.WAITING.pop("test")
