"""The rows behind decisions: two statements, for any number of people and subjects. Plain rows, no models; nothing is
remembered from one call to the next, so a change counts from its commit on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from notifications.kernel import rowset
from notifications.models import Recipient, Tenant

from .hours import NOTHING_SAID, Row
from .models import Choice, Habits, TenantChoice, TenantHabits
from .precedence import ChoiceRow, TenantRow
from .verdict import Subject

_DEFAULT, _LOCK = 0, -1
"""Stand where a person would, in rows that are their tenant's."""

_TIMES = ("quiet_hours", "send_windows", "frequencies", "digest_at", "digest_day")


@dataclass(frozen=True)
class Said:
    """What people chose, and what their tenant says."""

    choices: Sequence[ChoiceRow]
    of_tenant: Sequence[TenantRow]


NOTHING_CHOSEN = Said((), ())


def said_about(subjects: Sequence[Subject], recipients: Sequence[int], *, tenant_id: int) -> Said:
    """Every choice, default and lock that speaks of one of these subjects. One statement."""
    chosen, people = rowset.any_of(connection, "recipient_id", recipients)
    speaks, named = _speaks_of(subjects)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT recipient_id, workflow, category, kind, wanted FROM {Choice._meta.db_table}"
            f" WHERE {chosen} AND tenant_id = %s AND {speaks}"
            f" UNION ALL SELECT CASE WHEN locked THEN {_LOCK} ELSE {_DEFAULT} END, workflow, category, kind, wanted"
            f" FROM {TenantChoice._meta.db_table}"
            f" WHERE tenant_id = %s AND {speaks}",
            [*people, tenant_id, *named, tenant_id, *named],
        )
        rows = cursor.fetchall()
    of_tenant = [(*row[1:4], bool(row[4]), row[0] == _LOCK) for row in rows if row[0] <= 0]
    return Said([row for row in rows if row[0] > 0], of_tenant)


def hours_of(recipients: Sequence[int], *, tenant_id: int) -> tuple[dict[int, Row], Row]:
    """The zone and the hours of each of these people who has some, and those of their tenant. One statement."""
    chosen, people = rowset.any_of(connection, "r.id", recipients)
    times = ", ".join(f"h.{name}" for name in _TIMES)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.id, r.zone, {times}, h.snooze_until FROM {Recipient._meta.db_table} r"
            f" LEFT JOIN {Habits._meta.db_table} h ON h.recipient_id = r.id AND h.tenant_id = r.tenant_id"
            f" WHERE {chosen} AND r.tenant_id = %s AND (r.zone <> '' OR h.id IS NOT NULL)"
            f" UNION ALL SELECT NULL, h2.zone, {times}, NULL FROM {Tenant._meta.db_table} h2"
            f" LEFT JOIN {TenantHabits._meta.db_table} h ON h.tenant_id = h2.id WHERE h2.id = %s",
            [*people, tenant_id, tenant_id],
        )
        rows = cursor.fetchall()
    found, tenant = dict[int, Row](), NOTHING_SAID
    for person, *said, snoozed in rows:
        row = Row._make((*said, rowset.moment(snoozed)))
        if person is None:
            tenant = row
        else:
            found[person] = row
    return found, tenant


def _speaks_of(subjects: Iterable[Subject]) -> tuple[str, list[str]]:
    """SQL for "names nothing else than one of these subjects", which may be a little too much: the rest is no key of
    `precedence.speaking_of`."""
    asked = list(subjects)
    parts, parameters = list[str](), list[str]()
    for column in ("kind", "category", "workflow"):
        values = sorted({"", *(getattr(subject, column) for subject in asked)})
        parts.append(f"{column} IN ({', '.join(['%s'] * len(values))})")
        parameters += values
    return " AND ".join(parts), parameters
