"""The front door: say that something happened.

    trigger("session.escalated", tenant=tenant, payload={…}, recipients=[{"role": "admin"}])

Writes one row, in the caller's transaction, and nothing else: it commits or vanishes with the caller's own work.
After the commit a doorbell rings; if that is lost, the sweep finds the row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import IntegrityError, connections, transaction

from notifications.kernel import doorbell, rowset
from notifications.kernel.clock import db_now
from notifications.kernel.tokens import uuid7
from notifications.models import Recipient, Tenant

from . import audience as audiences
from .audience import Audience, Named, UnknownRecipients
from .catalogue import in_force
from .definition import Body, ensure_stored
from .engine_bell import BELL, QUEUE
from .models import Run, Status
from .payload import InvalidPayload, check_bounds, check_schema
from .refusals import (
    BadRequest,
    InProgress,
    KeyReused,
    Refused,
    TransactionIdTaken,
    UnknownTenant,
    UnknownWorkflow,
)

BULK_MAX = 1_000


@dataclass(frozen=True)
class Trigger:
    """One call, as it was asked for. `recipients` None or empty means the tenant's owners and admins."""

    workflow: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    recipients: Sequence[Any] | None = None
    actor: Any = None
    idempotency_key: str | None = None
    transaction_id: str | None = None
    at: datetime | None = None
    include_actor: bool = False


@dataclass(frozen=True)
class Triggered:
    """The answer. `recipients` says what was understood; `duplicate` that this is an earlier call's answer again."""

    transaction_id: str
    run: UUID
    status: str
    recipients: Mapping[str, Any]
    duplicate: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "transaction_id": self.transaction_id,
            "run": str(self.run),
            "status": self.status,
            "recipients": dict(self.recipients),
            "duplicate": self.duplicate,
        }


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
        drafts = _Drafts(owner, triggers, answers, using)
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
    drafts = _Drafts(owner, [one], answers, "default")
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
    steps = [{key: value for key, value in step.items() if key != "template"} for step in draft.body.steps]
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


@dataclass
class _Draft:
    """One trigger on its way to a row."""

    place: int
    asked: Trigger
    names: list[Named] | None = None
    actor_name: list[Named] = field(default_factory=list)
    hash: str = ""
    body: Body = None  # type: ignore[assignment]
    audience: Audience = audiences.ADMINS
    actor: int | None = None

    @property
    def excluded(self) -> int | None:
        return None if self.asked.include_actor else self.actor

    def fingerprint(self) -> str:
        """The hash of the canonical call: the same words, the same hash, however they were ordered."""
        asked = self.asked
        words = [asked.workflow, asked.payload, self.names, self.actor_name, asked.transaction_id, asked.include_actor]
        text = json.dumps([*words, asked.at and asked.at.isoformat()], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class _Drafts:
    """The triggers of one call, going through each check together. A refused one stays out of the next."""

    def __init__(
        self, tenant: Tenant, triggers: Sequence[Trigger], answers: list[Triggered | Refused | None], using: str
    ) -> None:
        self.tenant, self.answers, self.using = tenant, answers, using
        self.drafts = [_Draft(place, asked) for place, asked in enumerate(triggers)]

    def live(self) -> list[_Draft]:
        return [draft for draft in self.drafts if self.answers[draft.place] is None]

    def spell(self) -> None:
        """Words into their one spelling, and the bounds of each."""
        for draft in self.drafts:
            try:
                _check_words(draft.asked)
                check_bounds(draft.asked.payload)
                draft.names = audiences.spell(draft.asked.recipients)
                draft.actor_name = audiences.spell([draft.asked.actor]) or [] if draft.asked.actor is not None else []
            except UnknownRecipients as error:
                self.answers[draft.place] = BadRequest("Some recipients are not understood.", errors=error.names)
            except InvalidPayload as error:
                self._refuse_payload(draft, error)
            except Refused as refused:
                self.answers[draft.place] = refused

    def answer_known_keys(self) -> None:
        """Calls whose key was used before get the first answer; a key in another open transaction must wait."""
        keyed = [draft for draft in self.live() if draft.asked.idempotency_key]
        if not keyed:
            return
        busy = self._lock_keys([draft.asked.idempotency_key or "" for draft in keyed])
        earlier = {
            run.idempotency_key: run
            for run in Run.objects.using(self.using).filter(
                tenant=self.tenant, idempotency_key__in={draft.asked.idempotency_key for draft in keyed}
            )
        }
        first: dict[str, str] = {}
        for draft in keyed:
            key = draft.asked.idempotency_key or ""
            known = earlier[key].idempotency_hash if key in earlier else first.setdefault(key, draft.fingerprint())
            if key in busy:
                self.answers[draft.place] = InProgress("The first call with this idempotency key is not finished yet.")
            elif known != draft.fingerprint():
                self.answers[draft.place] = KeyReused("This idempotency key was used for another request.")
            elif key in earlier:
                self.answers[draft.place] = _answer(earlier[key], duplicate=True)

    def check(self) -> None:
        """Workflow and payload."""
        found: dict[str, tuple[str, Body] | None] = {}
        for draft in self.live():
            key = draft.asked.workflow
            if key not in found:
                found[key] = in_force(key, tenant=self.tenant)
            definition = found[key]
            if definition is None:
                self.answers[draft.place] = UnknownWorkflow(f"There is no published workflow {key!r}.")
                continue
            draft.hash, draft.body = definition
            try:
                check_schema(dict(draft.asked.payload), dict(draft.body.payload_schema))
            except InvalidPayload as error:
                self._refuse_payload(draft, error)

    def resolve_people(self) -> None:
        """Recipients and actors, by name; foreign ones are refused."""
        live = self.live()
        found = audiences.resolve_many([draft.names for draft in live], tenant=self.tenant, using=self.using)
        with_actor = [draft for draft in live if draft.actor_name]
        actors = audiences.resolve_many(
            [draft.actor_name for draft in with_actor], tenant=self.tenant, using=self.using
        )
        for draft, audience in [*zip(live, found, strict=True), *zip(with_actor, actors, strict=True)]:
            if isinstance(audience, UnknownRecipients):
                detail = "Some of these are not in this tenant; nobody was notified."
                self.answers[draft.place] = BadRequest(detail, code="unknown_recipients", errors=audience.names)
        for draft, audience in zip(live, found, strict=True):
            if isinstance(audience, Audience):
                draft.audience = audience
        for draft, actor in zip(with_actor, actors, strict=True):
            if isinstance(actor, Audience) and not actor.people:
                self.answers[draft.place] = BadRequest("The actor is one person: name them by `user` or `id`.")
            elif isinstance(actor, Audience):
                draft.actor = actor.people[0]

    def insert(self) -> None:
        """One row each, one statement, one ring. Repeats within this call get the first one's answer."""
        live, now = self.live(), db_now(self.using)
        firsts: dict[str, _Draft] = {}
        for draft in live:
            firsts.setdefault(draft.asked.idempotency_key or f"\0{draft.place}", draft)
        fresh = self._without_taken_ids(list(firsts.values()))
        if not fresh:
            return
        ensure_stored({draft.hash: draft.body for draft in fresh}, using=self.using)
        rows = {draft.place: self._row(draft, now) for draft in fresh}
        named_by_caller = any(draft.asked.transaction_id or draft.asked.idempotency_key for draft in fresh)
        try:
            with transaction.atomic(using=self.using, savepoint=named_by_caller):
                Run.objects.using(self.using).bulk_create(rows.values())
        except IntegrityError:
            for draft in fresh:
                self.answers[draft.place] = InProgress("Another call took this name at the same moment. Try again.")
            return
        for draft in live:
            first = firsts[draft.asked.idempotency_key or f"\0{draft.place}"]
            if first.place in rows:
                self.answers[draft.place] = _answer(rows[first.place], duplicate=draft is not first)
            else:
                self.answers[draft.place] = self.answers[first.place]
        doorbell.ring(BELL, queue=QUEUE, using=self.using)

    def _without_taken_ids(self, drafts: list[_Draft]) -> list[_Draft]:
        given = [draft.asked.transaction_id for draft in drafts if draft.asked.transaction_id]
        if not given:
            return drafts
        runs = Run.objects.using(self.using).filter(tenant=self.tenant, transaction_id__in=given)
        taken = set(runs.values_list("transaction_id", flat=True))
        free = []
        for draft in drafts:
            name = draft.asked.transaction_id
            if name and name in taken:
                self.answers[draft.place] = TransactionIdTaken(f"The transaction id {name!r} names another run.")
            else:
                free.append(draft)
                taken.add(name or "")
        return free

    def _row(self, draft: _Draft, now: datetime) -> Run:
        asked, name = draft.asked, uuid7()
        start = max(asked.at or now, now)
        return Run(
            tenant=self.tenant,
            public_id=name,
            transaction_id=asked.transaction_id or str(name),
            workflow=asked.workflow,
            definition_id=draft.hash,
            payload=dict(asked.payload),
            audience={**draft.audience.to_json(), **({"without": draft.excluded} if draft.excluded else {})},
            actor_id=draft.actor,
            idempotency_key=asked.idempotency_key,
            idempotency_hash=draft.fingerprint() if asked.idempotency_key else "",
            status=Status.PENDING,
            start_at=start,
            expand_at=start,
            created_at=now,
        )

    def _lock_keys(self, keys: Sequence[str]) -> set[str]:
        """Hold each key until the transaction ends; those that another transaction holds. SQLite has one writer."""
        connection = connections[self.using]
        if connection.vendor != "postgresql":
            return set()
        source, parameters = rowset.table(connection, "t", {"key": ("text", sorted(set(keys)))})
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.key FROM {source} WHERE NOT pg_try_advisory_xact_lock(hashtextextended(t.key, %s))",
                [*parameters, self.tenant.pk],
            )
            return {row[0] for row in cursor.fetchall()}

    def _refuse_payload(self, draft: _Draft, error: InvalidPayload) -> None:
        detail = "The payload does not fit the workflow."
        self.answers[draft.place] = BadRequest(detail, code="invalid_payload", errors=error.errors)


def _check_words(asked: Trigger) -> None:
    if not isinstance(asked.workflow, str) or not asked.workflow:
        raise BadRequest("Name the workflow by its key.")
    for name, longest in (("idempotency_key", 255), ("transaction_id", 100)):
        value = getattr(asked, name)
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()):
            raise BadRequest(f"`{name}` is 1 to {longest} printable characters.")
    if asked.at is not None and asked.at.tzinfo is None:
        raise BadRequest("`at` needs its offset from UTC.")


def _listed(recipients: Iterable[Any] | None) -> Sequence[Any] | None:
    if recipients is None:
        return None
    single = isinstance(recipients, str | Mapping) or not isinstance(recipients, Iterable)
    return [recipients] if single else list(recipients)


def _answer(run: Run, *, duplicate: bool) -> Triggered:
    """The first answer, rebuilt from what the row keeps of it."""
    audience = Audience.from_json(run.audience)
    understood = {
        "people": len(audience.people),
        "topics": len(audience.topics),
        "roles": list(audience.roles),
        "everyone": audience.everyone,
    }
    return Triggered(run.transaction_id, run.public_id, Status.PENDING.value, understood, duplicate)
