"""Who there is: put people and topics of a tenant in, change them, take them out. Sets throughout."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils import timezone

from .kernel import rowset
from .models import Recipient, Role, Subscription, Tenant, Topic
from .topics import problems_of_condition

AD_HOC = "mailto:"
"""How the external id of a mere address begins. No person has one like that."""

PROFILE = ("name", "email", "phone", "locale", "zone", "role", "attributes")
"""What the host may say of a person, beside the external id."""

BULK_MAX = 1_000
ATTRIBUTES_MAX, DEPTH_MAX = 64 * 1024, 32


_hear_of_zones: list[Callable[[Sequence[int]], object]] = []


def on_new_zone(hear: Callable[[Sequence[int]], object]) -> None:
    """Have this be told, in the transaction of the change, which people are in another time zone now. Called from
    `AppConfig.ready()`."""
    _hear_of_zones.append(hear)


_hear_of_tenants: list[Callable[[int], object]] = []


def on_new_zone_of_tenant(hear: Callable[[int], object]) -> None:
    """The same for a tenant, whose zone is that of all its people without one of their own."""
    _hear_of_tenants.append(hear)


def move_tenant(tenant: Tenant, zone: str) -> None:
    """It is in this time zone from now on. Raises ValidationError for what is none."""
    if problem := problem_with("zone", zone):
        raise ValidationError({"zone": problem})
    with transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).update(zone=zone)
        tenant.zone = zone
        for hear in _hear_of_tenants:
            hear(tenant.pk)


def put_people(tenant: Tenant, people: Mapping[str, Mapping[str, Any]], *, revive: bool = True) -> list[Recipient]:
    """Create or change these people of one tenant, by external id: at most 1,000, in four statements.

    What is not named of a person stays as it is (or empty, for a new one). Somebody who was taken out is back in,
    unless not `revive`: then they are changed and stay out. Calls at the same moment, also for the same new people,
    follow each other. Answers in the order given. Raises ValidationError by `external_id.field`; then nothing was
    written.
    """
    _check(people)
    with transaction.atomic():
        rows = Recipient.objects.filter(tenant=tenant, external_id__in=list(people))
        known = set(rows.values_list("external_id", flat=True))
        # In one order everywhere, before any lock: nobody waits for somebody who waits for them.
        new = _insert(tenant, {name: people[name] for name in sorted(people) if name not in known})
        rest = [name for name in people if name not in new]
        locked = rows.filter(external_id__in=rest).select_for_update(of=("self",)).order_by("pk") if rest else ()
        found = {**new, **{person.external_id: person for person in locked}}
        zones = {person.pk: person.zone for person in locked}
        changed = [found[name] for name in rest if _apply(found[name], people[name], revive=revive)]
        named = sorted({name for said in people.values() for name in said} | {"active"})
        moved = [person.pk for person in changed if person.zone != zones[person.pk]]
        if changed:
            Recipient.objects.across_tenants().bulk_update(changed, named)
        for hear in _hear_of_zones if moved else ():
            hear(moved)
    return [found[name] for name in people]


def _insert(tenant: Tenant, people: Mapping[str, Mapping[str, Any]]) -> dict[str, Recipient]:
    """Write these, in the order given; by external id those whom nobody else has put in meanwhile. One statement."""
    if not people:
        return {}
    now = timezone.now()
    new = {name: Recipient(tenant=tenant, external_id=name, created_at=now, **said) for name, said in people.items()}
    texts = ("external_id", *(name for name in PROFILE if name != "attributes"))
    columns: dict[str, rowset.Column] = {
        "public_id": ("uuid", [rowset.uuid_text(connection, one.public_id) for one in new.values()]),
        **{name: ("text", [str(getattr(one, name)) for one in new.values()]) for name in texts},
        "attributes": ("jsonb", [json.dumps(one.attributes) for one in new.values()]),
    }
    source, parameters = rowset.table(connection, "t", columns)
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Recipient._meta.db_table} (tenant_id, active, created_at, {names})"
            f" SELECT %s, true, %s, {names} FROM {source} WHERE true"
            " ON CONFLICT (tenant_id, external_id) DO NOTHING RETURNING external_id, id",
            [tenant.pk, connection.ops.adapt_datetimefield_value(now), *parameters],
        )
        ids: dict[str, int] = dict(cursor.fetchall())
    for name, pk in ids.items():
        new[name].pk = pk
        new[name]._state.adding = False
    return {name: new[name] for name in ids}


def take_out(tenant: Tenant, external_ids: Sequence[str]) -> int:
    """These people are not told anything more. Their rows stay, for the record and for coming back; how many."""
    people = Recipient.objects.filter(tenant=tenant, external_id__in=external_ids, active=True)
    return people.update(active=False)


def subscribe(topic: Topic, external_ids: Sequence[str], *, condition: Any = None) -> None:
    """These people follow the topic from now on; with a `condition`, of what goes there that of which it is true. It
    is the condition also of those who followed already. Raises ValidationError with the names that are not in the
    tenant, or with what is wrong with the condition."""
    if problems := problems_of_condition(condition):
        raise ValidationError({"condition": problems})
    found = _known(topic.tenant_id, external_ids)
    lines = [Subscription(topic=topic, recipient_id=person, condition=condition) for person in sorted(found.values())]
    Subscription.objects.bulk_create(
        lines, update_conflicts=True, unique_fields=["topic", "recipient"], update_fields=["condition"]
    )


def unsubscribe(topic: Topic, external_ids: Sequence[str]) -> int:
    """These people do not follow it any more; how many did."""
    people = Recipient.objects.filter(tenant=topic.tenant_id, external_id__in=external_ids).values("pk")
    count, _ = Subscription.objects.filter(topic=topic, recipient__in=people).delete()
    return count


def _known(tenant_id: int, external_ids: Sequence[str]) -> dict[str, int]:
    people = Recipient.objects.filter(tenant=tenant_id, external_id__in=external_ids)
    found = dict(people.values_list("external_id", "pk"))
    unknown = sorted(set(external_ids) - set(found))
    if unknown:
        raise ValidationError(dict.fromkeys(unknown, "is not a person of this tenant"))
    return found


def _apply(person: Recipient, said: Mapping[str, Any], *, revive: bool) -> bool:
    """Whether anything is new."""
    wanted = {**said, "active": True} if revive else said
    changes = {name: value for name, value in wanted.items() if getattr(person, name) != value}
    for name, value in changes.items():
        setattr(person, name, value)
    return bool(changes)


def _check(people: Mapping[str, Mapping[str, Any]]) -> None:
    if len(people) > BULK_MAX:
        raise ValidationError(f"At most {BULK_MAX} people fit into one call; these are {len(people)}.")
    errors: dict[str, str] = {}
    fine: set[tuple[str, str]] = set()  # a thousand people have few languages, zones and roles
    for external_id, said in people.items():
        if not (isinstance(external_id, str) and 0 < len(external_id) <= 255 and external_id.isprintable()):
            errors[f"{ascii(external_id)[:40]}.external_id"] = "Must be text of 1 to 255 printable characters."
        elif external_id.startswith(AD_HOC):
            errors[f"{external_id}.external_id"] = f"{AD_HOC} stands before mere addresses; name a person otherwise."
        for name, value in said.items():
            if isinstance(value, str) and (name, value) in fine:
                continue
            problem = problem_with(name, value)
            if problem:
                errors[f"{external_id}.{name}"] = problem
            elif isinstance(value, str):
                fine.add((name, value))
    if errors:
        raise ValidationError(errors)


def problem_with(name: str, value: Any) -> str | None:
    """What is wrong with this word of a profile; None where nothing is."""
    if name not in PROFILE:
        return f"Unknown; known: {', '.join(PROFILE)}."
    if name == "attributes":
        return _attributes_problem(value)
    longest = _longest(name)
    if not isinstance(value, str) or len(value) > longest or not (value.isprintable() or not value):
        return f"Must be text of at most {longest} printable characters."
    if name == "email" and value:
        try:
            validate_email(value)
        except ValidationError:
            return "Is not an e-mail address."
    if name == "zone" and value and value not in _zones():
        return "Is not an IANA time zone, like Europe/Lisbon."
    if name == "role" and value not in Role.values:
        return f"Must be one of {', '.join(Role.values)}."
    return None


@cache
def _longest(name: str) -> int:
    """How many characters the column of this word has."""
    return getattr(Recipient._meta.get_field(name), "max_length", None) or 0


@cache
def _zones() -> frozenset[str]:
    """Read once: a thousand people name a thousand zones."""
    return frozenset(zoneinfo.available_timezones())


def _attributes_problem(value: Any) -> str | None:
    """Plain JSON that every database can hold, as for a payload."""
    if not isinstance(value, dict):
        return "Must be an object."
    try:
        size = len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode())
        deepest = _depth(value)
    except RecursionError:
        return f"Is nested deeper than {DEPTH_MAX} levels."
    except UnicodeEncodeError:
        return "Contains half of a surrogate pair, which is no character."
    except (TypeError, ValueError) as error:
        return f"Is not plain JSON: {error}."
    if size > ATTRIBUTES_MAX:
        return f"Has {size} bytes; {ATTRIBUTES_MAX} are allowed."
    return f"Is nested deeper than {DEPTH_MAX} levels." if deepest > DEPTH_MAX else None


def _depth(value: Any) -> int:
    """How deep it is nested. Raises ValueError for a NUL, TypeError for a key that is not text."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str) and "\0" in one:
            raise ValueError("it contains a NUL character")
        if isinstance(one, dict):
            if not all(isinstance(key, str) for key in one):
                raise TypeError("a key that is not text")
            waiting += [(key, depth) for key in one] + [(inner, depth + 1) for inner in one.values()]
        elif isinstance(one, list | tuple):
            waiting += [(inner, depth + 1) for inner in one]
        else:
            continue
        deepest = max(deepest, depth)
    return deepest
