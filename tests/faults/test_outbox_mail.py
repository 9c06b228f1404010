"""Mail servers that refuse, hang up in the middle, and take a letter without a word; and senders that die."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from channels_delivery.models import Channel
from channels_delivery.outbox import Way
from tests.channels_delivery.mail.letters import PARTS
from tests.channels_delivery.mail_server import DROP, MailServer

from .hands import SHORT
from .outbox_rig import Rig, let_leases_end, open_lanes, rows
from .rig import chance, rounds, wait_for

pytestmark = [pytest.mark.postgres, pytest.mark.faults]


@pytest.fixture
def server(rig: Rig) -> Iterator[MailServer]:
    with MailServer() as listening:
        rig.allow(listening.origin)
        yield listening


def post(rig: Rig, server: MailServer, *people: str) -> None:
    tenant = rig.tenant()
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "from": "news@acme.example"}
    channel = Channel.objects.create(tenant=tenant, kind="email", name="mail", settings=given)
    for number, person in enumerate(people):
        rig.mail(tenant, person, parts=PARTS, channel=channel.pk, way=Way(f"mail{number % 3}"))


def message_ids(server: MailServer) -> dict[str, Counter[str]]:
    """How often which Message-ID was taken, by recipient."""
    found: dict[str, Counter[str]] = {}
    for letter, one in zip(server.got, server.ids, strict=True):
        [person] = letter.rcpt_tos
        found.setdefault(person, Counter())[one] += 1
    return found


@pytest.mark.parametrize("point", ["after_send", "before_settle"])
def test_a_letter_whose_sender_died_is_sent_again_with_the_same_message_id(
    rig: Rig, server: MailServer, point: str
) -> None:
    post(rig, server, "bob@acme.example")
    with rig.hands(1, crash_at=point) as [fated]:
        wait_for(lambda: not fated.alive)
    let_leases_end()

    with rig.hands(1):
        rig.wait_until_settled()

    assert rig.reckon().states == {"accepted": 1}
    assert list(message_ids(server)["bob@acme.example"].values()) == [2]


def test_each_recipient_fares_alone_whatever_the_server_says_and_whoever_dies(rig: Rig, server: MailServer) -> None:
    people = [f"p{number}@acme.example" for number in range(rounds(few=30, soak=300))]
    troubles: list[Any] = [("rcpt", "451 4.2.1 not now"), ("content", DROP), ("mail", "421 4.3.2 closing")]
    with chance("mail") as moments:
        refused = set(moments.sample(people, 5))
        for person in people:
            if person in refused:
                server.always_says("rcpt", "550 5.7.1 never", about=person)
            elif trouble := moments.choice([*troubles, *[None] * 7]):
                server.says(trouble[0], trouble[1], about=person if trouble[0] == "rcpt" else "")
        post(rig, server, *people)
        for _ in range(rounds(few=1, soak=5)):
            so_far = len(server.got)
            with rig.hands(1, lease=SHORT) as crew:
                wait_for(lambda so_far=so_far: opened() and len(server.got) > so_far)
                rig.kill(crew)
        with rig.hands(2, lease=SHORT):
            rig.wait_in_spite_of_breakers()

    rig.reckon()
    states = dict(rows().values_list("address", "state"))
    assert {person for person, state in states.items() if state == "failed"} == refused
    assert {state for person, state in states.items() if person not in refused} == {"accepted"}
    taken = message_ids(server)
    assert taken.keys() == set(people) - refused
    assert all(len(ids) == 1 for ids in taken.values()), "every try has the Message-ID of the first"


def opened() -> bool:
    open_lanes()
    return True
