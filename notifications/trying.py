"""Trying out what reaches oneself: a test message to one person on some channels, and what became of it.

The inbox is ours; an app above adds how its kinds are tested. Two tests of a channel within half a minute are one, so
that whoever presses twice gets one message.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext as _

from . import inbox, routing
from .content import Content
from .kinds import INBOX, Kind
from .models import InboxItem, Recipient

TEST = "channel.test"
"""The key that a test has in place of a workflow's."""
APART = 30
"""Seconds within which two tests are one."""
_NAMES = UUID("0c6f1f2e-4b0e-5a52-9a30-6f0a4c1d7e21")

State = Literal["arrived", "accepted", "under_way", "failed", "not_possible"]


@dataclass(frozen=True)
class Tried:
    """What became of a test on one channel. `code` of what failed, or is not possible; `text`: a sentence to its
    person, which says what to do."""

    channel: str
    state: State
    text: str
    code: str = ""


class Tester(Protocol):
    """How an app above tests its kinds. Statements do not grow with devices or messages."""

    def obstacles(self, person: Recipient, asked: Sequence[Kind]) -> Mapping[str, Tried]:
        """Why some of these kinds do not reach this person."""
        ...

    def send(self, person: Recipient, asked: Sequence[Kind], *, test: UUID, now: datetime) -> None:
        """Send one on each, once for a `test`."""
        ...

    def became(self, person: Recipient, *, test: UUID) -> Mapping[str, Tried]:
        """What became of those of this test, by kind."""
        ...


_testers: list[Tester] = []


def add_tester(tester: Tester) -> None:
    """Called from `AppConfig.ready()`."""
    _testers.append(tester)


def channels_of(person: Recipient) -> dict[str, Tried | None]:
    """Every channel to people, with what keeps it from this person, if anything does."""
    asked = routing.offered_to(person)
    found = {key: told for one in _testers for key, told in one.obstacles(person, asked).items()}
    return {kind.key: found.get(kind.key) for kind in asked}


def send(person: Recipient, channels: Collection[str], *, now: datetime) -> UUID:
    """Send a test to this person on those of these channels that reach them, before everything else that waits, and
    whatever they have switched off; the name of the test, by which to ask for what became of it."""
    test = uuid5(_NAMES, f"{person.tenant_id} {person.pk} {int(now.timestamp()) // APART}")
    able = {key for key, obstacle in channels_of(person).items() if obstacle is None}
    asked = [kind for kind in routing.offered_to(person) if kind.key in able and kind.key in channels]
    with transaction.atomic():
        Recipient.objects.filter(tenant=person.tenant_id).select_for_update(no_key=True).get(pk=person.pk)
        if INBOX in asked and not _in_inbox(person, test):
            content = Content(title=_("Test of your inbox"), body=hello(), level="success", thread=TEST)
            inbox.post([inbox.Post(person.tenant_id, TEST, content, [person.pk], origin=test)], now=now)
        for one in _testers:
            one.send(person, [kind for kind in asked if kind != INBOX], test=test, now=now)
    return test


def became(person: Recipient, test: UUID) -> dict[str, Tried]:
    """What became of each message of this test, by channel; nothing of a test that was not theirs."""
    found = {key: told for one in _testers for key, told in one.became(person, test=test).items()}
    if _in_inbox(person, test):
        found[INBOX.key] = Tried(INBOX.key, "arrived", _("It is in your inbox."))
    return found


def hello() -> str:
    """What a test says."""
    return _("You asked for this on your settings page. It has arrived, so nothing is to be done.")


def _in_inbox(person: Recipient, test: UUID) -> bool:
    return InboxItem.objects.filter(recipient=person, notification__origin=test).exists()
