"""The gate of the outbox, unless the site has its own: whoever waited is looked at once more before it leaves.

A message that was decided more than a minute ago was retried, held, or stood in a queue. Meanwhile its person may have
been taken out, have switched it off, have muted what it is about, or may not see that any more. Then it is dropped,
with the reason. Where nobody can say whether they may see it, it waits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from channels_delivery.outcome import Drop, Hold
from channels_delivery.parcel import Parcel
from notifications import visibility
from notifications.models import Recipient
from notifications.targets import Pair, muted_among
from preferences.decision import Skip, Subject, decide_many

from .definition import Body, load_many
from .models import Run
from .steps.escalate import is_important

ASK_AGAIN = timedelta(seconds=30)


def gate(parcels: Sequence[Parcel], *, now: datetime) -> Mapping[int, Drop | Hold]:
    """What is not to leave now. Five queries, and two for each kind and workflow among them; one call of the site's
    hook."""
    subjects = _subjects(parcels)
    there = _there({parcel.recipient_id or 0 for parcel in parcels})
    unwanted = dict(_unwanted(parcels, subjects, now=now))
    pairs = {pair for parcel in parcels for pair in _pairs(parcel)}
    muted = muted_among({pair for one in parcels for pair in _pairs(one)})
    sight = visibility.look(pairs)
    found: dict[int, Drop | Hold] = {}
    for parcel in parcels:
        theirs, subject = set(_pairs(parcel)), subjects.get(parcel.id)
        if parcel.recipient_id not in there:
            found[parcel.id] = Drop("inactive")
        elif parcel.id in unwanted:
            found[parcel.id] = Drop(unwanted[parcel.id])
        elif theirs and theirs <= muted and not (subject and subject.critical):
            found[parcel.id] = Drop("muted")
        elif theirs & sight.hidden:
            found[parcel.id] = Drop("not_visible")
        elif theirs & sight.unknown:
            found[parcel.id] = Hold(now + ASK_AGAIN)
    return found


def _pairs(parcel: Parcel) -> Iterator[Pair]:
    return ((parcel.recipient_id or 0, target) for target in parcel.about)


def _there(recipients: Collection[int]) -> set[int]:
    """Those who are still told things."""
    people = Recipient.reachable.across_tenants().filter(Q(active=True) | Q(ad_hoc=True), pk__in=recipients)
    return set(people.values_list("pk", flat=True))


def _subjects(parcels: Sequence[Parcel]) -> dict[int, Subject]:
    """What each is, for the preferences, by the definition of the run that it is from; of what is from no run, nothing
    is known. Two queries."""
    origins = {parcel.origin for parcel in parcels if parcel.origin}
    runs = dict(Run.objects.across_tenants().filter(public_id__in=origins).values_list("public_id", "definition_id"))
    bodies = load_many(set(runs.values()))
    found = {}
    for one in parcels:
        body = bodies.get(runs[one.origin]) if one.origin in runs else None
        if body is not None:
            critical = body.critical or _is_important(body, one.origin_step)
            found[one.id] = Subject(body.key, body.category, one.kind, critical, default=body.default_of(one.kind))
    return found


def _is_important(body: Body, origin_step: str) -> bool:
    """Whether it is from a level that passes what people switched off."""
    step, _dot, round_ = origin_step.rpartition(".")
    settings = body.step_at(step) if round_.isdecimal() else None
    return settings is not None and is_important(settings, int(round_))


def _unwanted(
    parcels: Sequence[Parcel], subjects: Mapping[int, Subject], *, now: datetime
) -> Iterator[tuple[int, str]]:
    """Those whose person has switched it off, with how."""
    groups: dict[tuple[int, Subject], list[Parcel]] = defaultdict(list)
    for parcel in parcels:
        if parcel.id in subjects:
            groups[parcel.tenant_id, subjects[parcel.id]].append(parcel)
    for (tenant, subject), some in groups.items():
        people = sorted({one.recipient_id for one in some if one.recipient_id is not None})
        decided = decide_many(subject, people, tenant_id=tenant, now=now)
        for parcel in some:
            decision = decided.get(parcel.recipient_id or 0)
            if isinstance(decision, Skip):
                yield parcel.id, decision.reason
