"""To whom: what a caller named, turned into an audience, and an audience into pages of recipient ids.

An audience is people by name, topics with all that lies in them, roles, who follows an object, mere addresses, or
everyone; whoever is matched several times counts once. It is resolved when the run is worked off, so that somebody who
joined a topic a moment ago is told. Addresses become ids in `addresses.py`, small groups are read for many runs at once
in `groups.py`, and whose subscription says not this time is found in `subscribed.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from notifications import topics as nested
from notifications.kernel import rowset
from notifications.kernel.storable import STRANGE, is_storable
from notifications.models import Attention, Recipient, Role, Stance, Subscription, Tenant, Topic

from .addresses import Address

Named = dict[str, Any]
"""One recipient as the API spells it: exactly one of `FORMS`; an `email` may have a profile beside it."""

FORMS = {"user", "id", "topic", "role", "everyone", "followers", "email"}
OF_ONE_PERSON = {"user", "id", "account"}
_OF_PYTHON = {"account"}  # a Django user, which only Python can hand over


class UnknownRecipients(ValueError):
    """`names` are those that are not in this tenant, or not understood, each with the reason."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in names.items()))
        self.names = dict(names)


@dataclass(frozen=True)
class Audience:
    """Recipient ids, topic ids and roles of one tenant; or everyone in it. `followers`: of which object, as
    `notifications.targets` spells it."""

    people: tuple[int, ...] = ()
    topics: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False
    followers: str = ""
    addresses: tuple[Address, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether it is people by name, and nobody else."""
        return bool(self.people) and self == Audience(people=self.people)

    def to_json(self) -> dict[str, Any]:
        """Without what is empty."""
        parts = {
            "people": list(self.people),
            "topics": list(self.topics),
            "roles": list(self.roles),
            "followers": self.followers,
            "addresses": [one.to_json() for one in self.addresses],
        }
        found: dict[str, Any] = {name: value for name, value in parts.items() if value}
        return {**found, "everyone": True} if self.everyone else found

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Audience:
        return cls(
            tuple(stored.get("people", ())),
            tuple(stored.get("topics", ())),
            tuple(stored.get("roles", ())),
            stored.get("everyone", False),
            stored.get("followers", ""),
            tuple(Address(**one) for one in stored.get("addresses", ())),
        )


ADMINS = Audience(roles=(Role.OWNER, Role.ADMIN))
"""Who is told when nobody is named."""


def spell(given: Iterable[Any] | None) -> list[Named] | None:
    """What a caller passed, in the API's spelling: a person, a topic, a Django user, an external id, or a mapping.

    Raises UnknownRecipients for anything else, and for names that no database holds.
    """
    if given is None:
        return None
    names = [_spell_one(one) for one in given]
    values = (value for name in names for value in name.values() if isinstance(value, str))
    if strange := [value for value in values if not is_storable(value)]:
        raise UnknownRecipients({repr(value)[:100]: STRANGE for value in strange})
    return names


def _spell_one(one: Any) -> Named:
    if isinstance(one, Mapping) and "email" in one:
        if problem := Address.problem_of(one):
            raise UnknownRecipients({str(one["email"])[:100]: problem})
        return dict(one)
    match one:
        case str():
            return {"user": one}
        case dict() if len(one) == 1 and "id" not in one and set(one) <= FORMS and _fits(one):
            return dict(one)
        case Recipient():
            return {"id": str(one.public_id)}
        case Topic():
            return {"topic": one.key}
        case AbstractBaseUser():
            return {"account": one.pk}
        case Mapping() if len(one) == 1 and set(one) <= FORMS and _fits(one):
            return {"id": str(UUID(one["id"]))} if _is_uuid(one.get("id", "")) else dict(one)
    raise UnknownRecipients(
        {repr(one)[:100]: f"a recipient is an object with exactly one of {', '.join(sorted(FORMS))}"}
    )


def _fits(one: Mapping[str, Any]) -> bool:
    form, value = next(iter(one.items()))
    return value is True if form in ("everyone", "followers") else isinstance(value, str) and 0 < len(value) <= 255


def resolve_many(
    asked: Sequence[list[Named] | None], *, tenant: Tenant, using: str = "default", targets: Sequence[str] = ()
) -> list[Audience | UnknownRecipients]:
    """An audience for each, or what is wrong with it, by name. Two queries for any number of them. `targets`: of each,
    the object that it is about, whose followers may be meant."""
    named = [one for names in asked for one in names or ()]
    people = _find_people(named, tenant, using)
    topics = _find_topics(named, tenant, using)
    about = targets or [""] * len(asked)
    return [
        _audience(names, people, topics, target) if names else ADMINS
        for names, target in zip(asked, about, strict=True)
    ]


def people_named(names: Iterable[Any], *, tenant: Tenant) -> list[Recipient]:
    """The people that these are, each by `user` or `id`. Raises UnknownRecipients, also for a name of several."""
    spelt = spell(names) or []
    for one in spelt:
        if not set(one) & OF_ONE_PERSON:
            raise UnknownRecipients({str(one)[:100]: "is not the name of one person: give their `user` or `id`"})
    (found,) = resolve_many([spelt], tenant=tenant)
    if isinstance(found, UnknownRecipients):
        raise found
    return list(Recipient.objects.filter(tenant=tenant, pk__in=found.people).order_by("pk"))


def _find_people(named: Sequence[Named], tenant: Tenant, using: str) -> dict[tuple[str, Any], int]:
    externals = sorted({one["user"] for one in named if "user" in one})
    publics = sorted({one["id"] for one in named if "id" in one and _is_uuid(one["id"])})
    accounts = {one["account"] for one in named if "account" in one}
    connection, found = connections[using], dict[tuple[str, Any], int]()
    for form, column, kind, values in (
        ("user", "external_id", "text", externals),
        ("id", "public_id", "uuid", [rowset.uuid_text(connection, UUID(one)) for one in publics]),
    ):
        if not values:
            continue
        # By hand: the ORM takes longer to write this query than all the rest of a trigger takes.
        chosen, parameters = rowset.any_of(connection, column, values, kind=kind)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {column}, id FROM {Recipient._meta.db_table} WHERE tenant_id = %s AND active AND {chosen}",
                [tenant.pk, *parameters],
            )
            rows = cursor.fetchall()
        found |= {(form, str(UUID(str(value))) if form == "id" else value): pk for value, pk in rows}
    if accounts:
        named_users = Recipient.objects.using(using).filter(tenant=tenant, active=True, user_id__in=accounts)
        found |= {("account", str(value)): pk for value, pk in named_users.values_list("user_id", "pk")}
    return found


def _find_topics(named: Sequence[Named], tenant: Tenant, using: str) -> dict[str, int]:
    keys = sorted({one["topic"] for one in named if "topic" in one})
    if not keys:
        return {}
    return dict(Topic.objects.using(using).filter(tenant=tenant, key__in=keys).values_list("key", "pk"))


def _audience(
    names: list[Named], people: Mapping[tuple[str, Any], int], topics: Mapping[str, int], target: str
) -> Audience | UnknownRecipients:
    ids, topic_ids, roles, unknown, everyone = set(), set(), set(), {}, False
    followers, addresses = "", dict[str, Address]()
    for one in names:
        form, value = next(iter(one.items())) if "email" not in one else ("email", one["email"])
        if form == "everyone":
            everyone = True
        elif form == "followers" and target:
            followers = target
        elif form == "email":
            address = Address(**one)
            addresses.setdefault(address.name_here, address)
        elif form == "role" and value in Role.values:
            roles.add(value)
        elif form == "topic" and value in topics:
            topic_ids.add(topics[value])
        elif (form, str(value)) in people:
            ids.add(people[form, str(value)])
        else:
            unknown[f"{form} {value}"] = _WHY.get(form, "is not an active person of this tenant")
    if unknown:
        return UnknownRecipients(unknown)
    return Audience(
        tuple(sorted(ids)),
        tuple(sorted(topic_ids)),
        tuple(sorted(roles)),
        everyone,
        followers,
        tuple(addresses[name] for name in sorted(addresses)),
    )


_WHY = {
    "followers": "are those of an object, and the trigger says none: give it a `target`",
    "topic": "is not a topic of this tenant",
    "role": f"is not a role; roles are {', '.join(Role.values)}",
}


def page(
    audience: Audience, *, tenant_id: int, after: int, limit: int, without: int | None, using: str = "default"
) -> list[int]:
    """The next `limit` recipient ids above `after`, ascending, each once. Every part reads at most `limit` index
    entries (each topic, on PostgreSQL), so a page costs the same wherever it lies. Two queries at most."""
    connection = connections[using]
    parts, parameters = _parts(connection, audience, tenant_id, after, limit)
    if not parts:
        return []
    skip = -1 if without is None else without
    union = " UNION ".join(f"SELECT id FROM ({part}) p{number}" for number, part in enumerate(parts))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT id FROM ({union}) everybody WHERE id <> %s ORDER BY id LIMIT {limit:d}",
            [*parameters, skip],
        )
        return [row[0] for row in cursor.fetchall()]


def _parts(
    connection: BaseDatabaseWrapper, audience: Audience, tenant_id: int, after: int, limit: int
) -> tuple[list[str], list[Any]]:
    recipient, subscription = Recipient._meta.db_table, Subscription._meta.db_table
    members = f"SELECT id FROM {recipient} WHERE tenant_id = %s AND active AND id > %s"
    active = f"JOIN {recipient} r ON r.id = s.recipient_id AND r.active"
    tail = f"LIMIT {limit + 1:d}"
    parts: list[str] = []
    parameters: list[Any] = []
    if audience.everyone:
        parts.append(f"{members} ORDER BY id {tail}")
        parameters += [tenant_id, after]
    if audience.people:
        named, values = rowset.any_of(connection, "id", audience.people[bisect_right(audience.people, after) :])
        there = f"tenant_id = %s AND (active OR ad_hoc) AND {named}"
        parts.append(f"SELECT id FROM {recipient} WHERE {there} ORDER BY id {tail}")
        parameters += [tenant_id, *values]
    if audience.everyone:  # which mere addresses are not among: they are named beside it
        return parts, parameters
    for role in audience.roles:
        parts.append(f"{members} AND role = %s ORDER BY id {tail}")
        parameters += [tenant_id, after, role]
    if audience.followers:
        parts.append(
            f"SELECT a.recipient_id AS id FROM {Attention._meta.db_table} a JOIN {recipient} r ON r.id = a.recipient_id"
            " AND r.active WHERE a.tenant_id = %s AND a.target = %s AND a.stance = %s AND a.recipient_id > %s"
            f" ORDER BY a.recipient_id {tail}"
        )
        parameters += [tenant_id, audience.followers, Stance.FOLLOW.value, after]
    if audience.topics:
        inside = nested.below(audience.topics, using=connection.alias)
        everything = sorted({topic for some in inside.values() for topic in some})
        topics, values = rowset.table(connection, "t", {"topic": ("bigint", everything)})
        if connection.vendor == "postgresql":
            followers = (
                f"SELECT s.recipient_id AS id FROM {subscription} s {active}"
                f" WHERE s.topic_id = t.topic AND s.recipient_id > %s AND r.id > %s ORDER BY s.recipient_id {tail}"
            )
            parts.append(f"SELECT DISTINCT id FROM {topics}, LATERAL ({followers}) f")
        else:
            parts.append(
                f"SELECT DISTINCT s.recipient_id AS id FROM {topics} JOIN {subscription} s ON s.topic_id = t.topic"
                f" {active} WHERE s.recipient_id > %s AND r.id > %s ORDER BY s.recipient_id {tail}"
            )
        parameters += [*values, after, after]  # twice: the planner does not carry `>` over a join
    return parts, parameters


def count(audience: Audience, *, tenant_id: int, without: int | None, after: int = 0) -> int:
    """How many people this is now, each once."""
    connection = connections["default"]
    parts, parameters = _parts(connection, audience, tenant_id, after, 10**9)
    if not parts:
        return 0
    union = " UNION ".join(f"SELECT id FROM ({part}) p{number}" for number, part in enumerate(parts))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(DISTINCT id) FROM ({union}) everybody WHERE id <> %s", [*parameters, without or -1]
        )
        found: int = cursor.fetchone()[0]
    return found


def among(audience: Audience, ids: Sequence[int], *, tenant_id: int, without: int | None, after: int = 0) -> set[int]:
    """Which of these people are in it now."""
    connection = connections["default"]
    parts, parameters = _parts(connection, audience, tenant_id, after, 10**9)
    if not parts:
        return set()
    union = " UNION ".join(f"SELECT id FROM ({part}) p{number}" for number, part in enumerate(parts))
    chosen, values = rowset.any_of(connection, "id", ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT id FROM ({union}) everybody WHERE id <> %s AND {chosen}",
            [*parameters, without or -1, *values],
        )
        return {row[0] for row in cursor.fetchall()}


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
