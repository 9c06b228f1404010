"""The gate of the outbox, unless the site has its own: whoever waited is looked at once more before it leaves.

A message that was decided more than a minute ago was retried, held, or stood in a queue. Meanwhile its person may have
been taken out, have switched it off, have muted what it is about, or may not see that any more. Then it is dropped,
with the reason. Where they have gone to sleep, or nobody can say whether they may see it, it waits. A summary that
tells of something they may not see any more is taken apart: the other messages of it are released anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from channels_delivery.outcome import Drop, Hold
from channels_delivery.parcel import Parcel
from notifications import visibility
from notifications.models import Recipient
from notifications.targets import Pair, muted_among
from preferences import holding

from . import second_look
from .summary import KEY

ASK_AGAIN = timedelta(seconds=30)
HIDDEN = Drop("not_visible")


def gate(parcels: Sequence[Parcel], *, now: datetime) -> Mapping[int, Drop | Hold]:
    """What is not to leave now. Two queries, and five for each tenant among them at most, whatever their number, two
    more where summaries are taken apart; one call of the site's hook."""
    there = _there({parcel.recipient_id or 0 for parcel in parcels})
    wanted = second_look.look(parcels, now=now)
    pairs = {pair for parcel in parcels for pair in _pairs(parcel)}
    muted, sight = muted_among(pairs), visibility.look(pairs)
    found: dict[int, Drop | Hold] = {}
    for parcel in parcels:
        theirs, answer = set(_pairs(parcel)), wanted.answers.get(parcel.id)
        if parcel.recipient_id not in there:
            found[parcel.id] = Drop("inactive")
        elif isinstance(answer, Drop):
            found[parcel.id] = answer
        elif theirs and theirs <= muted and parcel.id not in wanted.critical:
            found[parcel.id] = Drop("muted")
        elif theirs & sight.hidden:
            found[parcel.id] = HIDDEN
        elif answer is not None:
            found[parcel.id] = answer
        elif theirs & sight.unknown:
            found[parcel.id] = Hold(now + ASK_AGAIN)
    _take_apart([one for one in parcels if one.notice_key == KEY and found.get(one.id) == HIDDEN], now)
    return found


def _take_apart(summaries: Collection[Parcel], now: datetime) -> None:
    """What is in these is held again, and due: the release leaves out what may not be seen."""
    for tenant in {one.tenant_id for one in summaries}:
        mine = [(one.origin, one.recipient_id or 0) for one in summaries if one.tenant_id == tenant and one.origin]
        holding.taken_apart(mine, without=None, tenant_id=tenant, now=now)


def _pairs(parcel: Parcel) -> Iterator[Pair]:
    return ((parcel.recipient_id or 0, target) for target in parcel.about)


def _there(recipients: Collection[int]) -> set[int]:
    """Those who are still told things."""
    people = Recipient.reachable.across_tenants().filter(Q(active=True) | Q(ad_hoc=True), pk__in=recipients)
    return set(people.values_list("pk", flat=True))
