"""Whether what a person says of themselves can be: each field, with a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from notifications.kernel.local_time import zone_named
from notifications.models import Category, NoticeType, Recipient

from . import policies, times
from .models import personal_kinds
from .personal import Preferences
from .timing import LONGEST

CHOICES_MAX = 2_000


def check(said: Mapping[str, Any], *, person: Recipient, before: Preferences, now: datetime) -> None:
    """Raises ValidationError by field."""
    found = {name: problem for name, value in said.items() if (problem := _problem(name, value, before, now))}
    if problem := _choices_problem(said.get("choices") or (), person, before):
        found["choices"] = problem
    known = {kind.key for kind in personal_kinds()}
    for name, kind in () if found else _channels_of(said):
        if kind and kind not in known:
            given = {"kind": kind, "known": ", ".join(sorted(known))}
            found[name] = _("There is no channel “%(kind)s” to people. Known: %(known)s.") % given
    if found:
        raise ValidationError(found)


def _problem(name: str, value: Any, before: Preferences, now: datetime) -> str:
    match name:
        case "zone":
            known = not value or value == before.zone or (isinstance(value, str) and zone_named(value))
            return "" if known else _("Is not an IANA time zone, like Europe/Lisbon.")
        case "quiet_hours":
            return times.quiet_hours_problem(value)
        case "send_windows":
            return times.send_windows_problem(value)
        case "frequencies":
            return times.frequencies_problem(value)
        case "digest_at":
            return times.digest_at_problem(value)
        case "digest_day":
            return "" if value is None or value in range(1, 8) else _("Is a weekday from 1 (Monday) to 7.")
        case "policies":
            return policies.problem(value)
        case "snooze_until":
            return snooze_problem(value, now=now, before=before.snooze_until)
        case _:
            return ""


def snooze_problem(until: datetime | None, *, now: datetime, before: datetime | None = None) -> str:
    """Nothing is held for longer than eight days, so a longer snooze would promise what is not kept."""
    if until is None or until == before:
        return ""
    if until <= now:
        return _("Is over already. Leave it empty to end a snooze.")
    if until > now + LONGEST + timedelta(minutes=1):
        return _("Is more than 8 days away, and messages are held for 8 days at most. To get nothing, turn it off.")
    return ""


def _choices_problem(said: Sequence[Mapping[str, Any]], person: Recipient, before: Preferences) -> str:
    if len(said) + len(before.choices) > CHOICES_MAX:
        return _("There may be %d choices at most.") % CHOICES_MAX
    if any(one.get("category") and one.get("workflow") for one in said):
        return _("A choice names a category or a workflow, not both.")
    named = [(one.get("workflow", ""), one.get("category", ""), one.get("channel", "")) for one in said]
    if len(set(named)) < len(named):
        return _("Two choices speak of the same.")
    return _unknown(said, person, before)


def _unknown(said: Sequence[Mapping[str, Any]], person: Recipient, before: Preferences) -> str:
    """Names of nothing that there is, unless it was chosen while there was."""
    ours = Q(tenant__isnull=True) | Q(tenant=person.tenant_id)
    for field, model in (("category", Category), ("workflow", NoticeType)):
        asked = {one.get(field, "") for one in said} - {"", *(getattr(wish, field) for wish in before.choices)}
        if asked:
            unknown = asked - set(model.objects.filter(ours, key__in=asked).values_list("key", flat=True))
            if unknown:
                return _("There is no such %(field)s: %(names)s.") % {
                    "field": field,
                    "names": ", ".join(sorted(unknown)),
                }
    return ""


def _channels_of(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every channel that is named anywhere, with the field that names it."""
    found = [("choices", one.get("channel", "")) for one in said.get("choices") or ()]
    windows = said.get("send_windows") or ()
    found += [("send_windows", kind) for one in windows for kind in one.get("channels", ())]
    stages = [stage for of_policy in (said.get("policies") or {}).values() for stage in of_policy]
    return [*found, *(("policies", stage["channel"]) for stage in stages)]
