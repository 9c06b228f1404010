"""Times that come every week, by the clock on some wall: `{"mon": [["09:00", "17:00"]], …}`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from notifications.kernel.local_time import END_READING, READING, WEEKDAYS, Window

_SPAN: Mapping[str, Any] = {
    "type": "array",
    "minItems": 2,
    "maxItems": 2,
    "prefixItems": [{"type": "string", "pattern": READING}, {"type": "string", "pattern": END_READING}],
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"enum": list(WEEKDAYS)},
    "additionalProperties": {"type": "array", "minItems": 1, "maxItems": 10, "items": _SPAN},
}
"""JSON Schema of a week of them; `problems_of_week` says the rest."""

Week = Mapping[str, Sequence[Sequence[str]]]


def problems_of_week(week: Week) -> Iterator[str]:
    """What is wrong with one that fits the schema."""
    for day, spans in week.items():
        for start, end in spans:
            if start == end:
                yield _("on %(day)s, %(time)s to %(time)s is no time; end it later, or at 24:00.") % {
                    "day": day,
                    "time": start,
                }


def windows_of(week: Week) -> dict[int, list[Window]]:
    """By weekday, 0 for Monday. One that does not end after it begins ends on the next day."""
    return {WEEKDAYS.index(day): [Window.of(start, end) for start, end in spans] for day, spans in week.items()}
