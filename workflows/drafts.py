"""Triggers on their way to rows: the triggers of one call go through each check together.

So the number of statements does not depend on how many there are; and one that is refused, with its reason as its
answer, stays out of what follows and touches no other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from uuid import UUID

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from notifications.kernel import doorbell, rowset
from notifications.kernel.clock import Clock
from notifications.kernel.tokens import uuid7
from notifications.models import Tenant

from . import audience as audiences
from .audience import Audience, UnknownRecipients
from .call import Trigger, Triggered
from .catalogue import Find
from .chain import behind_named, cause
from .chain import check as check_chain
from .conf import conf
from .definition import ensure_stored
from .draft import Draft
from .engine_bell import BELL, QUEUE
from .models import Run, Status
from .payload import InvalidPayload, check_schema
from .refusals import BadRequest, InProgress, KeyReused, Refused, TransactionIdTaken, UnknownWorkflow

_PENDING = Status.PENDING.value  # an enum's value costs as much as the rest of an answer


class Drafts:
    """The triggers of one call, going through each check together. A refused one stays out of the next."""

    def __init__(
        self,
        tenant: Tenant,
        triggers: Sequence[Trigger],
        answers: list[Triggered | Refused | None],
        *,
        using: str,
        clock: Clock,
        find: Find,
        addresses: bool = True,
    ) -> None:
        self.addresses = addresses
        self.tenant, self.answers, self.using, self.clock, self.find = tenant, answers, using, clock, find
        self.drafts = [Draft(place, asked) for place, asked in enumerate(triggers)]

    @cached_property
    def now(self) -> datetime:
        return self.clock()

    def live(self) -> list[Draft]:
        return [draft for draft in self.drafts if self.answers[draft.place] is None]

    def spell(self) -> None:
        """Words into their one spelling, and the bounds of each."""
        for draft in self.drafts:
            try:
                draft.spell(addresses=self.addresses)
            except UnknownRecipients as error:
                self.answers[draft.place] = BadRequest("Some recipients are not understood.", errors=error.names)
            except InvalidPayload as error:
                self._refuse_payload(draft, error)
            except Refused as refused:
                self.answers[draft.place] = refused
            except ValueError as error:
                self.answers[draft.place] = BadRequest("The target is not understood.", errors={"target": str(error)})

    def answer_known_keys(self) -> None:
        """Calls whose key was used before get the first answer; a key in another open transaction must wait."""
        keyed = [draft for draft in self.live() if draft.asked.idempotency_key]
        if not keyed:
            return
        keys = {draft.asked.idempotency_key or "" for draft in keyed}
        busy = self._lock_keys(keys)
        earlier = self._earlier(keys - busy)
        for draft in keyed:
            key = draft.asked.idempotency_key or ""
            run = earlier.get(key)
            if key in busy:
                self.answers[draft.place] = InProgress("The first call with this idempotency key is not finished yet.")
            elif run is not None and run.idempotency_hash != draft.fingerprint():
                self.answers[draft.place] = _reused()
            elif run is not None:
                audience = Audience.from_json(run.audience)
                self.answers[draft.place] = _answer(run.transaction_id, run.public_id, audience, duplicate=True)

    def _earlier(self, keys: set[str]) -> dict[str | None, Run]:
        """The runs of these keys. One whose time is over counts no more, and is free for another call; if its run is
        locked, it is being freed, or is not to be waited for."""
        runs = Run.objects.using(self.using).filter(tenant=self.tenant)
        found = {run.idempotency_key: run for run in runs.filter(idempotency_key__in=keys)}
        since = self.now - timedelta(hours=conf().idempotency_hours)
        if over := [run.pk for run in found.values() if run.created_at < since]:
            rows = runs.filter(pk__in=over).select_for_update(skip_locked=True, of=("self",))
            runs.filter(pk__in=list(rows.values_list("pk", flat=True))).update(idempotency_key=None)
        return {key: run for key, run in found.items() if run.created_at >= since}

    def check(self) -> None:
        """What caused it, workflow and payload."""
        self._check_causes()
        live = self.live()
        found = self.find({draft.asked.workflow for draft in live}, tenant=self.tenant, using=self.using)
        for draft in live:
            definition = found.get(draft.asked.workflow)
            if definition is None:
                self.answers[draft.place] = UnknownWorkflow(f"There is no published workflow {draft.asked.workflow!r}.")
                continue
            draft.hash, draft.body = definition
            try:
                check_schema(dict(draft.asked.payload), dict(draft.body.payload_schema))
            except InvalidPayload as error:
                self._refuse_payload(draft, error)

    def _check_causes(self) -> None:
        """One query where any names the run that caused it."""
        live = self.live()
        named = {draft.asked.caused_by for draft in live if draft.asked.caused_by}
        known = behind_named(named, tenant_id=self.tenant.pk, using=self.using) if named else {}
        for draft in live:
            name = draft.asked.caused_by
            if name and name not in known:
                errors = {"caused_by": f"No run has the transaction id {name!r}."}
                self.answers[draft.place] = BadRequest("What caused it is not known.", errors=errors)
                continue
            draft.chain = known[name] if name else cause()
            try:
                check_chain(draft.asked.workflow, draft.chain)
            except Refused as refused:
                self.answers[draft.place] = refused

    def resolve_people(self) -> None:
        """Recipients and actors, by name; foreign ones are refused."""
        live = self.live()
        names, targets = [draft.names for draft in live], [draft.target for draft in live]
        found = audiences.resolve_many(names, tenant=self.tenant, using=self.using, targets=targets)
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
        firsts = self._firsts()
        fresh = list(firsts.values())
        if not fresh:
            return
        ensure_stored({draft.hash: draft.body for draft in fresh}, using=self.using)
        written = self._write(fresh, self.now)
        for draft in self.live():
            first = firsts[draft.repeats]
            if first.name in written:
                same = (first.transaction_id, first.name or uuid7(), first.audience)
                self.answers[draft.place] = _answer(*same, duplicate=draft is not first)
            else:
                self.answers[draft.place] = InProgress("Another call took this name at the same moment. Try again.")
        doorbell.ring(BELL, queue=QUEUE, using=self.using)

    def _firsts(self) -> dict[str, Draft]:
        """Those to write, each by what its repeats have in common with it. A name is given once; and of the calls with
        one key the first that can be written has it, whatever was refused before."""
        live, firsts = self.live(), dict[str, Draft]()
        busy, taken = self._given_ids(live)
        for draft in live:
            first, name = firsts.get(draft.repeats), draft.asked.transaction_id
            if first is not None and first.fingerprint() != draft.fingerprint():
                self.answers[draft.place] = _reused()
            elif first is not None:
                continue
            elif name in busy:
                self.answers[draft.place] = InProgress("Another call with this transaction id is not finished yet.")
            elif name in taken:
                self.answers[draft.place] = TransactionIdTaken(f"The transaction id {name!r} names another run.")
            else:
                firsts[draft.repeats] = draft
                taken |= {name} if name else set()
        return firsts

    def _write(self, drafts: Sequence[Draft], now: datetime) -> set[UUID | None]:
        """The rows; the names of those written. One whose name another call took meanwhile is left out.

        By hand and not by the ORM, which takes longer to make a row than PostgreSQL to store it.
        """
        connection = connections[self.using]
        for draft in drafts:
            draft.name = uuid7()
        columns = _columns(connection, drafts, now)
        source, parameters = rowset.table(connection, "t", columns)
        names = ", ".join(columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {Run._meta.db_table}"
                f" ({names}, tenant_id, created_at, status, cursor, people, withdrawn_upto, error)"
                f" SELECT {names}, %s, %s, %s, 0, 0, 0, '' FROM {source} WHERE true"
                " ON CONFLICT DO NOTHING RETURNING public_id",
                [self.tenant.pk, connection.ops.adapt_datetimefield_value(now), Status.PENDING.value, *parameters],
            )
            return {UUID(str(row[0])) for row in cursor.fetchall()}

    def _given_ids(self, drafts: Sequence[Draft]) -> tuple[set[str], set[str]]:
        """Of the transaction ids that callers gave: those that another transaction holds, and those of runs."""
        given = {draft.asked.transaction_id for draft in drafts if draft.asked.transaction_id}
        if not given:
            return set(), set()
        held = self._lock_keys({f"transaction_id {name}" for name in given})
        runs = Run.objects.using(self.using).filter(tenant=self.tenant, transaction_id__in=given)
        taken = set(runs.values_list("transaction_id", flat=True))
        return {name for name in given if f"transaction_id {name}" in held}, taken

    def _lock_keys(self, keys: set[str]) -> set[str]:
        """Hold each key until the transaction ends; those that another transaction holds. SQLite has one writer."""
        connection = connections[self.using]
        if connection.vendor != "postgresql":
            return set()
        source, parameters = rowset.table(connection, "t", {"key": ("text", sorted(keys))})
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.key FROM {source} WHERE NOT pg_try_advisory_xact_lock(hashtextextended(t.key, %s))",
                [*parameters, self.tenant.pk],
            )
            return {row[0] for row in cursor.fetchall()}

    def _refuse_payload(self, draft: Draft, error: InvalidPayload) -> None:
        detail = "The payload does not fit the workflow."
        self.answers[draft.place] = BadRequest(detail, code="invalid_payload", errors=error.errors)


def _columns(connection: BaseDatabaseWrapper, drafts: Sequence[Draft], now: datetime) -> dict[str, rowset.Column]:
    """What differs from row to row, by column."""
    uuid_text, at = partial(rowset.uuid_text, connection), connection.ops.adapt_datetimefield_value
    names = [draft.name or uuid7() for draft in drafts]
    payloads = [json.dumps(draft.asked.payload) for draft in drafts]
    starts = [str(at(max(draft.asked.at or now, now))) for draft in drafts]
    return {
        "public_id": ("uuid", [uuid_text(name) for name in names]),
        "transaction_id": ("text", [draft.transaction_id for draft in drafts]),
        "workflow": ("text", [draft.asked.workflow for draft in drafts]),
        "definition_id": ("text", [draft.hash for draft in drafts]),
        "payload": ("jsonb", payloads),
        "payload_bytes": ("bigint", [len(payload) for payload in payloads]),
        "audience": ("jsonb", [json.dumps(draft.stored_audience()) for draft in drafts]),
        "target": ("text", [draft.target for draft in drafts]),
        "depth": ("int", [len(draft.chain) for draft in drafts]),
        "chain": ("text", ["\n".join(draft.chain) for draft in drafts]),
        "actor_id": ("bigint", [draft.actor for draft in drafts]),
        "idempotency_key": ("text", [draft.asked.idempotency_key for draft in drafts]),
        "idempotency_hash": ("text", [draft.fingerprint() if draft.asked.idempotency_key else "" for draft in drafts]),
        "start_at": ("timestamptz", starts),
        "expand_at": ("timestamptz", starts),
    }


def _reused() -> KeyReused:
    return KeyReused("This idempotency key was used for another request.")


def _answer(transaction_id: str, run: UUID, audience: Audience, *, duplicate: bool) -> Triggered:
    """The first answer; a later one is rebuilt from what the row keeps."""
    understood = {
        "people": len(audience.people),
        "topics": len(audience.topics),
        "roles": list(audience.roles),
        "everyone": audience.everyone,
        "followers": bool(audience.followers),
        "addresses": len(audience.addresses),
    }
    return Triggered(transaction_id, run, _PENDING, understood, duplicate)
