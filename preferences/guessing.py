"""The time zone that a browser says: taken for somebody for whom nobody has ever set one, and known as a guess from
then on, so that a page can say so."""

from __future__ import annotations

from datetime import datetime

from django.db.models import TextField
from django.db.models.functions import Cast

from notifications.kernel.local_time import zone_named
from notifications.models import Recipient

from .changing import By, change
from .models import Change, Via

BROWSER = "browser"
"""Who made a change of the zone that no person asked for."""


def guess(person: Recipient, zone: str, *, via: Via, address: str | None, now: datetime) -> bool:
    """Take this zone for theirs, if it is one and nobody has ever set one; whether it was."""
    if not may_guess(person) or not zone_named(zone):
        return False
    change(person, {"zone": zone}, by=By(BROWSER, via, address), now=now)
    return True


def may_guess(person: Recipient) -> bool:
    """Whether nobody has ever set their zone. Who emptied it wants that of the organisation."""
    return not person.zone and _latest(person) is None


def is_guessed(person: Recipient) -> bool:
    """Whether the zone they have is what their browser said. One query."""
    latest = _latest(person) if person.zone else None
    if latest is None or latest.by != BROWSER:
        return False
    return {"what": "zone", "after": person.zone} in [{k: one[k] for k in ("what", "after")} for one in latest.said]


def _latest(person: Recipient) -> Change | None:
    """The last change of the zone."""
    rows = Change.objects.filter(tenant=person.tenant_id, recipient=person).annotate(text=Cast("said", TextField()))
    return rows.filter(text__contains='"what": "zone"').order_by("-pk").first()
