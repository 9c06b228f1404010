"""What `manage.py check` says of this app. What stands in tables is asked of a database, so those checks run with
`migrate` and `check --database default`."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.core import checks
from django.db import DatabaseError, connections
from django.db.models import QuerySet

from notifications.models import Category, NoticeType

from . import times
from .models import TenantChoice, TenantHabits, personal_kinds

TOLD_MAX = 20
"""Of each kind of problem; whoever has more has seen what it is about."""


def check_zone_tables(**_: Any) -> list[checks.CheckMessage]:
    """`notifyhub.W030`: zone rules come from the operating system, whose tables are often years old."""
    if not zoneinfo.TZPATH:
        return []
    message = f"Zone rules are read from {zoneinfo.TZPATH[0]} before the tzdata package."
    hint = 'Set PYTHONTZPATH="" for every process, or call zoneinfo.reset_tzpath(to=[]) in your settings.'
    return [checks.Warning(message, hint=hint, id="notifyhub.W030")]


def check_defaults_and_locks(*, databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """`notifyhub.W031` to `W034` and `E035`: defaults, locks and hours of tenants that cannot do what they say."""
    found: list[checks.CheckMessage] = []
    for name in databases or ():
        try:
            if TenantChoice._meta.db_table in connections[name].introspection.table_names():
                for problems in (_unknown_channels, _contradictions, _unknown_names, _powerless, _unreadable_hours):
                    found += islice(problems(name), TOLD_MAX)
        except DatabaseError:  # that it is away, or not migrated, is another check's news
            continue
    return found


def _choices(using: str) -> QuerySet[TenantChoice]:
    return TenantChoice.objects.using(using).across_tenants().select_related("tenant").order_by("pk")


def _unknown_channels(using: str) -> Iterator[checks.CheckMessage]:
    known = ["", *(kind.key for kind in personal_kinds())]
    for row in _choices(using).exclude(kind__in=known):
        hint = f"Name one of {', '.join(known[1:])}, or install what sends {row.kind!r}."
        yield checks.Warning(f"{_said(row)}: there is no such channel to people.", hint=hint, id="notifyhub.W031")


def _contradictions(using: str) -> Iterator[checks.CheckMessage]:
    """A lock and a default of one width that say the opposite: the default never counts."""
    locks = {_width(row): row.wanted for row in _choices(using).filter(locked=True)}
    for row in _choices(using).filter(locked=False):
        if locks.get(_width(row), row.wanted) != row.wanted:
            message = f"{_said(row)}: a lock of the same width says the opposite, so this never counts."
            yield checks.Warning(message, hint="Remove one of them.", id="notifyhub.W032")


def _unknown_names(using: str) -> Iterator[checks.CheckMessage]:
    """Names of categories and workflows that neither the tenant nor the site has."""
    for field, model in (("category", Category), ("workflow", NoticeType)):
        known = set(model.objects.using(using).values_list("tenant", "key"))
        for row in _choices(using).exclude(**{field: ""}):
            name = getattr(row, field)
            if not {(None, name), (row.tenant_id, name)} & known:
                hint = "Correct its key, or remove the row."
                yield checks.Warning(f"{_said(row)}: there is no such {field}.", hint=hint, id="notifyhub.W033")


def _powerless(using: str) -> Iterator[checks.CheckMessage]:
    """Locks of critical workflows, which pass every lock."""
    critical = set(NoticeType.objects.using(using).filter(critical=True).values_list("tenant", "key"))
    for row in _choices(using).filter(locked=True, wanted=False).exclude(workflow=""):
        if {(None, row.workflow), (row.tenant_id, row.workflow)} & critical:
            hint = "Make the workflow uncritical, or remove the lock."
            message = f"{_said(row)}: the workflow is critical, so it passes this lock."
            yield checks.Warning(message, hint=hint, id="notifyhub.W034")


def _unreadable_hours(using: str) -> Iterator[checks.CheckMessage]:
    """Hours that were written past every form, in a shape that decisions cannot read."""
    for row in TenantHabits.objects.using(using).across_tenants().select_related("tenant").order_by("pk"):
        problems = {
            "quiet_hours": times.quiet_hours_problem(row.quiet_hours),
            "send_windows": times.send_windows_problem(row.send_windows),
            "frequencies": times.frequencies_problem(row.frequencies),
            "digest_at": times.digest_at_problem(row.digest_at),
        }
        for field, problem in problems.items():
            if problem:
                message = f"The default hours of {row.tenant.slug}, {field}: {problem}"
                yield checks.Error(message, hint="Correct them in the admin.", id="notifyhub.E035")


def _width(row: TenantChoice) -> tuple[int, str, str, str]:
    return row.tenant_id, row.kind, row.category, row.workflow


def _said(row: TenantChoice) -> str:
    return f"{row.tenant.slug}, {row}"
