"""What a silence or an inhibition says, as a value: its form and its sense are checked here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from notifications.kernel.local_time import next_within, zone_named, zone_of

from . import weekly
from .matching import Matcher, WhileActive
from .payload import InvalidPayload, check_bounds, check_schema
from .refusals import Invalid

NAME_MAX, REASON_MAX = 200, 1_000


@dataclass(frozen=True)
class Calendar:
    """Windows of the week in a zone; that of the tenant, where none is named."""

    week: weekly.Week
    zone: str = ""

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["week"],
        "properties": {"week": weekly.SCHEMA, "zone": {"type": "string", "maxLength": 64}},
    }

    def to_json(self) -> dict[str, Any]:
        week = {day: [list(span) for span in spans] for day, spans in self.week.items()}
        return {"week": week, "zone": self.zone}

    def is_on(self, at: datetime, *, zone: str) -> bool:
        """Whether a clock in its zone, or else in this one, is within a window then."""
        return next_within(weekly.windows_of(self.week), zone=zone_of(self.zone, zone), at=at) == at


@dataclass(frozen=True)
class Hush:
    """A silence: what `matcher` fits is not sent from `starts_at` (at once, if None) to `ends_at`, in the windows of
    `calendar`, if there is one. With `while_active`, an inhibition: only while such a run is active.

    `name` is what explanations say, `owner` whom to ask, `reason` why. A silence has an end, or a calendar.
    """

    name: str
    matcher: Matcher
    reason: str = ""
    owner: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    calendar: Calendar | None = None
    while_active: WhileActive | None = None

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Hush:
        """As HTTP and forms say it; times may be times. Raises Invalid by field."""
        said = {name: one.isoformat() if isinstance(one, datetime) else one for name, one in said.items()}
        _check_form(said)
        errors: dict[str, str] = {}
        times = {name: _time(said.get(name), name, errors) for name in ("starts_at", "ends_at")}
        if errors:
            raise Invalid(_("Some fields are wrong."), errors=errors)
        calendar, going = said.get("calendar"), said.get("while_active")
        return cls(
            name=said["name"],
            matcher=Matcher(**said["matcher"]),
            reason=said.get("reason", ""),
            owner=said.get("owner", ""),
            calendar=Calendar(**calendar) if calendar else None,
            while_active=WhileActive(**going) if going else None,
            **times,
        )

    def to_json(self) -> dict[str, Any]:
        times = {name: at and at.isoformat() for name, at in (("starts_at", self.starts_at), ("ends_at", self.ends_at))}
        return {
            "name": self.name,
            "owner": self.owner,
            "reason": self.reason,
            "matcher": self.matcher.to_json(),
            "calendar": self.calendar and self.calendar.to_json(),
            "while_active": self.while_active and self.while_active.to_json(),
            **times,
        }

    def is_on(self, at: datetime, *, zone: str) -> bool:
        """Whether its time is then; `zone` is the tenant's."""
        begun = self.starts_at is None or self.starts_at <= at
        over = self.ends_at is not None and self.ends_at <= at
        return begun and not over and (self.calendar is None or self.calendar.is_on(at, zone=zone))


def checked(hush: Hush, *, now: datetime) -> Hush:
    """The same, to be kept from `now` on: what would have begun before begins now. Raises Invalid by field."""
    _check_form(hush.to_json())
    if errors := dict(_problems(hush, now)):
        raise Invalid(_("Some fields are wrong."), errors=errors)
    return replace(hush, starts_at=max(hush.starts_at or now, now))


def _check_form(said: Mapping[str, Any]) -> None:
    given = {name: value for name, value in said.items() if value is not None}
    try:
        check_schema(given, dict(_SCHEMA))
        check_bounds(given)
    except InvalidPayload as error:
        errors = {where.strip("/").replace("/", "."): words for where, words in error.errors.items()}
        raise Invalid(_("Some fields are wrong."), errors=errors) from None


def _problems(hush: Hush, now: datetime) -> Iterator[tuple[str, str]]:
    if not hush.name.strip() or not hush.name.isprintable():
        yield "name", _("Give it a name that can be printed; explanations say it.")
    if not hush.reason.strip():
        yield "reason", _("Say why, for those who will ask.")
    yield from _problems_of_times(hush, now)
    yield from ((f"matcher.{name}".rstrip("."), words) for name, words in hush.matcher.problems())
    if hush.while_active is not None:
        yield from ((f"while_active.{name}".rstrip("."), words) for name, words in hush.while_active.problems())
    if hush.calendar is not None:
        yield from (("calendar.week", words) for words in weekly.problems_of_week(hush.calendar.week))
        if hush.calendar.zone and zone_named(hush.calendar.zone) is None:
            yield "calendar.zone", _("There is no such zone; it is one like Europe/Berlin.")


def _problems_of_times(hush: Hush, now: datetime) -> Iterator[tuple[str, str]]:
    for name in ("starts_at", "ends_at"):
        at = getattr(hush, name)
        if at is not None and at.tzinfo is None:
            yield name, _("Needs its offset from UTC.")
            return
    if hush.ends_at is None:
        if hush.calendar is None and hush.while_active is None:
            yield "ends_at", _("Say when it ends, or give it a calendar: what is silenced for ever is forgotten.")
    elif hush.ends_at <= max(hush.starts_at or now, now):
        yield "ends_at", _("Must be later than now and than its start.")


def _time(said: Any, name: str, errors: dict[str, str]) -> datetime | None:
    if said is None:
        return None
    try:
        at = parse_datetime(said)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        errors[name] = _("A time like 2026-03-02T09:00:00Z, with its offset from UTC.")
    return at


_TEXT: Mapping[str, Any] = {"type": "string"}
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "matcher"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": NAME_MAX},
        "owner": {"type": "string", "maxLength": NAME_MAX},
        "reason": {"type": "string", "maxLength": REASON_MAX},
        "matcher": Matcher.SCHEMA,
        "calendar": Calendar.SCHEMA,
        "while_active": WhileActive.SCHEMA,
        "starts_at": _TEXT,
        "ends_at": _TEXT,
    },
}
