"""The last look at a parcel before it leaves: is its address suppressed, is its device or other place still there, and
does its person still want it?

What waited long was decided long ago, and meanwhile the person may have switched it off, or gone to sleep. So for
personal deliveries that were decided more than a minute ago, the site's gate is asked: the dotted path
`NOTIFYHUB["CHANNELS_DELIVERY"]["GATE"]` of a callable

    gate(parcels: Sequence[Parcel], *, now: datetime) -> Mapping[int, Drop | Hold]

whose answer says by `parcel.id` what is not to leave now; what it does not name leaves. It is asked once for a whole
batch, after the claim has committed and with nothing locked. A gate that raises has not said yes: its parcels are put
back for half a minute. Where the site names none, the one that an app above has installed is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from django.utils.module_loading import import_string

from .conf import conf
from .endpoints import closed_among
from .outcome import Drop, Ending, Hold, Permanent
from .parcel import Parcel
from .suppression import in_words, reasons

logger = logging.getLogger(__name__)

Gate = Callable[..., Mapping[int, Drop | Hold]]

FRESH = timedelta(seconds=60)
"""For how long a decision is taken to be still right."""

ASK_AGAIN = timedelta(seconds=30)

_installed: list[Gate] = []


def install(gate: Gate) -> None:
    """Have `gate` asked where the site names none."""
    _installed[:] = [gate]


def kept_back(parcels: Sequence[Parcel], *, now: datetime) -> dict[int, Ending]:
    """What must not leave now, by the parcel's id, and how its attempt ends. Raises the database's errors."""
    listed = reasons((parcel.tenant_id, parcel.kind, parcel.address) for parcel in parcels)
    back: dict[int, Ending] = {}
    for parcel in parcels:
        reason = listed.get((parcel.tenant_id, parcel.kind, parcel.address))
        if reason is not None:
            back[parcel.id] = Permanent("address", in_words(reason))
    back |= {pk: Drop(code) for pk, code in closed_among(parcels).items() if pk not in back}
    stale = [parcel for parcel in parcels if parcel.id not in back and _is_stale(parcel, now)]
    return back | _asked(stale, now)


def _is_stale(parcel: Parcel, now: datetime) -> bool:
    return parcel.recipient_id is not None and now - parcel.decided_at > FRESH


def _asked(parcels: Sequence[Parcel], now: datetime) -> dict[int, Ending]:
    path = conf().gate
    if not parcels or not (path or _installed):
        return {}
    try:
        answers = (_load(path) if path else _installed[0])(parcels, now=now)
        return {parcel.id: _sound(answers[parcel.id]) for parcel in parcels if parcel.id in answers}
    except Exception:
        logger.exception("gate.failed deliveries=%d", len(parcels))
        return {parcel.id: Hold(now + ASK_AGAIN) for parcel in parcels}


def _sound(answer: object) -> Drop | Hold:
    if isinstance(answer, Drop | Hold):
        return answer
    raise TypeError(f"A gate answers with Drop or Hold, not {type(answer).__name__}.")


@cache
def _load(path: str) -> Gate:
    gate: Gate = import_string(path)
    return gate
