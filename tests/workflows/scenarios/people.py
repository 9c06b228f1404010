"""People: who reads, who said no, who has no address, who shares one, who is told by which name."""

from datetime import timedelta

from workflows.define import delay, send_email, send_inbox
from workflows.testing import Persona, Wish, act, fire, read

from .scenario import Scenario, off

CASCADE = [
    send_inbox(title="One"),
    delay(minutes=10),
    send_email(title="Two", skip_if_read=True),
    delay(hours=1),
    send_email(title="Three", skip_if_read=True),
]
WHO = "{{ recipient.name }} {{ recipient.locale }} {{ recipient.zone }} {{ recipient.attributes.plan }}"
MAIL, BOTH = [send_email(title="Mail")], [send_inbox(title="Item"), send_email(title="Mail")]

SCENARIOS = [
    Scenario(
        "a cascade stops for each at the time at which they read",
        CASCADE,
        [
            '0s a sent inbox "One"',
            '0s b sent inbox "One"',
            '0s c sent inbox "One"',
            "10m a skipped email read",
            '10m b sent email "Two"',
            '10m c sent email "Two"',
            "1h10m a skipped email read",
            "1h10m b skipped email read",
            '1h10m c sent email "Three"',
        ],
        people=("a", "b", "c"),
        events=[fire(), read("a", minutes=1), read("b", minutes=30)],
        look=("skipped", "sent"),
    ),
    Scenario(
        "to have seen it is not to have read it",
        CASCADE,
        ['0s a sent inbox "One"', '10m a sent email "Two"', '1h10m a sent email "Three"'],
        people=("a",),
        events=[fire(), act("seen", "a", minutes=1)],
        look=("sent",),
    ),
    Scenario(
        "to archive it is to have dealt with it",
        CASCADE,
        ["10m a skipped email read", "1h10m a skipped email read"],
        people=("a",),
        events=[fire(), act("archive", "a", minutes=1)],
        look=("skipped",),
    ),
    Scenario(
        "to read one run's item is not to have read the other's",
        CASCADE[:3],
        ["10m a skipped email read", '15m a sent email "Two"'],
        people=("a",),
        events=[fire(), read("a", minutes=1), fire(after=timedelta(minutes=5))],
        look=("sent", "skipped"),
        channel="email",
    ),
    Scenario(
        "one channel off leaves the other",
        BOTH,
        ['0s a sent inbox "Item"', "0s a skipped email off_by_channel"],
        people=(off("a", channel="email"),),
    ),
    Scenario(
        "everything off is everything off",
        BOTH,
        ["0s a skipped inbox off_by_everything", "0s a skipped email off_by_everything"],
        people=(off("a"),),
    ),
    Scenario(
        "this workflow off",
        MAIL,
        ["0s a skipped email off_by_workflow"],
        people=(off("a", workflow="story"),),
    ),
    Scenario(
        "a narrow yes beats a wide no",
        BOTH,
        ["0s a skipped inbox off_by_everything", '0s a sent email "Mail"'],
        people=(Persona("a", wishes=[Wish(), Wish(workflow="story", channel="email", wanted=True)]),),
    ),
    Scenario(
        "its category off",
        MAIL,
        ["0s a skipped email off_by_category"],
        people=(off("a", category="billing"),),
        given={"category": "billing"},
    ),
    Scenario(
        "what is critical passes what people switched off",
        MAIL,
        ['0s a sent email "Mail"'],
        people=(off("a"),),
        given={"critical": True},
    ),
    Scenario(
        "nobody without an address gets mail",
        BOTH,
        ['0s a sent inbox "Item"', "0s a skipped email no_address"],
        people=(Persona("a", email=""),),
    ),
    Scenario(
        "two people with one address get a mail each",
        MAIL,
        ['0s a sent email "Mail"', '0s b sent email "Mail"'],
        people=(Persona("a", email="both@example.com"), Persona("b", email="both@example.com")),
    ),
    Scenario(
        "each is told by their own name, language and zone",
        [send_inbox(title=WHO)],
        ['0s a sent inbox "Ana pt Europe/Lisbon gold"', '0s b sent inbox "Ben ja Asia/Tokyo"'],
        people=(
            Persona("a", name="Ana", locale="pt", zone="Europe/Lisbon", attributes={"plan": "gold"}),
            Persona("b", name="Ben", locale="ja", zone="Asia/Tokyo"),
        ),
        look=("sent",),
    ),
    Scenario(
        "whoever did it is left out",
        MAIL,
        ['0s b sent email "Mail"'],
        people=("a", "b"),
        events=[fire(actor={"user": "a"})],
    ),
    Scenario(
        "unless they are to know as well",
        MAIL,
        ['0s a sent email "Mail"', '0s b sent email "Mail"'],
        people=("a", "b"),
        events=[fire(actor={"user": "a"}, include_actor=True)],
    ),
    Scenario(
        "one who is matched three ways is told once",
        MAIL,
        ['0s a sent email "Mail"', '0s b sent email "Mail"'],
        people=(Persona("a", topics=["x", "y"], role="admin"), Persona("b", topics=["y"]), "c"),
        events=[fire(recipients=[{"topic": "x"}, {"topic": "y"}, {"role": "admin"}, {"user": "a"}])],
    ),
    Scenario(
        "a text that fails costs its words and not the notice",
        [send_inbox(title="{{ payload.n | divided_by: 0 }}")],
        ['0s a sent inbox "Story"', "0s a noted inbox template_failed"],
        people=("a",),
        look=("sent", "noted"),
    ),
]  # fmt: skip
