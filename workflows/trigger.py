"""The front door: say that something happened.

    trigger("session.escalated", tenant=tenant, payload={…}, recipients=[{"role": "admin"}])

Writes one row, in the caller's transaction, and nothing else: it commits or vanishes with the caller's own work.
After the commit a doorbell rings; if that is lost, the sweep finds the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction

from notifications.kernel.clock import Clock, db_now
from notifications.models import Recipient, Tenant

from .addresses import entered
from .call import BULK_MAX, Trigger, Triggered
from .catalogue import Find, in_force
from .drafts import Drafts
from .radius import Send, radius
from .refusals import BadRequest, Refused, UnknownTenant

SHOWN = 20
"""People of a dry run that are named."""

__all__ = [
    "BULK_MAX",
    "DryRun",
    "Trigger",
    "Triggered",
    "atrigger",
    "dry_run",
    "find_tenant",
    "trigger",
    "trigger_many",
]


@dataclass(frozen=True)
class DryRun:
    """What a trigger would do now: whom it would tell, on which channels, and when. Nothing was written. `first`: some
    of the people, with the time where they are when it starts and what they would get. `left_out`: those who are told
    nothing from the start, by reason."""

    workflow: str
    definition: str
    people: int
    first: Sequence[Mapping[str, Any]]
    steps: Sequence[Mapping[str, Any]]
    sends: Sequence[Send] = ()
    messages: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    estimated: bool = False

    def to_json(self) -> dict[str, Any]:
        lists = {"first": list(self.first), "steps": list(self.steps), "sends": [send.to_json() for send in self.sends]}
        lists["left_out"] = dict(self.left_out)
        return {**self.__dict__, **lists, "dry_run": True}


def trigger(
    key: str,
    *,
    recipients: Iterable[Any] | None = None,
    payload: Mapping[str, Any] | None = None,
    tenant: Tenant | str | None = None,
    actor: Any = None,
    idempotency_key: str | None = None,
    transaction_id: str | None = None,
    at: datetime | None = None,
    include_actor: bool = False,
    target: Any = None,
    caused_by: str | None = None,
    using: str = "default",
) -> Triggered:
    """Start a run of the workflow `key`.

    `recipients`: people, Django users, topics, external ids, or the API's objects; None for the tenant's owners and
    admins. `target`: the object that it is about, `{"type": …, "id": …}` or a row of yours, which people may follow
    and mute. `tenant`: a Tenant or its slug; may be left out where there is only one. `actor`: who did it, left out of
    the recipients unless `include_actor`. `at`: not before this time (aware). `idempotency_key` (≤ 255 characters):
    the same call again within 24 h gets the first answer. `transaction_id` (≤ 100) names the run; ours unless given.
    `caused_by`: the transaction id of the run because of which this happened, of which a function of a `call` step
    need not speak; a workflow that would cause itself, or a chain of more than six, is refused.
    `using`: the alias on which the caller's transaction is open; it must lead to the database that the engine reads.

    Raises a `refusals.Refused` that says what to change; then nothing was written.
    """
    one = Trigger(
        key,
        payload or {},
        _listed(recipients),
        actor,
        idempotency_key,
        transaction_id,
        at,
        include_actor,
        target,
        caused_by,
    )
    answer = trigger_many([one], tenant=tenant, using=using)[0]
    if isinstance(answer, Refused):
        raise answer
    return answer


atrigger = sync_to_async(trigger)
"""`trigger()` for async callers. A transaction cannot span an `await`, so this one commits by itself."""


def trigger_many(
    triggers: Sequence[Trigger],
    *,
    tenant: Tenant | str | None = None,
    using: str = "default",
    clock: Clock | None = None,
    find: Find = in_force,
    addresses: bool = True,
) -> list[Triggered | Refused]:
    """Up to 1,000 independent triggers of one tenant; an answer or a refusal for each, in order.

    The number of statements does not depend on how many there are. `clock`: the database's, if None.
    `find`: which definitions keys start. `addresses`: whether the caller may name mere addresses.
    """
    if len(triggers) > BULK_MAX:
        raise BadRequest(f"At most {BULK_MAX} triggers fit into one call; this one has {len(triggers)}.")
    owner = find_tenant(tenant, using=using)
    answers: list[Triggered | Refused | None] = [None] * len(triggers)
    with transaction.atomic(using=using, savepoint=False):
        drafts = Drafts(
            owner, triggers, answers, using=using, clock=clock or partial(db_now, using), find=find, addresses=addresses
        )
        drafts.spell()
        drafts.answer_known_keys()
        drafts.check()
        drafts.resolve_people()
        drafts.insert()
    return [answer for answer in answers if answer is not None]


def dry_run(one: Trigger, *, tenant: Tenant | str | None = None, addresses: bool = True) -> DryRun:
    """What `one` would do now. The same checks, the same refusals, nothing written. As many statements for a thousand
    people as for a million, of whom a sample is looked at."""
    owner = find_tenant(tenant)
    answers: list[Triggered | Refused | None] = [None]
    drafts = Drafts(owner, [one], answers, using="default", clock=db_now, find=in_force, addresses=addresses)
    for check in (drafts.spell, drafts.check, drafts.resolve_people):
        check()
    if isinstance(answers[0], Refused):
        raise answers[0]
    draft, now = drafts.live()[0], db_now()
    actor = Recipient.objects.filter(tenant=owner, pk=draft.actor).first() if draft.actor else None
    with transaction.atomic():
        (audience,) = entered([draft.audience], tenant_id=owner.pk)
        found = radius(
            draft.body,
            audience,
            tenant=owner,
            without=draft.excluded,
            payload=one.payload,
            at=max(one.at or now, now),
            shown=SHOWN,
            target=draft.target,
            actor=actor.name if actor else "",
        )
        if draft.audience.addresses:  # their rows were needed to look, and nothing is to stay of it
            transaction.set_rollback(True)
    steps = [_without_texts(step) for step in draft.body.steps]
    first = [reached.to_json() for reached in found.first]
    return DryRun(
        one.workflow,
        draft.hash,
        found.people,
        first,
        steps,
        found.sends,
        found.messages,
        found.left_out,
        found.estimated,
    )


def find_tenant(tenant: Tenant | str | None, *, using: str = "default") -> Tenant:
    """The tenant itself, by slug, or the only one there is. Raises UnknownTenant."""
    if isinstance(tenant, Tenant):
        return tenant
    active = Tenant.objects.using(using).filter(active=True)
    found = list(active.filter(slug=tenant) if tenant else active.order_by("pk")[:2])
    if len(found) != 1:
        raise UnknownTenant(f"There is no active tenant {tenant!r}." if tenant else "Name the tenant: `tenant=…`.")
    return found[0]


def _without_texts(step: Mapping[str, Any]) -> dict[str, Any]:
    """Its settings, however deep, but for texts and for header fields, which may hold credentials."""
    return {name: _plain(value) for name, value in step.items() if name not in _KEPT_BACK}


_KEPT_BACK = {"template", "locales", "headers"}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _without_texts(value)
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _listed(recipients: Iterable[Any] | None) -> Sequence[Any] | None:
    if recipients is None:
        return None
    single = isinstance(recipients, str | Mapping) or not isinstance(recipients, Iterable)
    return [recipients] if single else list(recipients)
