"""Digests: when each kind of window closes, also when clocks change, and what is in it."""

from datetime import timedelta

from workflows.define import delay, digest, send_email, send_inbox
from workflows.testing import Persona, cancel, fire

from .scenario import AUTUMN, START, Scenario, publish

MAIL = send_email(title="{{ digest.count }}: {% for item in digest.items %}{{ item.payload.n }}{% endfor %}")
BERLIN = Persona("alice", zone="Europe/Berlin")
TOKYO = Persona("bob", zone="Asia/Tokyo")
SENT = ("sent",)


def numbered(*after: timedelta, **given: object) -> list[object]:
    """A trigger at each of these times, with its number as payload."""
    return [fire({"n": n, **given}, after=when) for n, when in enumerate(after, start=1)]


def hours(*after: float) -> list[object]:
    return numbered(*(timedelta(hours=one) for one in after))


SCENARIOS = [
    Scenario(
        "a fixed window closes so long after its first event, with all of them in order",
        [digest(hours=2), MAIL],
        ['2h alice sent email "3: 123"'],
        events=hours(0, 1, 1.5),
        look=SENT,
    ),
    Scenario(
        "what comes after it closed opens the next",
        [digest(hours=2), MAIL],
        ['2h alice sent email "1: 1"', '5h alice sent email "1: 2"'],
        events=hours(0, 3),
        look=SENT,
    ),
    Scenario(
        "a sliding window waits for a pause",
        [digest(hours=1, slides_up_to=timedelta(hours=6)), MAIL],
        ['2h15m alice sent email "3: 123"'],
        events=hours(0, 0.5, 1.25),
        look=SENT,
    ),
    Scenario(
        "a sliding window ends at its latest, whatever still comes",
        [digest(hours=1, slides_up_to=timedelta(hours=2)), MAIL],
        ['2h alice sent email "4: 1234"', '3h15m alice sent email "1: 5"'],
        events=hours(0, 0.75, 1.25, 1.75, 2.25),
        look=SENT,
    ),
    Scenario(
        "with a number it closes as soon as it holds so many",
        [digest(hours=9, most=3), MAIL],
        ['2h alice sent email "3: 123"', '12h alice sent email "1: 4"'],
        events=hours(0, 1, 2, 3),
        look=SENT,
    ),
    Scenario(
        "with a leading edge the first goes on at once and the rest together",
        [digest(hours=2, leading=True), MAIL],
        ['0s alice sent email "1: 1"', '2h alice sent email "2: 23"'],
        events=hours(0, 1, 1.5),
        look=SENT,
    ),
    Scenario(
        "with a leading edge that nothing follows, nothing more is told",
        [digest(hours=2, leading=True), MAIL],
        ['0s alice sent email "1: 1"', '5h alice sent email "1: 2"'],
        events=hours(0, 5),
        look=SENT,
    ),
    Scenario(
        "a time of the day is that of each person",
        [digest(at="09:00"), MAIL],
        ['15h bob sent email "1: 1"', '23h alice sent email "1: 1"'],
        people=[BERLIN, TOKYO],
        events=hours(0),
        look=SENT,
    ),
    Scenario(
        "on the day when clocks go forward, nine o'clock comes an hour sooner",
        [digest(at="09:00"), MAIL],
        ['1d22h alice sent email "1: 1"'],
        people=[BERLIN],
        events=hours(23.5),
        look=SENT,
    ),
    Scenario(
        "a time that the clock leaves out is the jump itself",
        [digest(at="02:30"), MAIL],
        ['1d16h alice sent email "1: 1"'],
        people=[BERLIN],
        events=hours(20),
        look=SENT,
    ),
    Scenario(
        "on the day when clocks go back, nine o'clock comes an hour later",
        [digest(at="09:00"), MAIL],
        ['1d23h alice sent email "1: 1"'],
        people=[BERLIN],
        events=hours(23.5),
        look=SENT,
        start=AUTUMN,
    ),
    Scenario(
        "of a time that the clock shows twice the first counts",
        [digest(at="02:30"), MAIL],
        ['1d15h30m alice sent email "1: 1"', '2d16h30m alice sent email "1: 2"'],
        people=[BERLIN],
        events=hours(20, 40),
        look=SENT,
        start=AUTUMN,
    ),
    *(
        Scenario(
            f"{name} is as long as ever in the night in which clocks {change}",
            [step, MAIL],
            expect,
            people=[BERLIN],
            events=hours(39.5, 40.25, 40.75),
            look=SENT,
            start=start,
        )
        for change, start in (("go forward", START), ("go back", AUTUMN))
        for name, step, expect in (
            ("a fixed window", digest(hours=2), ['1d17h30m alice sent email "3: 123"']),
            (
                "a sliding window",
                digest(hours=1, slides_up_to=timedelta(hours=6)),
                ['1d17h45m alice sent email "3: 123"'],
            ),
            (
                "one with a number",
                digest(hours=2, most=2),
                ['1d16h15m alice sent email "2: 12"', '1d18h45m alice sent email "1: 3"'],
            ),
            (
                "one with a leading edge",
                digest(hours=2, leading=True),
                ['1d15h30m alice sent email "1: 1"', '1d17h30m alice sent email "2: 23"'],
            ),
        )
    ),
    Scenario(
        "on some days of the week it waits for the next of them",
        [digest(at="09:00", on=["mon"]), MAIL],
        ['2d22h alice sent email "2: 12"'],
        people=[BERLIN],
        events=hours(0, 30),
        look=SENT,
    ),
    Scenario(
        "each value of the key has a digest of its own",
        [digest(hours=1, key="payload.project"), send_email(title="{{ payload.project }} {{ digest.count }}")],
        ['1h alice sent email "x 2"', '1h30m alice sent email "y 1"'],
        events=[
            fire({"project": "x"}),
            fire({"project": "y"}, after=timedelta(minutes=30)),
            fire({"project": "x"}, after=timedelta(minutes=45)),
        ],
        look=SENT,
    ),
    Scenario(
        "two digests follow each other, and the second has every event of the first",
        [digest(hours=1), digest(hours=4), MAIL],
        ['5h alice sent email "3: 123"'],
        events=hours(0, 0.5, 2),
        look=SENT,
    ),
    Scenario(
        "a cancelled event is in none",
        [digest(hours=2), MAIL],
        ['2h alice sent email "2: 13"'],
        events=[*hours(0, 1, 1.5), cancel("run-2", minutes=100)],
        look=SENT,
    ),
    Scenario(
        "a digest whose events were all cancelled tells nothing",
        [digest(hours=2), MAIL],
        [],
        events=[*hours(0), cancel(hours=1)],
        look=SENT,
    ),
    Scenario(
        "a digest goes on by the version that opened it",
        [digest(hours=2), MAIL],
        ['2h alice sent email "1: 1"', '3h alice sent inbox "New"'],
        events=[*hours(0), publish(send_inbox(title="New"), hours=1), fire({"n": 2}, after=timedelta(hours=3))],
        look=SENT,
    ),
    Scenario(
        "behind it people walk on as behind any step",
        [digest(hours=1), MAIL, delay(days=1), send_inbox(title="Later")],
        ['1h alice sent email "1: 1"', '1d1h alice sent inbox "Later"'],
        events=hours(0),
        look=SENT,
    ),
]
