"""Who is meant and who is left out: conditions of subscriptions, objects that are followed or muted, mere addresses."""

from datetime import timedelta

from workflows.define import delay, digest, escalate, level, send_email, send_inbox
from workflows.testing import Persona, fire

from .scenario import Scenario

DOC = {"type": "document", "id": "17"}
NOTE = {"type": "note", "id": "3"}
MAIL, BOTH = [send_email(title="Mail")], [send_inbox(title="Item"), send_email(title="Mail")]
LATE = {">": [{"var": "payload.days"}, 10]}
ADMINS = {"==": [{"var": "recipient.role"}, "admin"]}
TO_X = [{"topic": "x"}]
FOLLOWERS = [{"followers": True}]
COLLECTED = "{{ digest.count }}: {{ digest.items | map: 'payload' | map: 'n' | join: ' ' }}"
HOURLY = [digest(hours=1), send_email(title=COLLECTED)]


def about(target: object, *, minutes: float = 0, n: int = 0) -> object:
    return fire({"n": n}, target=target, after=timedelta(minutes=minutes))


SCENARIOS = [
    Scenario(
        "a subscription's condition keeps one out and lets the other in",
        MAIL,
        ["0s a ended subscription_condition", '0s b sent email "Mail"'],
        people=(Persona("a", conditions={"x": LATE}), Persona("b", topics=["x"])),
        events=[fire({"days": 3}, recipients=TO_X)],
    ),
    Scenario(
        "a condition that is true is no hindrance",
        MAIL,
        ['0s a sent email "Mail"'],
        people=(Persona("a", conditions={"x": LATE}),),
        events=[fire({"days": 11}, recipients=TO_X)],
    ),
    Scenario(
        "a condition may look at who follows",
        MAIL,
        ['0s a sent email "Mail"', "0s b ended subscription_condition"],
        people=(Persona("a", role="admin", conditions={"x": ADMINS}), Persona("b", conditions={"x": ADMINS})),
        events=[fire(recipients=TO_X)],
    ),
    Scenario(
        "who is matched in another way too is told, whatever their condition says",
        MAIL,
        ['0s a sent email "Mail"', '0s b sent email "Mail"', '0s c sent email "Mail"'],
        people=(
            Persona("a", conditions={"x": False}),
            Persona("b", conditions={"x": False}, topics=["y"]),
            Persona("c", conditions={"x": False}, role="owner"),
        ),
        events=[fire(recipients=[*TO_X, {"topic": "y"}, {"user": "a"}, {"role": "owner"}])],
    ),
    Scenario(
        "of two conditions one that is true is enough",
        MAIL,
        ['0s a sent email "Mail"'],
        people=(Persona("a", conditions={"x": False, "y": LATE}),),
        events=[fire({"days": 11}, recipients=[*TO_X, {"topic": "y"}])],
    ),
    Scenario(
        "a level calls in only those whose subscription says so",
        [escalate(level(send_email(title="Down"), to=TO_X, minutes=5))],
        ["0s a ended subscription_condition", '0s b sent email "Down"'],
        people=(Persona("a", conditions={"x": LATE}), Persona("b", conditions={"x": {"not": LATE}}), "c"),
        events=[fire({"days": 3}, recipients=[{"user": "c"}])],
    ),
    Scenario(
        "who follows an object is told, and nobody else",
        MAIL,
        ['0s a sent email "Mail"'],
        people=(Persona("a", follows=[DOC]), Persona("b", follows=[NOTE]), Persona("c", mutes=[DOC]), "d"),
        events=[fire(target=DOC, recipients=FOLLOWERS)],
    ),
    Scenario(
        "who has muted an object hears nothing of it",
        BOTH,
        ["0s a skipped inbox muted", "0s a skipped email muted"],
        people=(Persona("a", mutes=[DOC]),),
        events=[fire(target=DOC)],
    ),
    Scenario(
        "but of others they do",
        MAIL,
        ['0s a sent email "Mail"'],
        people=(Persona("a", mutes=[DOC]),),
        events=[fire(target=NOTE)],
    ),
    Scenario(
        "what is critical passes a mute",
        MAIL,
        ['0s a sent email "Mail"'],
        people=(Persona("a", mutes=[DOC]),),
        events=[fire(target=DOC)],
        given={"critical": True},
    ),
    Scenario(
        "an important level passes a mute",
        [escalate(level(send_email(title="Down"), minutes=5, important=True))],
        ['0s a sent email "Down"'],
        people=(Persona("a", mutes=[DOC]),),
        events=[fire(target=DOC)],
        look=("sent",),
    ),
    Scenario(
        "a digest leaves out what its person has muted",
        HOURLY,
        ['1h a sent email "1: 2"', "1h a noted email partly_left_out", '1h b sent email "2: 1 2"'],
        people=(Persona("a", mutes=[DOC]), "b"),
        events=[about(DOC, n=1), about(NOTE, n=2, minutes=1)],
        look=("sent", "noted"),
    ),
    Scenario(
        "and a digest of nothing else is not sent",
        HOURLY,
        ["1h a skipped email muted", '1h b sent email "1: 1"'],
        people=(Persona("a", mutes=[DOC]), "b"),
        events=[about(DOC, n=1)],
        look=("sent", "skipped"),
    ),
    Scenario(
        "who may not see an object is told nothing about it",
        BOTH,
        [
            "0s a skipped inbox not_visible",
            "0s a skipped email not_visible",
            '0s b sent inbox "Item"',
            '0s b sent email "Mail"',
        ],
        people=(Persona("a", cannot_see=[DOC]), "b"),
        events=[fire(target=DOC)],
    ),
    Scenario(
        "not even by what is critical",
        MAIL,
        ["0s a skipped email not_visible"],
        people=(Persona("a", cannot_see=[DOC]),),
        events=[fire(target=DOC)],
        given={"critical": True},
    ),
    Scenario(
        "a digest leaves out what its person may not see",
        HOURLY,
        ['1h a sent email "1: 2"', "1h a noted email partly_left_out"],
        people=(Persona("a", cannot_see=[DOC]),),
        events=[about(DOC, n=1), about(NOTE, n=2, minutes=1)],
        look=("sent", "noted"),
    ),
    Scenario(
        "an address is told by mail and by nothing else",
        BOTH,
        ["0s x@example.org skipped inbox no_address", '0s x@example.org sent email "Mail"'],
        events=[fire(recipients=[{"email": "x@example.org"}])],
    ),
    Scenario(
        "an address has a name for the texts",
        [send_email(title="Dear {{ recipient.name }}")],
        ['0s x@example.org sent email "Dear Xenia"'],
        events=[fire(recipients=[{"email": "x@example.org", "name": "Xenia"}])],
    ),
    Scenario(
        "an address that a person has is that person, once",
        MAIL,
        ['0s a sent email "Mail"'],
        people=(Persona("a", email="Ana@Example.org"),),
        events=[fire(recipients=[{"user": "a"}, {"email": "ana@example.org"}, {"email": "ANA@example.org"}])],
    ),
    Scenario(
        "an address waits and is told by the steps of its own walk",
        [delay(hours=1), *MAIL],
        ['1h x@example.org sent email "Mail"'],
        events=[fire(recipients=[{"email": "x@example.org"}])],
    ),
]  # fmt: skip
