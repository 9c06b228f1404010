"""Who plays in a simulation: people who are made up, and copies of real ones. All of them live on its stage only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from channels_delivery.endpoints import copy_devices, pretend
from channels_delivery.suppression import copy_listed
from notifications import directory, routing
from notifications import topics as nested
from notifications.kinds import kinds
from notifications.models import Attention, Nesting, Recipient, Role, Stance, Subscription, Tenant, Topic
from notifications.targets import Target
from notifications.topics import problems_of_condition
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
    """Somebody made up, called `user`. `email` None makes up an address too; with "" they have none. `conditions`:
    those of their subscriptions, by topic. Objects that they follow, have muted, and may not see are as `trigger()`
    takes them. `habits`: when they want it, fields of `preferences.personal.Preferences` as
    `preferences.changing.change` takes them. `devices`: how many of theirs take pushes."""

    user: str
    name: str = ""
    email: str | None = None
    phone: str = ""
    locale: str = ""
    zone: str = ""
    role: str = Role.MEMBER.value
    attributes: Mapping[str, Any] = field(default_factory=dict)
    topics: Sequence[str] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)
    follows: Sequence[Any] = ()
    mutes: Sequence[Any] = ()
    cannot_see: Sequence[Any] = ()
    wishes: Sequence[Wish] = ()
    habits: Mapping[str, Any] = field(default_factory=dict)
    devices: int = 0

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
        copy_devices(twins, of_tenant=real[0].tenant_id, to_tenant=tenant.pk, now=now)
        copy_listed(_addresses(real), of_tenant=real[0].tenant_id, to_tenant=tenant.pk, now=now)
    pretend(
        [(ids[user], "push", "") for user, one in made_up.items() for _ in range(one.devices)],
        tenant_id=tenant.pk,
        now=now,
    )
    topics = {ids[user]: _subscribed(one) for user, one in made_up.items()} | _followed(twins)
    _follow(topics, tenant, like=real[0].tenant_id if real else None)
    _attend([(ids[user], one) for user, one in made_up.items()], tenant)
    _copy_attention(twins, tenant)
    for user, one in made_up.items():
        if one.habits:
            want(tenant, ids[user], one.habits, now=now)
    return {ids[name_of(one)]: name_of(one) for one in people}


def unseen(people: Sequence[Persona | Recipient]) -> dict[str, frozenset[str]]:
    """The objects that those who are made up may not see, by name. Raises BadRequest."""
    made_up = (one for one in people if isinstance(one, Persona))
    return {one.user: frozenset(_spelt(one.cannot_see)) for one in made_up if one.cannot_see}


def want(tenant: Tenant, person: int, said: Mapping[str, Any], *, now: datetime) -> None:
    """This is what they want from now on. Raises BadRequest."""
    row = Recipient.objects.get(tenant=tenant, pk=person)
    try:
        changing.change(row, said, by=By("simulation", Via.HOST), now=now)
    except ValidationError as error:
        told = {where: " ".join(words) for where, words in error.message_dict.items()}
        raise BadRequest("Somebody cannot want that.", errors=told) from None


def _spelt(targets: Sequence[Any]) -> list[str]:
    try:
        return [str(Target.of(one)) for one in targets]
    except ValueError as error:
        raise BadRequest(str(error)) from None


def _subscribed(one: Persona) -> dict[str, Any]:
    """Their topics, each with its condition. Raises BadRequest."""
    for key, condition in one.conditions.items():
        if problems := [*problems_of_condition(condition)]:
            raise BadRequest("A condition is wrong.", errors={f"{one.user}.{key}": " ".join(problems)})
    return {**dict.fromkeys(one.topics), **one.conditions}


def _copy(one: Recipient, tenant: Tenant) -> Recipient:
    """Without the account: nobody signs in here."""
    return Recipient(tenant=tenant, **{name: getattr(one, name) for name in COPIED})


def _addresses(people: Sequence[Recipient]) -> list[tuple[str, str]]:
    """All of theirs, each with a kind that sends there."""
    fields = [(kind.key, kind.address) for kind in kinds().values() if kind.address in routing.ADDRESSES]
    return [(kind, at) for one in people for kind, field in fields if (at := getattr(one, field))]


def _followed(twins: Mapping[int, int]) -> dict[int, dict[str, Any]]:
    """The topics of real people with their conditions, by the ids of their copies."""
    found: dict[int, dict[str, Any]] = {copy: {} for copy in twins.values()}
    lines = Subscription.objects.filter(recipient__in=list(twins)).values_list("recipient", "topic__key", "condition")
    for real, topic, condition in lines if twins else ():
        found[twins[real]][topic] = condition
    return found


def _follow(topics: Mapping[int, Mapping[str, Any]], tenant: Tenant, *, like: int | None) -> None:
    """Topics as they are followed, and those around them where real people play."""
    keys = {key for some in topics.values() for key in some}
    around = _around(keys, like) if like is not None else []
    keys |= {key for pair in around for key in pair}
    rows = Topic.objects.bulk_create(Topic(tenant=tenant, key=key) for key in sorted(keys))
    by_key = {row.key: row.pk for row in rows}
    Nesting.objects.bulk_create(Nesting(outer_id=by_key[outer], inner_id=by_key[inner]) for outer, inner in around)
    Subscription.objects.bulk_create(
        Subscription(topic_id=by_key[key], recipient_id=person, condition=condition)
        for person, some in topics.items()
        for key, condition in some.items()
    )


def _around(keys: Collection[str], tenant: int) -> list[tuple[str, str]]:
    """How the topics of this tenant lie in each other, from these upward: (outer, inner)."""
    rows = Topic.objects.filter(tenant=tenant, key__in=keys).values_list("pk", flat=True)
    above = {topic for some in nested.above(list(rows)).values() for topic in some}
    lines = Nesting.objects.filter(outer__in=above, inner__in=above)
    return list(lines.values_list("outer__key", "inner__key"))


def _attend(people: Sequence[tuple[int, Persona]], tenant: Tenant) -> None:
    """What those who are made up follow and have muted. Raises BadRequest."""
    Attention.objects.bulk_create(
        Attention(tenant=tenant, recipient_id=pk, target=target, stance=stance)
        for pk, one in people
        for target, stance in {
            **dict.fromkeys(_spelt(one.follows), Stance.FOLLOW),
            **dict.fromkeys(_spelt(one.mutes), Stance.MUTE),
        }.items()
    )


def _copy_attention(twins: Mapping[int, int], tenant: Tenant) -> None:
    rows = Attention.objects.across_tenants().filter(recipient__in=list(twins))
    Attention.objects.bulk_create(
        Attention(tenant=tenant, recipient_id=twins[one.recipient_id], target=one.target, stance=one.stance)
        for one in (rows if twins else ())
    )
