"""What the settings page shows of a person: how things stand now, every switch with its reason, their hours, how often,
and what was changed of it all."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from notifications.kernel.local_time import zone_of
from notifications.kinds import Kind
from notifications.models import Recipient

from .. import holding
from ..guessing import is_guessed, may_guess
from ..hours import NOTHING_SAID, Clock
from ..models import Change, Hold, TenantHabits
from ..overview import Matrix, matrix_of
from ..personal import Preferences, preferences_of
from ..reading import hours_of
from ..times import DIGEST_AT, DIGEST_DAY, Frequency
from . import quiet, switches
from .calling import Calling, calling
from .history import Told, told
from .quiet import State, WindowRow
from .switches import Row

LATEST = 8


@dataclass(frozen=True)
class Often:
    """How often a category may come; "" is every other. `said` empty: as every other."""

    category: str
    name: str
    said: str


@dataclass(frozen=True)
class Shown:
    preferences: Preferences
    state: State
    channels: Sequence[Kind]
    rows: Sequence[Row]
    zone: str
    zones: Sequence[str]
    tenant_zone: str
    zone_in_force: tzinfo
    may_guess: bool
    guessed: bool
    own_hours: bool
    windows: Sequence[WindowRow]
    tenant_windows: Sequence[str]
    calling: Calling
    tenant_send_windows: Sequence[str]
    often: Sequence[Often]
    frequencies: Sequence[tuple[str, str]]
    usual_digest_at: str
    usual_digest_day: str
    weekdays: Sequence[tuple[int, str, str]]
    held: Sequence[Hold]
    held_in_all: int
    history: Sequence[Told]


def shown(person: Recipient, *, now: datetime, typed: QueryDict | None = None) -> Shown:
    """In some fifteen queries, whatever there is. `typed`: a form that could not be saved, shown as it was typed."""
    said, matrix = preferences_of(person), matrix_of(person)
    tenant = TenantHabits.objects.filter(tenant=person.tenant_id).first()
    held = holding.of_person(person.pk, tenant_id=person.tenant_id)
    waiting = held.filter(sooner_at__isnull=True)
    hours = typed if typed and typed.get("section") == "hours" else None
    weekdays = quiet.weekdays()
    return Shown(
        preferences=said,
        state=quiet.state_of(_clock(person, now)),
        channels=matrix.channels,
        rows=switches.rows_of(person, matrix),
        zone=hours.get("zone", "") if hours else said.zone,
        zones=_zones(),
        tenant_zone=person.tenant.zone,
        zone_in_force=zone_of(person.zone, person.tenant.zone),
        may_guess=may_guess(person),
        guessed=is_guessed(person),
        own_hours=hours.get("quiet") == "own" if hours else said.quiet_hours is not None,
        windows=[*quiet.rows_of(said, hours)],
        tenant_windows=[quiet.in_words(one) for one in (tenant.quiet_hours if tenant else None) or ()],
        calling=calling(person, said, matrix.channels, typed),
        tenant_send_windows=[quiet.in_words(one) for one in (tenant.send_windows if tenant else None) or ()],
        often=[*_often(said, matrix)],
        frequencies=[(one.value, _frequency(one)) for one in Frequency],
        usual_digest_at=(tenant.digest_at if tenant else "") or DIGEST_AT,
        usual_digest_day=weekdays[((tenant.digest_day if tenant else None) or DIGEST_DAY) - 1][1],
        weekdays=weekdays,
        held=list(waiting[:LATEST]),
        held_in_all=waiting.count(),
        history=_history(person, matrix),
    )


def _clock(person: Recipient, now: datetime) -> Clock:
    rows, of_tenant = hours_of([person.pk], tenant_id=person.tenant_id)
    return Clock.of(rows.get(person.pk, NOTHING_SAID), of_tenant, now=now, since=now)


def _often(said: Preferences, matrix: Matrix) -> Iterator[Often]:
    frequencies: Mapping[str, Any] = said.frequencies or {}
    yield Often("", _("Everything else"), frequencies.get("", ""))
    for line in matrix.lines:
        if not line.workflow:
            yield Often(line.category, line.name, frequencies.get(line.category, ""))


def _frequency(one: Frequency) -> str:
    match one:
        case Frequency.AT_ONCE:
            return _("at once")
        case Frequency.HOURLY:
            return _("every hour")
        case Frequency.DAILY:
            return _("once a day")
        case Frequency.WEEKLY:
            return _("once a week")


def _history(person: Recipient, matrix: Matrix) -> list[Told]:
    """The latest changes."""
    names = {line.workflow or line.category: line.name for line in matrix.lines}
    channels = {kind.key: str(kind.name) for kind in matrix.channels}
    rows = Change.objects.filter(tenant=person.tenant_id, recipient=person).order_by("-pk")[:LATEST]
    return [told(one, names=names, channels=channels) for one in rows]


@cache
def _zones() -> list[str]:
    """Those that people know by a place."""
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
