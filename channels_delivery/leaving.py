"""What of a claim leaves now, and how the rest ends without anybody being asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import Error, connection

from .backend import Backend, Outlet
from .backends import backends
from .gate import ASK_AGAIN, kept_back
from .network import Errand
from .outcome import Ending, Hold, Permanent, Temporary
from .outlets import outlets
from .parcel import Parcel
from .spending import too_dear

logger = logging.getLogger(__name__)

Ways = Mapping[int | None, Outlet]


def sort_out(parcels: Sequence[Parcel], *, now: datetime) -> tuple[list[Errand], dict[int, Ending]]:
    """What is sent, and by what; and how the others end, by their ids. Where the database does not answer, all of them
    wait: they are claimed, and would else be lost until their leases end."""
    known = backends()
    try:
        back, ways = _looked_at(parcels, known, now)
    except Error as error:
        logger.warning("gate.database_away error=%s deliveries=%d", type(error).__name__, len(parcels))
        connection.close_if_unusable_or_obsolete()
        return [], {parcel.id: Hold(now + ASK_AGAIN) for parcel in parcels}
    errands: list[Errand] = []
    for parcel in parcels:
        backend, outlet = known.get(parcel.kind), ways.get(parcel.channel_id)
        refusal = back.get(parcel.id) or _refusal(parcel, outlet, known=backend is not None)
        if refusal is not None or backend is None or outlet is None:
            back[parcel.id] = refusal or Temporary("config")
        else:
            errands.append((parcel, backend, outlet))
    return errands, back


def _looked_at(
    parcels: Sequence[Parcel], known: Mapping[str, Backend], now: datetime
) -> tuple[dict[int, Ending], Ways]:
    """What is not to leave now, and the outlets of all."""
    back = kept_back(parcels, now=now)
    ways = outlets({parcel.channel_id for parcel in parcels if parcel.channel_id})
    return back | too_dear([parcel for parcel in parcels if parcel.id not in back], ways, known, now=now), ways


def _refusal(parcel: Parcel, outlet: Outlet | None, *, known: bool) -> Ending | None:
    """Why this parcel cannot even be tried."""
    if not known:
        return Temporary("config", f"No backend here sends {parcel.kind}.")
    if outlet is None:
        return Permanent("config", "The channel is gone, or its secrets cannot be read.")
    return Permanent("config", "The channel is paused.") if outlet.paused else None
