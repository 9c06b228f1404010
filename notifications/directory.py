"""Who there is: put people and topics of a tenant in, change them, take them out. Sets throughout."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from .models import Recipient, Role, Subscription, Tenant, Topic

PROFILE = ("name", "email", "phone", "locale", "zone", "role", "attributes")
"""What the host may say of a person, beside the external id."""

BULK_MAX = 1_000


def put_people(tenant: Tenant, people: Mapping[str, Mapping[str, Any]]) -> list[Recipient]:
    """Create or change these people of one tenant, by external id: at most 1,000, in three statements.

    What is not named of a person stays as it is (or empty, for a new one); somebody who was taken out is back in.
    Raises ValidationError by `external_id.field`; then nothing was written.
    """
    _check(people)
    with transaction.atomic():
        rows = Recipient.objects.filter(tenant=tenant, external_id__in=people).select_for_update(of=("self",))
        known = {person.external_id: person for person in rows.order_by("pk")}
        changed = [_apply(known[name], said) for name, said in people.items() if name in known]
        new = [_apply(Recipient(tenant=tenant, external_id=name), people[name]) for name in people if name not in known]
        Recipient.objects.bulk_create(new)
        if changed:
            Recipient.objects.across_tenants().bulk_update(changed, [*PROFILE, "active"])
    return [*changed, *new]


def take_out(tenant: Tenant, external_ids: Sequence[str]) -> int:
    """These people are not told anything more. Their rows stay, for the record and for coming back; how many."""
    people = Recipient.objects.filter(tenant=tenant, external_id__in=external_ids, active=True)
    return people.update(active=False)


def subscribe(topic: Topic, external_ids: Sequence[str]) -> None:
    """These people follow the topic from now on. Raises ValidationError with the names that are not in the tenant."""
    found = _known(topic.tenant_id, external_ids)
    lines = [Subscription(topic=topic, recipient_id=person) for person in found.values()]
    Subscription.objects.bulk_create(lines, ignore_conflicts=True)


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


def _apply(person: Recipient, said: Mapping[str, Any]) -> Recipient:
    for name in PROFILE:
        if name in said:
            setattr(person, name, said[name])
    person.active = True
    return person


def _check(people: Mapping[str, Mapping[str, Any]]) -> None:
    if len(people) > BULK_MAX:
        raise ValidationError(f"At most {BULK_MAX} people fit into one call; these are {len(people)}.")
    errors: dict[str, str] = {}
    for external_id, said in people.items():
        for name, value in said.items():
            problem = _problem(name, value)
            if problem:
                errors[f"{external_id}.{name}"] = problem
    if errors:
        raise ValidationError(errors)


def _problem(name: str, value: Any) -> str | None:
    if name not in PROFILE:
        return f"Unknown; known: {', '.join(PROFILE)}."
    if name == "attributes":
        return None if isinstance(value, dict) else "Must be an object."
    longest: int = getattr(Recipient._meta.get_field(name), "max_length", None) or 0
    if not isinstance(value, str) or len(value) > longest or not (value.isprintable() or not value):
        return f"Must be text of at most {longest} printable characters."
    if name == "email" and value:
        try:
            validate_email(value)
        except ValidationError:
            return "Is not an e-mail address."
    if name == "zone" and value and value not in zoneinfo.available_timezones():
        return "Is not an IANA time zone, like Europe/Lisbon."
    if name == "role" and value not in Role.values:
        return f"Must be one of {', '.join(Role.values)}."
    return None
