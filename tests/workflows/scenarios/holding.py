"""What is held: until when, what it becomes, and why it may come to nothing. The story starts on a Friday at 09:00 UTC.

Releases are spread over two minutes, so times are told by five.
"""

from datetime import datetime, timedelta
from typing import Any

from workflows.define import condition, delay, send_email, send_inbox
from workflows.testing import Persona, cancel, fire, read, want

from .scenario import START, Scenario

MAIL = [send_email(title="{{ payload.n | default: 'Mail' }}")]
BOTH = [send_inbox(title="Item"), send_email(title="Mail", skip_if_read=True)]
NIGHT = [{"start": "22:00", "end": "07:00"}]
THREE_PM = START + timedelta(hours=6)
GIVEN: dict[str, Any] = {"look": ("held", "sent", "skipped"), "grain": timedelta(minutes=5)}


def someone(name: str = "a", *, zone: str = "", **habits: Any) -> Persona:
    return Persona(name, zone=zone, habits=habits)


def sleeper(name: str = "a", **given: Any) -> Persona:
    return someone(name, quiet_hours=NIGHT, **given)


def snoozer(until: datetime = THREE_PM, name: str = "a") -> Persona:
    return someone(name, snooze_until=until)


def numbered(*hours: float) -> list[Any]:
    return [fire({"n": f"M{n}"}, after=timedelta(hours=one)) for n, one in enumerate(hours, start=1)]


def wants(person: str, *, hours: float, **said: Any) -> Any:
    return want(person, after=timedelta(hours=hours), **said)


SCENARIOS = [
    Scenario(
        "what comes in quiet hours is mailed after them, and the item is there at once",
        BOTH,
        ['14h a sent inbox "Item"', "14h a held email quiet_hours until 22h", '22h a sent email "Mail"'],
        people=[sleeper()],
        events=[fire(after=timedelta(hours=14))],
        **GIVEN,
    ),
    Scenario(
        "quiet hours end by each person's clock, also where clocks change in that night",
        MAIL,
        [
            "1d13h ana held email quiet_hours until 1d20h",
            "1d13h kai held email quiet_hours until 1d21h30m",
            '1d20h ana sent email "Mail"',
            '1d21h30m kai sent email "Mail"',
        ],
        people=[
            sleeper("ana", zone="Europe/Berlin"),
            someone("kai", zone="Asia/Kolkata", quiet_hours=[{"start": "03:00", "end": "12:00"}]),
        ],
        events=[fire(after=timedelta(hours=37))],
        **GIVEN,
    ),
    Scenario(
        "several of one channel are one summary, which says how many and what",
        MAIL,
        [
            "1h a held email snoozed until 6h",
            "2h a held email snoozed until 6h",
            "3h a held email snoozed until 6h",
            '6h a sent email "3 messages waited for you: M1"',
        ],
        people=[snoozer()],
        events=numbered(1, 2, 3),
        **GIVEN,
    ),
    Scenario(
        "who wants them one by one gets them one by one",
        MAIL,
        ['6h a sent email "M1"', '6h a sent email "M2"'],
        people=[someone(snooze_until=THREE_PM, summaries=False)],
        events=numbered(1, 2),
        **{**GIVEN, "look": ("sent",)},
    ),
    Scenario(
        "a daily digest of everything is one mail at the person's hour",
        MAIL,
        ['23h a sent email "2 messages waited for you: M1"', '1d23h a sent email "M3"'],
        people=[someone(frequencies={"": "daily"}, digest_at="08:00")],
        events=numbered(1, 2, 25),
        **{**GIVEN, "look": ("sent",)},
    ),
    Scenario(
        "what is cancelled while it is held is never sent, and the rest is",
        MAIL,
        ['3h a skipped email cancelled "M1"', '6h a sent email "M2"'],
        people=[snoozer()],
        events=[*numbered(1, 2), cancel(hours=3)],
        **{**GIVEN, "look": ("sent", "skipped")},
    ),
    Scenario(
        "what would be of no use after the hold is not held",
        [send_email(title="Mail", expires_after=timedelta(hours=2))],
        ["0s a skipped email expires_in_snooze"],
        people=[snoozer()],
        **GIVEN,
    ),
    Scenario(
        "what expires because the hold grew is dropped then",
        [send_email(title="Mail", expires_after=timedelta(hours=7))],
        ["0s a held email snoozed until 6h", '1h a skipped email expires_in_snooze "Mail"'],
        people=[snoozer()],
        events=[fire(), wants("a", hours=1, snooze_until=THREE_PM + timedelta(days=1))],
        **GIVEN,
    ),
    Scenario(
        "who has read it meanwhile is not mailed where the step says so",
        BOTH,
        [
            "0s a held email snoozed until 6h",
            "0s b held email snoozed until 6h",
            '6h a skipped email read "Mail"',
            '6h b sent email "Mail"',
        ],
        people=[snoozer(), snoozer(name="b")],
        events=[fire(), read("a", hours=2)],
        channel="email",
        **GIVEN,
    ),
    Scenario(
        "a channel that is switched off while something is held drops it at once",
        MAIL,
        ["0s a held email snoozed until 6h", '2h a skipped email off_by_channel "Mail"'],
        people=[snoozer()],
        events=[fire(), wants("a", hours=2, choices=[{"channel": "email", "wanted": False}])],
        **GIVEN,
    ),
    Scenario(
        "a snooze that is ended early lets go at once",
        MAIL,
        ["0s a held email snoozed until 6h", '2h a sent email "Mail"'],
        people=[snoozer()],
        events=[fire(), wants("a", hours=2, snooze_until=None)],
        **GIVEN,
    ),
    Scenario(
        "what is due in the next quiet hours is held on to their end",
        MAIL,
        ["0s a held email snoozed until 6h", '22h a sent email "Mail"'],
        people=[snoozer()],
        events=[fire(), wants("a", hours=1, quiet_hours=[{"start": "14:00", "end": "07:00"}])],
        **GIVEN,
    ),
    Scenario(
        "a change of zone moves the end of the night",
        MAIL,
        ["14h a held email quiet_hours until 22h", '18h a sent email "Mail"'],
        people=[sleeper()],
        events=[fire(after=timedelta(hours=14)), wants("a", hours=15, zone="Asia/Dubai")],
        **GIVEN,
    ),
    Scenario(
        "nothing is held for longer than eight days, however often the snooze is put off",
        MAIL,
        ["0s a held email snoozed until 7d", '8d a sent email "Mail"'],
        people=[snoozer(START + timedelta(days=7))],
        events=[fire(), wants("a", hours=96, snooze_until=START + timedelta(days=11))],
        **GIVEN,
    ),
    Scenario(
        "what is critical is not held",
        MAIL,
        ['0s a sent email "Mail"'],
        people=[snoozer()],
        given={"critical": True},
        **GIVEN,
    ),
    Scenario(
        "the person walks on, and what is held counts as sent for later steps",
        [
            send_email(title="Mail", name="mail"),
            delay(hours=1),
            condition({"var": "steps.mail.sent"}, then=[send_inbox(title="Sent")], otherwise=[send_inbox(title="Not")]),
        ],
        ["0s a held email snoozed until 6h", '1h a sent inbox "Sent"', '6h a sent email "Mail"'],
        people=[snoozer()],
        **GIVEN,
    ),
]
