"""The history of a person's preferences in words: each change as a line that says what, who and by which way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..guessing import BROWSER
from ..models import Change, Via
from ..sooner import SENT_NOW

FIELDS: Mapping[str, str | Promise] = {
    "zone": gettext_lazy("Time zone"),
    "snooze_until": gettext_lazy("Do not disturb"),
    "quiet_hours": gettext_lazy("Quiet hours"),
    "send_windows": gettext_lazy("Hours in which messages may come"),
    "frequencies": gettext_lazy("How often"),
    "digest_at": gettext_lazy("Hour of digests"),
    "digest_day": gettext_lazy("Day of weekly digests"),
    "summaries": gettext_lazy("Summaries of what was held"),
    "policies": gettext_lazy("Order of channels in an escalation"),
}
"""What the fields of `Preferences` are called on the page, but for the choices."""


@dataclass(frozen=True)
class Told:
    at: datetime
    what: str
    by: str
    via: str
    address: str


def told(change: Change, *, names: Mapping[str, str], channels: Mapping[str, str]) -> Told:
    """By way of a link, nobody is known but the link itself. `names` of categories and workflows, and of channels, by
    key; what is gone is called by its key."""
    parts = [_part(one, names, channels) for one in change.said]
    what = "; ".join(parts[:3]) + (_(" and %d more") % (len(parts) - 3) if len(parts) > 3 else "")
    via = "" if change.via == Via.LINK else str(change.get_via_display())
    by = _("as the browser said") if change.by == BROWSER else change.by
    return Told(change.at, what, by, via, change.address or "")


def _part(one: Mapping[str, Any], names: Mapping[str, str], channels: Mapping[str, str]) -> str:
    what, after = one["what"], one["after"]
    if what == "choice":
        topic = one["workflow"] or one["category"]
        about = [names.get(topic, topic) if topic else _("Everything"), channels.get(one["channel"], one["channel"])]
        return f"{', '.join(filter(None, about))}: {_answer(after)}"
    if what == SENT_NOW:
        count = int(one["before"])
        return str(ngettext("%d held message, sent at once", "%d held messages, sent at once", count) % count)
    if what == "zone":
        return f"{FIELDS[what]}: {after}" if after else _("Time zone: that of the organisation")
    if what == "snooze_until":
        return str(FIELDS[what]) if after else _("Do not disturb no more")
    return str(FIELDS.get(what, what))


def _answer(wanted: bool | None) -> str:
    if wanted is None:
        return _("left to the wider switch")
    return _("on") if wanted else _("off")
