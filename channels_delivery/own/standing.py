"""How a place of somebody's own is, in a word and in a sentence, for the API and the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from notifications.models import Recipient

from .. import suppression
from ..masking import masked
from ..models import Endpoint

AWAITS, ON, OFF, SUPPRESSED = "awaits_code", "on", "off", "suppressed"


@dataclass(frozen=True)
class Standing:
    """`address` is without what is secret in it; `detail` says why it is off or suppressed."""

    endpoint: Endpoint
    address: str
    state: str
    detail: str = ""


def standings(person: Recipient, rows: Sequence[Endpoint]) -> list[Standing]:
    """These places of this person. One query."""
    asked = {row.pk: (person.tenant_id, row.kind, row.address) for row in rows}
    found = suppression.reasons(asked.values()) if asked else {}
    return [Standing(row, masked(row.address), *_told(row, found.get(asked[row.pk]))) for row in rows]


def _told(row: Endpoint, suppressed: str | None) -> tuple[str, str]:
    if suppressed is not None:
        return SUPPRESSED, _("Nothing is sent there any more: it bounced, or somebody there objected.")
    if row.disabled_at is not None:
        return OFF, _why_off(row.disabled_because)
    return (AWAITS if row.verified_at is None else ON), ""


def _why_off(because: str) -> str:
    match because:
        case "address":
            return _("It was refused there: look whether it is right.")
        case "auth":
            return _("It does not let us in any more: its address or its key has changed.")
        case "failing":
            return _("For five days nothing but failures came back.")
        case _:
            return _("It was turned off.")
