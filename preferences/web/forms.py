"""What the forms of the settings page say, as fields of `Preferences`. Raises ValidationError by field for what has no
such form; whether it can be is checked by the verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from notifications.kernel import local_time
from notifications.models import Recipient

from ..policies import PolicyName
from ..precedence import Named

Said = dict[str, Any]
MORNING = time(8)
ROWS_MAX = 60


def key_of(named: Named) -> str:
    """How a form names what a switch is about."""
    return "|".join(named)


def choices(form: QueryDict, person: Recipient, now: datetime) -> Said:
    """The switches that stand otherwise than when the page was made, and one that is given back to what is wider."""
    on, given_back = set(form.getlist("on")), form.get("inherit", "")
    said = []
    for one in form.getlist("shown"):
        key, _sign, was = one.rpartition("=")
        if key != given_back and (key in on) is not (was == "on"):
            said.append(_choice(key, wanted=key in on))
    if given_back:
        said.append(_choice(given_back, wanted=None))
    return {"choices": said}


def snooze(form: QueryDict, person: Recipient, now: datetime) -> Said:
    """For so many minutes, until 8 in the morning, until a moment of the person's clock, or not any more."""
    zone = local_time.zone_of(person.zone, person.tenant.zone)
    asked, until = form.get("for", ""), form.get("until", "")
    if asked == "end":
        return {"snooze_until": None}
    if asked == "morning":
        return {"snooze_until": local_time.next_time([MORNING], zone=zone, after=now)}
    if asked.isascii() and asked.isdigit() and len(asked) < 6:
        return {"snooze_until": now + timedelta(minutes=int(asked))}
    try:
        moment = datetime.fromisoformat(until)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise ValidationError({"snooze_until": _("Say until when: a date and a time.")})
    return {"snooze_until": local_time.last_instant(moment.date(), moment.time(), zone)}


def hours(form: QueryDict, person: Recipient, now: datetime) -> Said:
    """Zone and quiet hours. Rows without times are left out."""
    rows = [_window(form, number) for number in range(ROWS_MAX) if _is_filled(form, number)]
    return {
        "zone": form.get("zone", "").strip(),
        "quiet_hours": rows if form.get("quiet") == "own" else None,
    }


def digests(form: QueryDict, person: Recipient, now: datetime) -> Said:
    """How often, by category; when; and whether several that were held become one."""
    often = {name.removeprefix("often:"): value for name, value in form.items() if name.startswith("often:") and value}
    day = form.get("digest_day", "")
    return {
        "frequencies": often or None,
        "digest_at": form.get("digest_at", "").strip(),
        "digest_day": int(day) if day.isascii() and day.isdigit() and len(day) < 3 else None,
        "summaries": {"yes": True, "no": False}.get(form.get("summaries", "")),
    }


def windows(form: QueryDict, person: Recipient, now: datetime) -> Said:
    """Hours in which messages may come, of one channel or of every."""
    if form.get("windows") != "own":
        return {"send_windows": None}
    numbers = [number for number in range(ROWS_MAX) if _is_filled(form, number)]
    return {"send_windows": [_window(form, number) | _channels(form, number) for number in numbers]}


def policies(form: QueryDict, person: Recipient, now: datetime) -> Said:
    """Minutes by policy and channel, as `default:sms`. A channel without any is not named."""
    found: dict[str, list[Said]] = {}
    for name in form:
        policy, _sign, channel = name.partition(":")
        minutes = form.get(name, "").strip()
        if policy in set(PolicyName) and minutes:
            found.setdefault(policy, []).append({"channel": channel, "after": _seconds(minutes)})
    return {"policies": {name: sorted(stages, key=lambda one: one["after"]) for name, stages in found.items()}}


SECTIONS: Mapping[str, Callable[[QueryDict, Recipient, datetime], Said]] = {
    "choices": choices,
    "snooze": snooze,
    "hours": hours,
    "digests": digests,
    "windows": windows,
    "policies": policies,
}


def _choice(key: str, *, wanted: bool | None) -> Said:
    try:
        workflow, category, channel = key.split("|")
    except ValueError as error:
        raise ValidationError({"choices": _("There is no such switch.")}) from error
    return {"workflow": workflow, "category": category, "channel": channel, "wanted": wanted}


def _is_filled(form: QueryDict, number: int) -> bool:
    return bool(form.get(f"start-{number}", "").strip() or form.get(f"end-{number}", "").strip())


def _window(form: QueryDict, number: int) -> Said:
    """A row; with every day of the week, or none, it is of every day."""
    found: Said = {name: form.get(f"{name}-{number}", "").strip()[:5] for name in ("start", "end")}
    days = sorted({int(day) for day in form.getlist(f"days-{number}") if day in set("1234567")})
    return found | {"days": days} if 0 < len(days) < 7 else found


def _channels(form: QueryDict, number: int) -> Said:
    channel = form.get(f"channel-{number}", "")
    return {"channels": [channel]} if channel else {}


def _seconds(minutes: str) -> int:
    try:
        return round(float(minutes.replace(",", ".")) * 60)
    except (ValueError, OverflowError) as error:
        raise ValidationError({"policies": _("Say after how many minutes, as a number.")}) from error
