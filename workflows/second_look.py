"""A second look at what stood in the outbox for long: does its person still want it, and now?

What was decided more than a minute ago was retried, or stood in a queue. Meanwhile its person may have switched it off,
and then it is dropped; or gone to sleep, and then it waits in the outbox until they are up. How often they want a
category is not asked again: that was seen to before it came here. Of a summary each message is asked about, and one
that is wanted lets it go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from channels_delivery.outcome import Drop, Hold
from channels_delivery.parcel import Parcel
from preferences import holding
from preferences.again import Asked, decide_again
from preferences.decision import Decision, Send, Skip, Subject
from preferences.decision import Hold as Held
from preferences.spread import release_at

from .definition import Body, load_many
from .models import Run
from .steps.escalate import is_important
from .summary import KEY


@dataclass(frozen=True)
class Look:
    """`answers`: what is not to leave now, by the parcel's id. `critical`: those that nobody can switch off."""

    answers: Mapping[int, Drop | Hold]
    critical: Set[int]


def look(parcels: Sequence[Parcel], *, now: datetime) -> Look:
    """Six statements for each tenant among them at most, whatever their number."""
    of_tenants: dict[int, list[Parcel]] = defaultdict(list)
    for parcel in parcels:
        of_tenants[parcel.tenant_id].append(parcel)
    found, critical = dict[int, Drop | Hold](), set[int]()
    for tenant, mine in of_tenants.items():
        subjects = _subjects(mine, tenant)
        critical |= {pk for pk, some in subjects.items() if some and all(one.critical for one in some)}
        found |= _of_tenant(mine, subjects, tenant, now)
    return Look(found, critical)


def _of_tenant(
    parcels: Sequence[Parcel], subjects: Mapping[int, Sequence[Subject]], tenant: int, now: datetime
) -> dict[int, Drop | Hold]:
    pairs = [(parcel, subject) for parcel in parcels for subject in subjects.get(parcel.id, ())]
    asked = [Asked(parcel.recipient_id or 0, subject, parcel.decided_at, collected=True) for parcel, subject in pairs]
    answers: dict[int, list[Decision]] = defaultdict(list)
    for (parcel, _), decision in zip(pairs, decide_again(asked, tenant_id=tenant, now=now), strict=True):
        answers[parcel.id].append(decision)
    people = {parcel.id: parcel.recipient_id or 0 for parcel in parcels}
    said = ((pk, _answer(decisions, people[pk])) for pk, decisions in answers.items())
    return _unless_asked_for({pk: one for pk, one in said if one is not None}, parcels, tenant)


def _unless_asked_for(
    answers: Mapping[int, Drop | Hold], parcels: Sequence[Parcel], tenant: int
) -> dict[int, Drop | Hold]:
    """Nobody waits for the morning with what they asked for at night."""
    keys = {
        one.id: (one.origin, one.recipient_id)
        for one in parcels
        if one.origin and one.recipient_id and isinstance(answers.get(one.id), Hold)
    }
    wanted = holding.hurried(set(keys.values()), tenant_id=tenant) if keys else set()
    return {pk: one for pk, one in answers.items() if keys.get(pk) not in wanted}


def _answer(decisions: Sequence[Decision], person: int) -> Drop | Hold | None:
    """What all these come to; None when it leaves."""
    if any(isinstance(one, Send) for one in decisions):
        return None
    if untils := [one.until for one in decisions if isinstance(one, Held)]:
        return Hold(release_at(min(untils), person))
    return next(Drop(one.reason) for one in decisions if isinstance(one, Skip))


def _subjects(parcels: Sequence[Parcel], tenant: int) -> dict[int, list[Subject]]:
    """What each is about, by the definition of the run that it is from, or by the messages of a summary; of what is
    from neither, nothing is known."""
    origins = {parcel.origin for parcel in parcels if parcel.origin and parcel.notice_key != KEY}
    runs = dict(Run.objects.filter(tenant=tenant, public_id__in=origins).values_list("public_id", "definition_id"))
    bodies = load_many(set(runs.values()))
    summed = _summed([parcel for parcel in parcels if parcel.notice_key == KEY], tenant)
    found: dict[int, list[Subject]] = {}
    for one in parcels:
        if one.notice_key == KEY and one.origin is not None:
            found[one.id] = summed.get((one.origin, one.recipient_id or 0), [])
        elif one.origin in runs and (body := bodies.get(runs[one.origin])) is not None:
            found[one.id] = [_subject(one, body)]
    return found


def _subject(one: Parcel, body: Body) -> Subject:
    critical = body.critical or _is_important(body, one.origin_step)
    return Subject(body.key, body.category, one.kind, critical, one.expires_at, body.default_of(one.kind))


def _is_important(body: Body, origin_step: str) -> bool:
    """Whether it is from a level that passes what people switched off."""
    step, _dot, round_ = origin_step.rpartition(".")
    settings = body.step_at(step) if round_.isdecimal() else None
    return settings is not None and is_important(settings, int(round_))


def _summed(parcels: Sequence[Parcel], tenant: int) -> dict[tuple[UUID, int], list[Subject]]:
    """What the messages of each summary are about, by its origin and person."""
    found: dict[tuple[UUID, int], list[Subject]] = defaultdict(list)
    for key, subject in _messages(parcels, tenant):
        found[key].append(replace(subject, expires_at=None))
    return found


def _messages(parcels: Sequence[Parcel], tenant: int) -> Iterator[tuple[tuple[UUID, int], Subject]]:
    keys = [(parcel.origin, parcel.recipient_id or 0) for parcel in parcels if parcel.origin]
    return holding.left_in(keys, tenant_id=tenant) if keys else iter(())
