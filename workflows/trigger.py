"""The front door: say that something happened.

    trigger("session.escalated", tenant=tenant, payload={…}, recipients=[{"role": "admin"}])

Writes one row, in the caller's transaction, and nothing else: it commits or vanishes with the caller's own work.
After the commit a doorbell rings; if that is lost, the sweep finds the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction

from notifications.models import Recipient, Tenant

from . import audience as audiences
from .call import BULK_MAX, Trigger, Triggered
from .drafts import Drafts
from .position import branches_of
from .refusals import BadRequest, Refused, UnknownTenant

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
    """What a trigger would do now: how many people, the first of them, and the steps. Nothing was written."""

    workflow: str
    definition: str
    people: int
    first: Sequence[Mapping[str, Any]]
    steps: Sequence[Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "first": list(self.first), "steps": list(self.steps), "dry_run": True}


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
    using: str = "default",
) -> Triggered:
    """Start a run of the workflow `key`.

    `recipients`: people, Django users, topics, external ids, or the API's objects; None for the tenant's owners and
    admins. `tenant`: a Tenant or its slug; may be left out where there is only one. `actor`: who did it, left out of
    the recipients unless `include_actor`. `at`: not before this time (aware). `idempotency_key` (≤ 255 characters):
    the same call again within 24 h gets the first answer. `transaction_id` (≤ 100) names the run; ours unless given.
    `using`: the alias on which the caller's transaction is open; it must lead to the database that the engine reads.

    Raises a `refusals.Refused` that says what to change; then nothing was written.
    """
    one = Trigger(key, payload or {}, _listed(recipients), actor, idempotency_key, transaction_id, at, include_actor)
    answer = trigger_many([one], tenant=tenant, using=using)[0]
    if isinstance(answer, Refused):
        raise answer
    return answer


atrigger = sync_to_async(trigger)
"""`trigger()` for async callers. A transaction cannot span an `await`, so this one commits by itself."""


def trigger_many(
    triggers: Sequence[Trigger], *, tenant: Tenant | str | None = None, using: str = "default"
) -> list[Triggered | Refused]:
    """Up to 1,000 independent triggers of one tenant; an answer or a refusal for each, in order.

    The number of statements does not depend on how many there are.
    """
    if len(triggers) > BULK_MAX:
        raise BadRequest(f"At most {BULK_MAX} triggers fit into one call; this one has {len(triggers)}.")
    owner = find_tenant(tenant, using=using)
    answers: list[Triggered | Refused | None] = [None] * len(triggers)
    with transaction.atomic(using=using, savepoint=False):
        drafts = Drafts(owner, triggers, answers, using)
        drafts.spell()
        drafts.answer_known_keys()
        drafts.check()
        drafts.resolve_people()
        drafts.insert()
    return [answer for answer in answers if answer is not None]


def dry_run(one: Trigger, *, tenant: Tenant | str | None = None) -> DryRun:
    """What `one` would do now. The same checks, the same refusals, nothing written."""
    owner = find_tenant(tenant)
    answers: list[Triggered | Refused | None] = [None]
    drafts = Drafts(owner, [one], answers, "default")
    for check in (drafts.spell, drafts.check, drafts.resolve_people):
        check()
    if isinstance(answers[0], Refused):
        raise answers[0]
    draft = drafts.live()[0]
    without = draft.excluded
    people = audiences.count(draft.audience, tenant_id=owner.pk, without=without)
    ids = audiences.page(draft.audience, tenant_id=owner.pk, after=0, limit=20, without=without)
    named = Recipient.objects.filter(tenant=owner, pk__in=ids).order_by("pk")
    first = [{"id": str(person.public_id), "user": person.external_id, "name": person.name} for person in named]
    steps = [_without_texts(step) for step in draft.body.steps]
    return DryRun(one.workflow, draft.hash, people, first, steps)


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
    """Its settings but for the template, and those of its branches."""
    branches = {name: [_without_texts(one) for one in step[name]] for name in branches_of(step)}
    return {**{name: value for name, value in step.items() if name != "template"}, **branches}


def _listed(recipients: Iterable[Any] | None) -> Sequence[Any] | None:
    if recipients is None:
        return None
    single = isinstance(recipients, str | Mapping) or not isinstance(recipients, Iterable)
    return [recipients] if single else list(recipients)
