"""Silences and inhibitions: what is not sent, since when and until when, and what ends them."""

from datetime import timedelta
from typing import Any

from workflows.define import Workflow, delay, digest, escalate, level, send_email, send_inbox
from workflows.simulate import Act, Event
from workflows.testing import (
    Calendar,
    Hush,
    Matcher,
    Persona,
    WhileActive,
    cancel,
    expire,
    fire,
    hush,
)
from workflows.testing import publish as publish_one

from .scenario import START, Scenario

BOTH = [send_inbox(title="Item"), send_email(title="Mail")]
SENT = ("sent", "skipped")
DOWN, UP = "device.down", "device.up"


def silence(matcher: Matcher | None = None, *, hours: float | None = 2, starts: float = 0, **given: Any) -> Hush:
    """Of the story, unless told otherwise."""
    ends_at = None if hours is None else START + timedelta(hours=starts + hours)
    about = matcher or Matcher(workflows=["story"])
    return Hush(
        "Works", about, reason="New switches", starts_at=START + timedelta(hours=starts), ends_at=ends_at, **given
    )


def other(key: str) -> Any:
    """Another workflow is there, that tells nobody here."""
    return publish_one(Workflow(key, key, [delay(seconds=1)]))


def inhibited(**given: Any) -> list[Any]:
    """The story is not sent while the device is down; both workflows are there."""
    going = WhileActive(**{"workflows": [DOWN], "equal": ["payload.device"], "resolved_by": [UP], **given})
    rule = Hush("Device is down", Matcher(workflows=["story"]), reason="The cause is known", while_active=going)
    return [other(DOWN), other(UP), hush(rule)]


def down(device: Any = "r1", **after: float) -> Any:
    return fire({"device": device}, workflow=DOWN, name="down", after=timedelta(**after))


def up(device: Any = "r1", **after: float) -> Any:
    return fire({"device": device}, workflow=UP, name="up", after=timedelta(**after))


def story(device: Any = "r1", **after: float) -> Any:
    return fire({"device": device}, name=f"story-{after}", after=timedelta(**after))


def nothing_known(**after: float) -> Any:
    """A cause that names no device."""
    return fire({}, workflow=DOWN, name="nameless", after=timedelta(**after))


def own_rule() -> Hush:
    """Of every workflow, kept going by the story itself."""
    going = WhileActive(["story"], equal=["payload.device"])
    return Hush("Once is enough", Matcher(workflows=["*"]), reason="It repeats itself", while_active=going)


def of_payload(value: Any) -> Any:
    return {"==": [{"var": "payload.device"}, value]}


ONE = [send_inbox(title="Slow")]
HELD, TOLD = "alice skipped inbox inhibited", 'alice sent inbox "Slow"'

SCENARIOS = [
    Scenario(
        "a silence keeps every channel still, from its commit to its end",
        BOTH,
        [
            "0s alice skipped inbox silenced",
            "0s alice skipped email silenced",
            '2h alice sent inbox "Item"',
            '2h alice sent email "Mail"',
        ],
        events=[hush(silence()), fire(), fire(after=timedelta(hours=2))],
        look=SENT,
    ),
    Scenario(
        "who is silenced at one step walks on to the next",
        [send_inbox(title="Now"), delay(hours=3), send_email(title="Later")],
        ["0s alice skipped inbox silenced", '3h alice sent email "Later"'],
        events=[hush(silence()), fire()],
        look=SENT,
    ),
    Scenario(
        "what was sent before it is not recalled",
        ONE,
        ['0s alice sent inbox "Slow"'],
        events=[fire(), hush(silence(), minutes=1)],
        look=(*SENT, "withdrawn"),
    ),
    Scenario(
        "it begins at its own time, also for those who sleep",
        [delay(hours=3), send_inbox(title="Slow")],
        ["3h alice skipped inbox silenced"],
        events=[hush(silence(starts=2)), fire()],
        look=SENT,
    ),
    Scenario(
        "ended before time, it silences nothing more",
        ONE,
        ["0s alice skipped inbox silenced", f"1h {TOLD}"],
        events=[hush(silence()), fire(), expire("Works", minutes=30), fire(after=timedelta(hours=1))],
        look=SENT,
    ),
    Scenario(
        "of one channel, it leaves the others alone",
        BOTH,
        ['0s alice sent inbox "Item"', "0s alice skipped email silenced"],
        events=[hush(silence(Matcher(channels=["email"]))), fire()],
        look=SENT,
    ),
    Scenario(
        "of a pattern, it is about every workflow whose key fits",
        ONE,
        ["0s alice skipped inbox silenced"],
        events=[hush(silence(Matcher(workflows=["other", "st?r*"]))), fire()],
        look=SENT,
    ),
    Scenario(
        "of a category, it is about nothing else",
        ONE,
        [f"0s {TOLD}"],
        events=[hush(silence(Matcher(categories=["billing"]))), fire()],
        look=SENT,
        given={"category": "network"},
    ),
    Scenario(
        "of some values of the payload, it lets the other runs pass",
        ONE,
        ["0s alice skipped inbox silenced", f"1m {TOLD}"],
        events=[hush(silence(Matcher(when=of_payload("r1")))), story("r1"), story("r2", minutes=1)],
        look=SENT,
    ),
    Scenario(
        "of some people, it lets the others be told",
        ONE,
        ['0s a sent inbox "Slow"', "0s b skipped inbox silenced"],
        people=["a", Persona("b", attributes={"site": "north"})],
        events=[hush(silence(Matcher(when={"==": [{"var": "recipient.attributes.site"}, "north"]}))), fire()],
        look=SENT,
    ),
    Scenario(
        "a critical workflow is not silenced",
        ONE,
        [f"0s {TOLD}"],
        events=[hush(silence()), fire()],
        look=SENT,
        given={"critical": True},
    ),
    Scenario(
        "a critical workflow is silenced by a silence that says so",
        ONE,
        ["0s alice skipped inbox silenced"],
        events=[hush(silence(Matcher(workflows=["*"], critical=True))), fire()],
        look=SENT,
        given={"critical": True},
    ),
    Scenario(
        "an important level of an escalation is not silenced, the others are",
        [escalate(level(send_inbox(title="One"), hours=1), level(send_inbox(title="Two"), hours=1, important=True))],
        ["0s alice skipped inbox silenced", '1h alice sent inbox "Two"'],
        events=[hush(silence(hours=9)), fire()],
        look=SENT,
    ),
    Scenario(
        "a calendar lets it rest between its windows, by the clock of its zone",
        ONE,
        [
            "12h30m alice skipped inbox silenced",
            '14h30m alice sent inbox "Slow"',
            "1d12h30m alice skipped inbox silenced",
            '1d21h30m alice sent inbox "Slow"',
        ],
        events=[
            hush(
                silence(
                    hours=None,
                    calendar=Calendar({"fri": [["22:00", "24:00"]], "sat": [["22:00", "08:00"]]}, "Europe/Berlin"),
                )
            ),
            *(fire(after=timedelta(hours=hours)) for hours in (12.5, 14.5, 36.5, 45.5)),
        ],
        look=SENT,
    ),
    Scenario(
        "a digest that closes in a silence is not told, and what was collected in one is told when it closes later",
        [digest(hours=1), send_inbox(title="{{ digest.count }} since {{ payload.n }}")],
        ["1h alice skipped inbox silenced", '3h30m alice sent inbox "2 since 3"'],
        events=[
            hush(silence(hours=3)),
            *(fire({"n": n}, after=timedelta(hours=hours)) for n, hours in ((1, 0), (2, 0.5), (3, 2.5), (4, 2.75))),
        ],
        look=SENT,
    ),
    Scenario(
        "while the cause is active the consequence is not sent, for the same device alone",
        ONE,
        [f"1m {HELD}", f"2m {TOLD}"],
        events=[*inhibited(), down(), story(minutes=1), story("r2", minutes=2)],
        look=SENT,
    ),
    Scenario(
        "a cause that has told everybody is still active",
        ONE,
        [f"50m {HELD}"],
        events=[*inhibited(), down(), story(minutes=50)],
        look=SENT,
    ),
    Scenario(
        "it is over when so much time has passed",
        ONE,
        [f"1h {TOLD}"],
        events=[*inhibited(), down(), story(hours=1)],
        look=SENT,
    ),
    Scenario(
        "it is over when the cause is acknowledged",
        ONE,
        [f"2m {TOLD}"],
        events=[
            *inhibited(),
            down(),
            Event(Act("acknowledge", "alice", "down"), timedelta(minutes=1)),
            story(minutes=2),
        ],
        look=SENT,
    ),
    Scenario(
        "it is over when the cause is cancelled",
        ONE,
        [f"2m {TOLD}"],
        events=[*inhibited(), down(), cancel("down", minutes=1), story(minutes=2)],
        look=SENT,
    ),
    Scenario(
        "it is over when the cause is resolved, and begins again with the next",
        ONE,
        [f"2m {TOLD}", f"4m {HELD}"],
        events=[
            *inhibited(),
            down(),
            up(minutes=1),
            story(minutes=2),
            fire({"device": "r1"}, workflow=DOWN, name="again", after=timedelta(minutes=3)),
            story(minutes=4),
        ],
        look=SENT,
    ),
    Scenario(
        "another device's recovery resolves nothing",
        ONE,
        [f"2m {HELD}"],
        events=[*inhibited(), down(), up("r2", minutes=1), story(minutes=2)],
        look=SENT,
    ),
    Scenario(
        "a number is no text, and what is not there is equal to nothing",
        ONE,
        [f"1m {TOLD}", f"2m {TOLD}", f"3m {TOLD}", f"4m {HELD}"],
        events=[
            *inhibited(),
            down(1),
            nothing_known(),
            story("1", minutes=1),
            story(None, minutes=2),
            story(True, minutes=3),
            story(1.0, minutes=4),
        ],
        look=SENT,
    ),
    Scenario(
        "a cause may be known by a pattern and by its payload",
        ONE,
        [f"1m {HELD}", f"3m {TOLD}"],
        events=[
            *inhibited(workflows=["device.*"], resolved_by=[], when=of_payload("r1"), equal=[], seconds=120),
            down(),
            story("r2", minutes=1),
            fire({"device": "r9"}, workflow=DOWN, name="again", after=timedelta(minutes=2)),
            story("r2", minutes=3),
        ],
        look=SENT,
    ),
    Scenario(
        "what keeps a rule going is not held back by its own kind",
        ONE,
        [f"0s {TOLD}", f"1m {TOLD}"],
        events=[hush(own_rule()), story(), story(minutes=1)],
        look=SENT,
    ),
]
