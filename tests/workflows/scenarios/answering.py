"""Waits and escalations: who is heard from, in time or not, and who is told next. Throttles and conditions."""

from datetime import timedelta

from workflows.define import (
    condition,
    delay,
    escalate,
    level,
    send_email,
    send_inbox,
    throttle,
    wait_for,
)
from workflows.testing import Persona, act, cancel, fire, read

from .scenario import Scenario

SENT = ("sent",)
CONFIRM = [send_inbox(title="Please"), wait_for("acknowledged", hours=4, on_match="stop"), send_email(title="Still")]
DOWN = [
    escalate(
        level(send_inbox(title="Down"), minutes=5),
        level(send_email(title="On call"), to=[{"user": "bob"}], minutes=10),
        level(send_email(title="Last"), to=[{"user": "carol"}], minutes=30),
    ),
    send_inbox(title="Nobody"),
]
THREE = [Persona("alice"), Persona("bob"), Persona("carol")]
TO_ALICE = fire(recipients=[{"user": "alice"}])


def acknowledged(person: str, **after: float) -> object:
    return act("acknowledge", person, **after)


SCENARIOS = [
    Scenario(
        "who does not acknowledge in time goes on",
        CONFIRM,
        ['0s alice sent inbox "Please"', '4h alice sent email "Still"'],
        look=SENT,
    ),
    Scenario(
        "who acknowledges in time is done at once",
        CONFIRM,
        ['0s alice sent inbox "Please"', "1h alice ended acknowledged"],
        events=[fire(), acknowledged("alice", hours=1)],
        look=("sent", "ended"),
    ),
    Scenario(
        "an acknowledgement at the very end of the time comes before it",
        CONFIRM,
        ['0s alice sent inbox "Please"'],
        events=[fire(), acknowledged("alice", hours=4)],
        look=SENT,
    ),
    Scenario(
        "one who acknowledges acts for nobody else",
        CONFIRM,
        ['0s a sent inbox "Please"', '0s b sent inbox "Please"', '4h b sent email "Still"'],
        people=["a", "b"],
        events=[fire(), acknowledged("a", hours=1)],
        look=SENT,
    ),
    Scenario(
        "a cancel ends a wait",
        CONFIRM,
        ["1h alice ended cancelled"],
        events=[fire(), cancel(hours=1)],
        look=("ended",),
    ),
    Scenario(
        "levels are told one after the other until all are exhausted",
        DOWN,
        [
            '0s alice sent inbox "Down"',
            '5m bob sent email "On call"',
            '15m carol sent email "Last"',
            '45m alice sent inbox "Nobody"',
        ],
        people=THREE,
        events=[TO_ALICE],
        look=SENT,
    ),
    Scenario(
        "as soon as anybody has it in hand, nobody further is told",
        DOWN,
        ['0s alice sent inbox "Down"', '5m bob sent email "On call"'],
        people=THREE,
        events=[TO_ALICE, acknowledged("bob", minutes=9)],
        look=SENT,
    ),
    Scenario(
        "an acknowledgement at the time of the next level comes before it",
        DOWN,
        ['0s alice sent inbox "Down"'],
        people=THREE,
        events=[TO_ALICE, acknowledged("alice", minutes=5)],
        look=SENT,
    ),
    Scenario(
        "a repeated escalation goes through its levels again",
        [escalate(level(send_inbox(title="Down"), minutes=5), repeat=1), send_email(title="Nobody")],
        ['0s alice sent inbox "Down"', '5m alice sent inbox "Down"', '10m alice sent email "Nobody"'],
        look=SENT,
    ),
    Scenario(
        "a cancelled escalation tells nobody further",
        DOWN,
        ['0s alice sent inbox "Down"'],
        people=THREE,
        events=[TO_ALICE, cancel(minutes=3)],
        look=SENT,
    ),
    Scenario(
        "a throttle lets the first through, and again when its time is over",
        [throttle(1, within=timedelta(hours=1)), send_inbox(title="{{ payload.n }}")],
        ['0s alice sent inbox "1"', '1h alice sent inbox "3"'],
        events=[fire({"n": 1}), fire({"n": 2}, after=timedelta(minutes=30)), fire({"n": 3}, after=timedelta(hours=1))],
        look=SENT,
    ),
    Scenario(
        "what a throttle holds back may go another way",
        [throttle(1, within=timedelta(hours=1), otherwise=[send_inbox(title="Quietly")]), send_email(title="Loud")],
        [
            '0s alice sent email "Loud"',
            '10m alice sent inbox "Quietly"',
            '10m alice sent email "Loud"',
        ],
        events=[fire(), fire(after=timedelta(minutes=10))],
        look=SENT,
    ),
    Scenario(
        "a condition parts people, and behind it they walk together",
        [
            condition(
                {"==": [{"var": "recipient.role"}, "admin"]},
                then=[send_email(title="Boss")],
                otherwise=[send_inbox(title="Team")],
            ),
            delay(hours=1),
            send_inbox(title="All"),
        ],
        [
            '0s alice sent email "Boss"',
            '0s bob sent inbox "Team"',
            '1h alice sent inbox "All"',
            '1h bob sent inbox "All"',
        ],
        people=[Persona("alice", role="admin"), Persona("bob")],
        look=SENT,
    ),
    Scenario(
        "a step asks what an earlier one came to",
        [
            send_inbox(title="One", name="one"),
            delay(hours=1),
            send_email(title="Unread", when={"not": {"var": "steps.one.read"}}),
        ],
        ['0s a sent inbox "One"', '0s b sent inbox "One"', '1h b sent email "Unread"'],
        people=["a", "b"],
        events=[fire(), read("a", minutes=30)],
        look=SENT,
    ),
    Scenario(
        "nine o'clock is nine o'clock where each lives",
        [delay(at="09:00"), send_inbox(title="Morning")],
        ['15h bob sent inbox "Morning"', '23h alice sent inbox "Morning"'],
        people=[Persona("alice", zone="Europe/Berlin"), Persona("bob", zone="Asia/Tokyo")],
        look=SENT,
    ),
    Scenario(
        "working hours are waited for over a weekend",
        [delay(working_hours={"mon": [("09:00", "17:00")]}), send_inbox(title="Monday")],
        ['2d22h alice sent inbox "Monday"'],
        people=[Persona("alice", zone="Europe/Berlin")],
        look=SENT,
    ),
]
