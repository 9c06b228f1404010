"""Hours in which messages may come, and the order of channels in an escalation, as the settings page shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from notifications.kinds import Kind
from notifications.models import Recipient

from ..personal import Preferences
from ..policies import PolicyName
from ..warnings import late
from .forms import ROWS_MAX
from .quiet import DAYS


@dataclass(frozen=True)
class HoursRow:
    """As it is typed. Of one channel, or without one of every."""

    number: int
    start: str = ""
    end: str = ""
    days: Sequence[int] = DAYS
    channel: str = ""


@dataclass(frozen=True)
class PolicyRow:
    """Minutes for each channel, "" where it comes at once."""

    name: str
    title: str
    told: str
    stages: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Calling:
    own_windows: bool
    windows: Sequence[HoursRow]
    window_channels: Sequence[Kind]
    policies: Sequence[PolicyRow]
    late: Sequence[str]
    """Delays that are longer than a level waits."""


def calling(person: Recipient, said: Preferences, channels: Sequence[Kind], typed: QueryDict | None) -> Calling:
    """`typed`: a form that could not be saved, shown as it was typed."""
    section = typed.get("section") if typed else ""
    hours, stages = (typed if section == name else None for name in ("windows", "policies"))
    return Calling(
        own_windows=hours.get("windows") == "own" if hours else said.send_windows is not None,
        windows=[*_windows(said, hours)],
        window_channels=[kind for kind in channels if kind.holdable],
        policies=[_policy(name, said, channels, stages) for name in PolicyName],
        late=[*late(person, said)],
    )


def _windows(said: Preferences, typed: QueryDict | None) -> Iterator[HoursRow]:
    """Those that there are, a channel each, and an empty one."""
    rows = [*_typed(typed)] if typed else [*_stored(said)]
    for number, (start, end, days, channel) in enumerate([*rows, ("", "", DAYS, "")]):
        yield HoursRow(number, start, end, days, channel)


def _stored(said: Preferences) -> Iterator[tuple[str, str, Sequence[int], str]]:
    for one in said.send_windows or ():
        for channel in one.get("channels", [""]):
            yield one["start"], one["end"], one.get("days", DAYS), channel


def _typed(form: QueryDict) -> Iterator[tuple[str, str, Sequence[int], str]]:
    for number in range(ROWS_MAX):
        start, end = form.get(f"start-{number}", ""), form.get(f"end-{number}", "")
        if start or end:
            days = [int(day) for day in form.getlist(f"days-{number}") if day in set("1234567")]
            yield start, end, days or DAYS, form.get(f"channel-{number}", "")


def _policy(name: PolicyName, said: Preferences, channels: Sequence[Kind], typed: QueryDict | None) -> PolicyRow:
    stages: Sequence[Mapping[str, Any]] = said.policies.get(name, ())
    minutes = {one["channel"]: f"{one['after'] / 60:g}" for one in stages}
    shown = {kind.key: typed.get(f"{name}:{kind.key}", "") if typed else minutes.get(kind.key, "") for kind in channels}
    title, told = _called(name)
    return PolicyRow(name, title, told, [(kind.key, str(kind.name), shown[kind.key]) for kind in channels])


def _called(name: PolicyName) -> tuple[str, str]:
    match name:
        case PolicyName.DEFAULT:
            return _("Usually"), _("Empty: at once.")
        case PolicyName.IMPORTANT:
            return _("When it is important"), _("All empty: as usual.")
