"""Time as a person reads it: in their own zone, in days, and "5 min ago" while that says more than a clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import groupby

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..edges import principal_of
from ..inbox import Entry
from ..kernel import local_time
from ..kernel.clock import db_now

_NOW = "_notifyhub_now"


@dataclass(frozen=True)
class Day:
    """The items of one day of a person's calendar."""

    name: str
    date: date
    entries: list[Entry]


def zone_of(request: HttpRequest) -> tzinfo:
    """The person's zone, else the tenant's, else UTC."""
    principal = principal_of(request)
    if principal is None:
        return UTC
    return local_time.zone_of(principal.recipient.zone if principal.recipient else "", principal.tenant.zone)


def now_of(request: HttpRequest) -> datetime:
    """The database's clock as this request found it, read once for the whole page."""
    if not hasattr(request, _NOW):
        setattr(request, _NOW, db_now())
    now: datetime = getattr(request, _NOW)
    return now


def days(entries: Iterable[Entry], *, zone: tzinfo, now: datetime) -> list[Day]:
    """The entries, in their order, by the day on which this zone's clock showed them."""
    today = now.astimezone(zone).date()
    by_day = groupby(entries, key=lambda entry: entry.created_at.astimezone(zone).date())
    return [Day(day_name(day, today=today), day, list(found)) for day, found in by_day]


def day_name(day: date, *, today: date) -> str:
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return date_format(day, "l j F" if day.year == today.year else "l j F Y")


def ago(moment: datetime, *, zone: tzinfo, now: datetime) -> str:
    """Short: minutes and hours within a day; then the day, with the year only where it is another one."""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("%(n)d min ago", "%(n)d min ago", minutes) % {"n": minutes}
    if minutes < 24 * 60:
        hours = minutes // 60
        return ngettext("%(n)d h ago", "%(n)d h ago", hours) % {"n": hours}
    local = moment.astimezone(zone)
    return date_format(local, "j M, H:i" if local.year == now.astimezone(zone).year else "j M Y")


def exact(moment: datetime, *, zone: tzinfo) -> str:
    """To the minute, with the zone's name: what a tooltip says."""
    return f"{date_format(moment.astimezone(zone), 'l j F Y, H:i')} ({zone})"
