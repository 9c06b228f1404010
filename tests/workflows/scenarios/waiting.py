"""Delays: how long, until when, and what happens meanwhile."""

from datetime import timedelta

from workflows.define import delay, send_email, send_inbox
from workflows.testing import cancel, fire, read

from .scenario import START, Scenario, publish

TWO = [send_inbox(title="One"), delay(days=2), send_inbox(title="Two")]
UNTIL = [delay(until="payload.due"), send_inbox(title="Now")]
SLEEPS = ("slept", "sent")

SCENARIOS = [
    Scenario("a delay is as long as it says", TWO, ['0s alice sent inbox "One"', '2d alice sent inbox "Two"']),
    Scenario(
        "delays add up",
        [delay(minutes=90), send_inbox(title="A"), delay(days=1, seconds=5), send_inbox(title="B")],
        ['1h30m alice sent inbox "A"', '1d1h30m5s alice sent inbox "B"'],
    ),
    Scenario(
        "who sleeps goes on at the step behind the delay",
        TWO,
        ['0s alice sent inbox "One"', "0s alice slept until 2d", '2d alice sent inbox "Two"'],
        look=SLEEPS,
    ),
    Scenario(
        "a time that the payload names is waited for",
        UNTIL,
        ['3d alice sent inbox "Now"'],
        events=[fire({"due": (START + timedelta(days=3)).isoformat()})],
    ),
    Scenario(
        "a time with another offset is the same instant",
        UNTIL,
        ['1h alice sent inbox "Now"'],
        events=[fire({"due": "2026-03-27T19:00:00+09:00"})],
    ),
    Scenario(
        "a day that loses an hour is a day of 23 hours by the clock of the receiver",
        UNTIL,
        ['2d23h alice sent inbox "Now"'],
        events=[fire({"due": "2026-03-30T10:00:00+02:00"})],
    ),
    Scenario(
        "a time that is past goes on at once",
        UNTIL,
        ['0s alice sent inbox "Now"'],
        events=[fire({"due": "2026-03-01T00:00:00Z"})],
    ),
    Scenario(
        "a time that cannot be read is noted and silences nothing",
        UNTIL,
        ["0s alice noted invalid_time", '0s alice sent inbox "Now"'],
        events=[fire({"due": "soon"})],
        look=("sent", "noted"),
    ),
    Scenario(
        "a delay at the end keeps nobody",
        [send_inbox(title="One"), delay(days=9)],
        ['0s alice sent inbox "One"', "0s alice ended done until 9d"],
        look=("sent", "ended"),
    ),
    Scenario(
        "each run has its own time",
        TWO,
        [
            '0s alice sent inbox "One"',
            '1d alice sent inbox "One"',
            '2d alice sent inbox "Two"',
            '3d alice sent inbox "Two"',
        ],
        events=[fire(), fire(after=timedelta(days=1))],
    ),
    Scenario(
        "a cancel in mid-sleep ends it and takes back what was told",
        TWO,
        [
            '0s alice sent inbox "One"',
            "1d run-1 cancelled",
            '1d alice withdrawn inbox "One"',
            "1d alice ended cancelled",
        ],
        events=[fire(), cancel(days=1)],
    ),
    Scenario(
        "a cancel after the end takes back all of it",
        TWO,
        ['3d alice withdrawn inbox "One"', '3d alice withdrawn inbox "Two"'],
        events=[fire(), cancel(days=3)],
        look=("withdrawn", "failed"),
    ),
    Scenario(
        "a cancel at the very time of waking comes before it",
        TWO,
        ['0s alice sent inbox "One"'],
        events=[fire(), cancel(days=2)],
        look=("sent",),
    ),
    Scenario(
        "a cancel of one run is none of the other's business",
        TWO,
        ['0s alice sent inbox "One"', '0s alice sent inbox "One"', '2d alice sent inbox "Two"'],
        events=[fire(), fire(), cancel("run-2", hours=1)],
        look=("sent",),
    ),
    Scenario(
        "a cancel twice is a cancel once",
        TWO,
        ["1d alice ended cancelled"],
        events=[fire(), cancel(days=1), cancel(days=1, hours=1)],
        look=("ended",),
    ),
    Scenario(
        "a run in flight keeps the version that it began with",
        TWO,
        ['0s alice sent inbox "One"', '1d alice sent inbox "Other"', '2d alice sent inbox "Two"'],
        events=[fire(), publish(send_inbox(title="Other"), hours=1), fire(after=timedelta(days=1))],
    ),
    Scenario(
        "a version that is shorter does not cut a run in flight",
        [*TWO, delay(days=1), send_email(title="Three")],
        ['0s alice sent inbox "One"', '2d alice sent inbox "Two"', '3d alice sent email "Three"'],
        events=[fire(), publish(send_inbox(title="Other"), days=2, hours=1)],
        look=("sent",),
    ),
    Scenario(
        "who reads in mid-sleep is not told again where that is asked",
        [send_inbox(title="One"), delay(hours=1), send_email(title="Two", skip_if_read=True)],
        ['0s alice sent inbox "One"', "30m alice acted read", "1h alice skipped email read"],
        events=[fire(), read("alice", minutes=30)],
    ),
    Scenario(
        "time that is over leaves the rest untold",
        TWO,
        ['0s alice sent inbox "One"'],
        lasts=timedelta(days=1),
        look=("sent",),
    ),
]  # fmt: skip
