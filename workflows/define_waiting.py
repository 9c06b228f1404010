"""Declaring the steps at which people wait for more than time: digests, waits and escalations. Part of `define.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from .settings_of_steps import Condition, StepSettings, step_settings


def digest(
    *,
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
    slides_up_to: timedelta | None = None,
    at: str | Sequence[str] = (),
    on: Sequence[str] = (),
    zone: str = "",
    key: str = "",
    most: int | None = None,
    leading: bool = False,
    items: int | None = None,
    name: str = "",
    when: Condition = None,
) -> StepSettings:
    """Collect what happens to each person, and go on with all of it together. The texts behind it see `digest.count`
    and `digest.items`, the first ten or `items` of them in order, each with `payload`, `actor.name` and `at`.

    It closes that long after its first event; with `slides_up_to`, that long after its latest, and no later than so
    long after its first. Or `at` a time of the day ("09:00", or several) in each person's zone, or in `zone`; `on` some
    days of the week only ("mon", …). With `most`, also as soon as it holds so many. With `leading`, the first event
    goes on at once, and those that come while the window is open are collected. `key` names a payload value: each value
    of it has a digest of its own.
    """
    settings: dict[str, Any] = {}
    if at:
        settings["times"] = [at] if isinstance(at, str) else list(at)
    else:
        settings["seconds"] = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    given = {
        "slides_up_to": slides_up_to and slides_up_to.total_seconds(),
        "weekdays": list(on),
        "zone": zone,
        "key": key,
        "most": most,
        "leading": leading,
        "items": items,
    }
    settings |= {setting: value for setting, value in given.items() if value}
    return step_settings("digest", settings, name=name, when=when)


def wait_for(
    what: str,
    *,
    event: str = "",
    match: str = "",
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
    on_match: str = "continue",
    on_timeout: str = "continue",
    name: str = "",
    when: Condition = None,
) -> StepSettings:
    """Have each person wait until they have "acknowledged" the run, or "read" its item, or until an "event" of this
    name happens, whose payload has the same value as the run's at `match`; but no longer than that. Then they
    "continue" or "stop"."""
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    settings: dict[str, Any] = {"what": what, "seconds": length}
    ends = {"on_match": on_match, "on_timeout": on_timeout}
    settings |= {setting: end for setting, end in ends.items() if end != "continue"}
    settings |= {setting: value for setting, value in {"event": event, "match": match}.items() if value}
    return step_settings("wait_for", settings, name=name, when=when)


def level(
    *sends: StepSettings,
    to: Sequence[Mapping[str, Any]] = (),
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
    important: bool = False,
) -> StepSettings:
    """One level of an `escalate`: these sends, and how long to wait for an acknowledgement. `to` calls others in, in
    the API's words ({"role": "admin"}, {"topic": "on-call"}, …); without it the run's own people are told. `important`
    passes what people switched off."""
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    told = [{name: value for name, value in one.items() if name != "kind"} for one in sends]
    settings: dict[str, Any] = {"send": told, "seconds": length}
    given = {"to": [dict(one) for one in to], "important": important}
    return settings | {name: value for name, value in given.items() if value}


def escalate(
    *levels: StepSettings,
    repeat: int = 0,
    on_acknowledge: str = "stop",
    on_exhausted: str = "continue",
    name: str = "",
    when: Condition = None,
) -> StepSettings:
    """Tell one `level` after the other until somebody acknowledges the run; then it is over for all. `repeat`: go
    through all of them so many times more. Then the run's own people "continue" or "stop"."""
    settings: dict[str, Any] = {"levels": list(levels)}
    given = {"repeat": repeat, "on_acknowledge": on_acknowledge, "on_exhausted": on_exhausted}
    usual = {"repeat": 0, "on_acknowledge": "stop", "on_exhausted": "continue"}
    settings |= {setting: value for setting, value in given.items() if value != usual[setting]}
    return step_settings("escalate", settings, name=name, when=when)
