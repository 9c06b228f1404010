"""Changing what a person wants: one verb, whoever asks. It checks, writes, keeps the history, and has what is held for
them decided again, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from notifications.models import Recipient

from . import holding
from .checking import check
from .models import Change, Choice, Habits, Via
from .personal import TIMES, Preferences, Wish, differences, preferences_of


@dataclass(frozen=True)
class By:
    """Who changes it, and from where: `address` is that of their request."""

    name: str
    via: Via
    address: str | None = None


class Outdated(Exception):
    """Somebody else changed it since it was read: read it again, and decide anew."""

    status = 412
    code = "outdated"
    title = "Precondition Failed"
    detail = "These preferences were changed elsewhere since you read them. Read them again, then repeat your change."


def change(
    person: Recipient,
    said: Mapping[str, Any],
    *,
    by: By,
    now: datetime,
    matching: str | None = None,
    replacing: bool = False,
) -> Preferences:
    """Have these fields of `Preferences` be as said, and answer what holds then; `replacing`: and all others empty.

    `choices` are in the shape of their JSON; of a person's other choices each stays, unless `replacing`. `matching` is
    the ETag that the change was made on. Raises Outdated if it is another now, ValidationError by field; then nothing
    was written.
    """
    with transaction.atomic():
        locked = Recipient.objects.filter(tenant=person.tenant_id).select_for_update(no_key=True).get(pk=person.pk)
        before = preferences_of(locked)
        if matching is not None and matching != before.etag():
            raise Outdated
        check(said, person=locked, before=before, now=now)
        after = (Preferences() if replacing else before).edited(said)
        different = differences(before, after)
        if different:
            _write(locked, before, after)
            Change.objects.create(
                tenant_id=person.tenant_id,
                recipient=locked,
                at=now,
                by=by.name[:200],
                via=by.via,
                address=by.address,
                said=different,
            )
            holding.look_again([person.pk], now=now)
    person.zone = after.zone
    return after


def choose(person: Recipient, *choices: Wish, by: By, now: datetime) -> Preferences:
    """Say yes or no to these widths, and leave the rest."""
    return change(person, {"choices": [wish.to_json() for wish in choices]}, by=by, now=now)


def _write(person: Recipient, before: Preferences, after: Preferences) -> None:
    if after.zone != before.zone:
        Recipient.objects.filter(tenant=person.tenant_id, pk=person.pk).update(zone=after.zone)
    times = {name: getattr(after, name) for name in TIMES}
    if times != {name: getattr(before, name) for name in TIMES}:
        Habits.objects.update_or_create(tenant_id=person.tenant_id, recipient=person, defaults=times)
    _write_choices(person, before.choices, after.choices)


def _write_choices(person: Recipient, before: Sequence[Wish], after: Sequence[Wish]) -> None:
    stays = set(before) & set(after)
    gone = {wish.named for wish in before if wish not in stays}
    mine = Choice.objects.filter(tenant=person.tenant_id, recipient=person)
    if gone:
        rows = mine.values_list("pk", "workflow", "category", "kind")
        mine.filter(pk__in=[pk for pk, *named in rows if tuple(named) in gone]).delete()
    Choice.objects.bulk_create(
        Choice(
            tenant_id=person.tenant_id,
            recipient=person,
            workflow=wish.workflow,
            category=wish.category,
            kind=wish.channel,
            wanted=wish.wanted,
        )
        for wish in after
        if wish not in stays
    )
