"""A cascade is a shorthand: what it stands for is plain sends and delays."""

from datetime import timedelta
from typing import Any

import pytest

from notifications import inbox
from notifications.models import Tenant
from tests.cast import Publish, outcomes, wake_everybody, workflow
from tests.channels_delivery.conftest import scripted  # noqa: F401
from tests.workflows.sending.moves import reachable, start, to_people, walked
from workflows.cascade import waits, written_out
from workflows.define import cascade, condition, delay, send
from workflows.registry import problems_of

TEN, HOUR = timedelta(minutes=10), timedelta(hours=1)
TEXTS = {"title": "Hello", "level": "info"}


@pytest.mark.once
def test_times_count_from_the_beginning() -> None:
    assert cascade("inbox", ("push", TEN), ("email", HOUR), "sms 1h", title="Hello") == [
        send("inbox", title="Hello"),
        delay(minutes=10),
        send("push", title="Hello", skip_if_read=True),
        delay(minutes=50),
        send("email", title="Hello", skip_if_read=True),
        send("sms", title="Hello", skip_if_read=True),
    ]


@pytest.mark.once
@pytest.mark.parametrize(
    ("stage", "wait"),
    [
        ("push", 0),
        ("push 90s", 90),
        (" push  10m ", 600),
        ("push 2h", 7_200),
        ("push 1d", 86_400),
        (("push", TEN), 600),
    ],
)
def test_a_stage_may_be_written_as_text(stage: Any, wait: int) -> None:
    assert waits(["inbox", stage]) == [("inbox", timedelta()), ("push", timedelta(seconds=wait))]


@pytest.mark.once
@pytest.mark.parametrize(
    ("stages", "problem"),
    [
        ([], "needs a channel"),
        (["inbox", "push 10"], "'push 10' is no stage"),
        (["inbox", "push 10w"], "is no stage"),
        (["inbox", "10m push"], "is no stage"),
        (["inbox", 7], "7 is no stage"),
        (["inbox", {"push": "10m"}], "is no stage"),
        (["inbox", "push 1h", "email 10m"], "email after 0:10:00 cannot follow 1:00:00"),
    ],
)
def test_what_is_no_cascade_is_refused_in_words(stages: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        waits(stages)


@pytest.mark.once
def test_one_in_json_is_written_out_in_branches_too() -> None:
    short = {"kind": "cascade", "stages": ["inbox", "email 1h"], "template": TEXTS}
    steps = [condition(True, then=[short, delay(days=1)], otherwise=[delay(days=2)]), short]

    long = cascade("inbox", ("email", HOUR), title="Hello")
    assert written_out(steps) == [condition(True, then=[*long, delay(days=1)], otherwise=[delay(days=2)]), *long]


@pytest.mark.django_db
@pytest.mark.usefixtures("scripted")
def test_who_reads_is_left_alone(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", *cascade("inbox", ("scripted", TEN), ("scripted", HOUR), title="Hello")))
    reads, waits_long = reachable(acme, 2)
    run = walked(start(acme, reads, waits_long))
    inbox.read_all(reads)

    for _ in range(2):
        wake_everybody()
        walked(run)

    assert set(to_people(run)) == {waits_long.pk}
    assert outcomes(run, final=False) == {"read": {reads.pk}}
    assert run.status == "sent"


@pytest.mark.once
def test_a_channel_that_is_none_is_told_on_save() -> None:
    found = [one.message for one in problems_of(workflow("t", *cascade("inbox", "pigeon 10m", title="Hello")))]

    assert any("Step 3" in message and "pigeon" in message for message in found), found
