"""Who plays in a simulation: people who are made up, and copies of real ones. All of them live on its stage only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from notifications import directory
from notifications.models import Recipient, Role, Subscription, Tenant, Topic
from preferences import changing
from preferences.changing import By
from preferences.copying import copy_choices
from preferences.models import Choice, Via

from ..refusals import BadRequest

PEOPLE_MAX = 1_000
COPIED = ("external_id", "name", "email", "phone", "locale", "zone", "role", "attributes", "active")


@dataclass(frozen=True)
class Wish:
    """Yes or no to a channel, a category or a workflow; with none of them, to everything."""

    channel: str = ""
    category: str = ""
    workflow: str = ""
    wanted: bool = False


@dataclass(frozen=True)
class Persona:
    """Somebody made up, called `user`. `email` None makes up an address too; with "" they have none. `habits`: when
    they want it, fields of `preferences.personal.Preferences` as `preferences.changing.change` takes them."""

    user: str
    name: str = ""
    email: str | None = None
    phone: str = ""
    locale: str = ""
    zone: str = ""
    role: str = Role.MEMBER.value
    attributes: Mapping[str, Any] = field(default_factory=dict)
    topics: Sequence[str] = ()
    wishes: Sequence[Wish] = ()
    habits: Mapping[str, Any] = field(default_factory=dict)

    def profile(self) -> dict[str, Any]:
        """As the directory takes it."""
        email = f"{self.user}@people.invalid" if self.email is None else self.email
        said = {name: getattr(self, name) for name in ("phone", "locale", "zone", "role")}
        return {**said, "name": self.name or self.user, "email": email, "attributes": dict(self.attributes)}


Somebody = Persona | Recipient | str
"""A persona, a real person to be copied, or the name of somebody made up."""


def listed(people: int | Sequence[Somebody]) -> list[Persona | Recipient]:
    """Everybody who plays; of a mere number, people made up as `p1`, `p2`… Raises BadRequest."""
    some = [f"p{n + 1}" for n in range(min(people, PEOPLE_MAX + 1))] if isinstance(people, int) else people
    found = [Persona(one) if isinstance(one, str) else one for one in some]
    if not 0 < len(found) <= PEOPLE_MAX:
        raise BadRequest(f"A simulation takes 1 to {PEOPLE_MAX:,} people.")
    twice = [name for name, n in Counter(map(name_of, found)).items() if n > 1]
    if twice:
        raise BadRequest("Give each person a name of their own.", errors=dict.fromkeys(twice, "plays twice"))
    return found


def name_of(one: Persona | Recipient) -> str:
    return one.user if isinstance(one, Persona) else one.external_id


def enter(people: Sequence[Persona | Recipient], tenant: Tenant, *, now: datetime) -> dict[int, str]:
    """Have them all be people of this tenant; their names there by id, in the order given. Raises BadRequest."""
    made_up = {one.user: one for one in people if isinstance(one, Persona)}
    try:
        rows = directory.put_people(tenant, {user: one.profile() for user, one in made_up.items()})
    except ValidationError as error:
        told = {where: " ".join(words) for where, words in error.message_dict.items()}
        raise BadRequest("Some people cannot be as you want them.", errors=told) from None
    real = [one for one in people if isinstance(one, Recipient)]
    copies = Recipient.objects.bulk_create(_copy(one, tenant) for one in real)
    ids = {row.external_id: row.pk for row in (*rows, *copies)}
    twins = {one.pk: copy.pk for one, copy in zip(real, copies, strict=True)}
    Choice.objects.bulk_create(
        Choice(
            tenant=tenant,
            recipient_id=ids[user],
            kind=wish.channel,
            category=wish.category,
            workflow=wish.workflow,
            wanted=wish.wanted,
        )
        for user, one in made_up.items()
        for wish in one.wishes
    )
    if twins:
        copy_choices(twins, of_tenant=real[0].tenant_id, to_tenant=tenant.pk)
    for user, one in made_up.items():
        if one.habits:
            want(tenant, ids[user], one.habits, now=now)
    _follow({ids[user]: one.topics for user, one in made_up.items()} | _followed(twins), tenant)
    return {ids[name_of(one)]: name_of(one) for one in people}


def want(tenant: Tenant, person: int, said: Mapping[str, Any], *, now: datetime) -> None:
    """This is what they want from now on. Raises BadRequest."""
    row = Recipient.objects.get(tenant=tenant, pk=person)
    try:
        changing.change(row, said, by=By("simulation", Via.HOST), now=now)
    except ValidationError as error:
        told = {where: " ".join(words) for where, words in error.message_dict.items()}
        raise BadRequest("Somebody cannot want that.", errors=told) from None


def _copy(one: Recipient, tenant: Tenant) -> Recipient:
    """Without the account: nobody signs in here."""
    return Recipient(tenant=tenant, **{name: getattr(one, name) for name in COPIED})


def _followed(twins: Mapping[int, int]) -> dict[int, list[str]]:
    """The topics of real people, by the ids of their copies."""
    found: dict[int, list[str]] = {copy: [] for copy in twins.values()}
    lines = Subscription.objects.filter(recipient__in=list(twins)).values_list("recipient", "topic__key")
    for real, topic in lines if twins else ():
        found[twins[real]].append(topic)
    return found


def _follow(topics: Mapping[int, Sequence[str]], tenant: Tenant) -> None:
    keys = sorted({key for some in topics.values() for key in some})
    rows = Topic.objects.bulk_create(Topic(tenant=tenant, key=key) for key in keys)
    by_key = {row.key: row.pk for row in rows}
    Subscription.objects.bulk_create(
        Subscription(topic_id=by_key[key], recipient_id=person) for person, some in topics.items() for key in set(some)
    )
