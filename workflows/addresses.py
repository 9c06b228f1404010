"""Mere addresses as recipients: `{"email": "…"}` for somebody who is nobody here.

A trigger only keeps what it was given. When the run is worked off, an address that a person of the tenant has is that
person, so that nobody is told twice and their wishes count; any other becomes a row of its own, `ad_hoc`. So it walks,
waits in digests, is throttled, cancelled and explained like everybody else, at no cost to those paths; and as it is
never active, no list of people has it. It is told by mail and by nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection

from notifications.directory import AD_HOC, problem_with
from notifications.kernel import rowset
from notifications.models import Recipient

if TYPE_CHECKING:
    from .audience import Audience

PROFILE = ("name", "locale", "zone")
"""What may be said of an address beside it, for the texts."""


@dataclass(frozen=True)
class Address:
    """One e-mail address, and what texts may say of whoever has it."""

    email: str
    name: str = ""
    locale: str = ""
    zone: str = ""

    @classmethod
    def problem_of(cls, given: Mapping[str, Any]) -> str:
        """Why this is none, in a sentence; nothing where it is one."""
        if unknown := sorted(set(given) - {"email", *PROFILE}):
            return f"an address takes {', '.join(PROFILE)} beside it, and no {', '.join(unknown)}"
        email = given["email"]
        try:
            validate_email(email if isinstance(email, str) else "")
        except ValidationError:
            return "is not an e-mail address"
        wrong = [name for name in ("email", *PROFILE) if name in given and problem_with(name, given[name])]
        return f"{wrong[0]}: {problem_with(wrong[0], given[wrong[0]])}" if wrong else ""

    @property
    def name_here(self) -> str:
        """By what its row is found: upper and lower case are one."""
        return f"{AD_HOC}{self.email.lower()}"[:255]

    def to_json(self) -> dict[str, str]:
        return {name: value for name, value in self.__dict__.items() if value}


def entered(audiences: Sequence[Audience], *, tenant_id: int) -> list[Audience]:
    """The same, with the recipient ids of their addresses among the people. Rows that are missing are made. Four
    statements at most for any number of them; none where there are no addresses."""
    wanted = _wanted(audiences)
    if not wanted:
        return list(audiences)
    known = _people(wanted, tenant_id)
    fresh = {name: one for name, one in sorted(wanted.items()) if name not in known}
    if fresh:
        rows = Recipient.reachable.filter(tenant=tenant_id, external_id__in=list(fresh), ad_hoc=True)
        there = {row.external_id: row for row in rows}
        missing = [_row(name, one, tenant_id) for name, one in fresh.items() if name not in there]
        Recipient.reachable.bulk_create(missing, ignore_conflicts=True)  # somebody may make the same at this moment
        there |= {row.external_id: row for row in rows.all()} if missing else {}
        _say(there, fresh)
        known |= {name: row.pk for name, row in there.items()}
    return [_with(audience, known) for audience in audiences]


def known(audience: Audience, *, tenant_id: int) -> tuple[Audience, int]:
    """The same with those that are here already, and how many addresses are not. Nothing is written."""
    wanted = _wanted([audience])
    if not wanted:
        return audience, 0
    found = _people(wanted, tenant_id)
    rows = Recipient.reachable.filter(tenant=tenant_id, external_id__in=set(wanted) - set(found), ad_hoc=True)
    found |= dict(rows.values_list("external_id", "pk"))
    return _with(audience, found), len(set(wanted) - set(found))


def _wanted(audiences: Collection[Audience]) -> dict[str, Address]:
    return {one.name_here: one for audience in audiences for one in audience.addresses}


def _with(audience: Audience, known: Mapping[str, int]) -> Audience:
    ids = {known[one.name_here] for one in audience.addresses if one.name_here in known}
    return replace(audience, people=tuple(sorted({*audience.people, *ids}))) if ids else audience


def _people(wanted: Mapping[str, Address], tenant_id: int) -> dict[str, int]:
    """The active person who has each address; of several the first."""
    names = {one.email.lower(): name for name, one in wanted.items()}
    chosen, values = rowset.any_of(connection, "lower(email)", sorted(names), kind="text")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT lower(email), min(id) FROM {Recipient._meta.db_table}"
            f" WHERE tenant_id = %s AND active AND email <> '' AND {chosen} GROUP BY lower(email)",
            [tenant_id, *values],
        )
        return {names[email]: pk for email, pk in cursor.fetchall() if email in names}


def _row(name: str, one: Address, tenant_id: int) -> Recipient:
    said = {field: getattr(one, field) for field in ("email", *PROFILE)}
    return Recipient(tenant_id=tenant_id, external_id=name, role="", active=False, ad_hoc=True, **said)


def _say(rows: Mapping[str, Recipient], wanted: Mapping[str, Address]) -> None:
    """What is said of an address now counts; what is not said stays."""
    changed = []
    for name, row in rows.items():
        said = {field: value for field, value in wanted[name].to_json().items() if field in PROFILE}
        if any(getattr(row, field) != value for field, value in said.items()):
            row.__dict__.update(said)
            changed.append(row)
    if changed:
        Recipient.reachable.across_tenants().bulk_update(changed, PROFILE)
