"""What somebody with an unsubscribe link can do: turn off what it speaks of or all of its channel, turn it on again,
and undo. Everything goes through the one verb that changes preferences, so what is held is looked at again and the
history says that it was a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.db.models import Q

from notifications.models import NoticeType, Recipient

from ..changing import By, change
from ..conf import conf
from ..models import Change, Via
from ..personal import Preferences, Wish, preferences_of
from ..precedence import Named, whether
from ..reading import said_about
from ..verdict import Send, Subject
from .scope import Scope

HOUR = timedelta(hours=1)
_UNDO = "notifyhub.unsubscribe.undo"

Before = tuple[str, str, str, bool | None]
"""Workflow, category and channel of a choice, and what it said; None for nothing."""


@dataclass(frozen=True)
class TooMany(Exception):
    """The links of this person have made as many changes as they may in an hour."""

    seconds: int = int(HOUR.total_seconds())


def person_of(scope: Scope) -> Recipient | None:
    """Whom it is about, with their tenant; None when they or their tenant are not here any more."""
    people = Recipient.objects.filter(tenant=scope.tenant_id, pk=scope.recipient, active=True, tenant__active=True)
    return people.select_related("tenant").first()


def turn_off(person: Recipient, named: Named, *, by: By, now: datetime) -> list[Before]:
    """No more of it, not even of what the person has said yes to more narrowly; what was said before, to undo it.
    Doing it again changes nothing. Raises TooMany."""
    with transaction.atomic():
        before = _locked(person)
        wanted_no_more = {named, *_narrower(person, before, named)}
        return _change(person, before, [Wish(*one, wanted=False) for one in sorted(wanted_no_more)], by=by, now=now)


def turn_on(person: Recipient, named: Named, *, by: By, now: datetime) -> list[Before]:
    """As if nothing had been said of it; where it would still be off, a yes. Raises TooMany."""
    with transaction.atomic():
        before = _locked(person)
        if _is_on_without(person, named):
            return _take_back(person, before, named, by=by, now=now)
        return _change(person, before, [Wish(*named, wanted=True)], by=by, now=now)


def undo(person: Recipient, said: Sequence[Before], *, by: By, now: datetime) -> None:
    """Have it be as it was before. Raises TooMany."""
    with transaction.atomic():
        _check_pace(person, now)
        change(person, {"choices": [_as_choice(*one) for one in said]}, by=by, now=now)


def undo_token(token: str, said: Sequence[Before]) -> str:
    """What somebody who holds this link gets to undo with, and nobody else can make."""
    return signing.dumps(said, salt=f"{_UNDO}.{token}", compress=True) if said else ""


def read_undo(token: str, given: str) -> list[Before]:
    """What it was before; nothing when it is not of this link, or older than a day."""
    try:
        said = signing.loads(given, salt=f"{_UNDO}.{token}", max_age=timedelta(days=1))
    except signing.BadSignature:
        return []
    return [(workflow, category, kind, wanted) for workflow, category, kind, wanted in said]


def _locked(person: Recipient) -> Preferences:
    mine = Recipient.objects.filter(tenant=person.tenant_id, pk=person.pk)
    return preferences_of(mine.select_for_update(no_key=True).get())


def _narrower(person: Recipient, before: Preferences, named: Named) -> list[Named]:
    """What speaks of a part of it, and says yes."""
    workflow, category, kind = named
    yes = [wish for wish in before.choices if wish.wanted and wish.channel in {"", kind}]
    if category:
        ours = Q(tenant=person.tenant_id) | Q(tenant__isnull=True)
        within = NoticeType.objects.filter(ours, category__key=category, key__in=[wish.workflow for wish in yes])
        keys = set(within.values_list("key", flat=True)) if any(wish.workflow for wish in yes) else set()
        return [(wish.workflow, "", kind) for wish in yes if wish.workflow in keys]
    if workflow:
        return []
    return [(wish.workflow, wish.category, kind) for wish in yes if wish.workflow or wish.category]


def _is_on_without(person: Recipient, named: Named) -> bool:
    """Whether it would be sent if the person had not spoken of it."""
    workflow, category, kind = named
    subject = Subject(workflow, category, kind)
    said = said_about([subject], [person.pk], tenant_id=person.tenant_id)
    others = [row for row in said.choices if (row[1], row[2], row[3]) != named]
    return isinstance(whether([subject], [person.pk], choices=others, of_tenant=said.of_tenant)[0][person.pk], Send)


def _take_back(person: Recipient, before: Preferences, named: Named, *, by: By, now: datetime) -> list[Before]:
    was = {wish.named: wish.wanted for wish in before.choices}
    if named not in was:
        return []
    _check_pace(person, now)
    change(person, {"choices": [_as_choice(*named, None)]}, by=by, now=now)
    return [(*named, was[named])]


def _change(person: Recipient, before: Preferences, wishes: Sequence[Wish], *, by: By, now: datetime) -> list[Before]:
    was = {wish.named: wish.wanted for wish in before.choices}
    new = [wish for wish in wishes if was.get(wish.named) is not wish.wanted]
    if not new:
        return []
    _check_pace(person, now)
    change(person, {"choices": [_as_choice(*wish.named, wish.wanted) for wish in new]}, by=by, now=now)
    return [(*wish.named, was.get(wish.named)) for wish in new]


def _as_choice(workflow: str, category: str, kind: str, wanted: bool | None) -> dict[str, object]:
    return {"workflow": workflow, "category": category, "channel": kind, "wanted": wanted}


def _check_pace(person: Recipient, now: datetime) -> None:
    mine = Change.objects.filter(tenant=person.tenant_id, recipient=person, via=Via.LINK, at__gt=now - HOUR)
    if mine.count() >= conf().unsubscribes_per_hour:
        raise TooMany
