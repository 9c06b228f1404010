"""Releasing what was held: what is due is decided again, a thousand people at a time, and sent, or held on, or dropped.

    release_due()  ──►  take what is due for some people of one tenant, under a lock
                   ──►  decide again  ──►  who read it, may see it, can be reached  ──►  a letter each, or one summary
                   ──►  enqueue, and write back what became of each               one transaction

One message of a channel leaves as what it was. Several of one person become one summary, unless they or their tenant
want them one by one. A worker that dies leaves nothing half done: either all of it has committed, or it is due again.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction

from channels_delivery import outbox, routes
from channels_delivery.outbox import Letter
from notifications import inbox, routing, visibility
from notifications.kernel.clock import Clock, db_now
from notifications.kernel.config import enabled
from notifications.kinds import Kind, kinds
from notifications.live import watching
from notifications.models import Tenant
from notifications.targets import muted_among
from preferences import due
from preferences.again import Asked, decide_again
from preferences.decision import Hold, Send, Skip
from preferences.due import Due, Ended, Said
from preferences.models import End
from preferences.models import Hold as Row

from .sending.held import letter_of
from .sending.links import BOUND
from .sending.sight import ASK_AGAIN, MUTED, NOT_VISIBLE, UNKNOWN
from .sending.summing import letters_of_summaries
from .turns import due_tenants

logger = logging.getLogger(__name__)

SECONDS = 5.0
"""For how long a tick may go on: another worker's next one goes on beside it."""

PUT_OFF = timedelta(minutes=10)
"""After a failure of what is due for one person."""

Pile = tuple[str, int]
"""A channel and a person: what is sent to them together."""


def release_for_a_while() -> None:
    """For the ticker: everything that is due, at most for some seconds."""
    deadline, served = time.monotonic() + SECONDS, 0
    while time.monotonic() < deadline:
        tenant = release_due(now=db_now(), after_tenant=served)
        if tenant is None:
            return
        served = tenant


def release_all(*, tenant: int, clock: Clock) -> None:
    """What is due of this tenant, for a virtual clock."""
    while release_due(now=clock(), tenant=tenant) is not None:
        pass


def release_due(*, now: datetime, after_tenant: int = 0, tenant: int | None = None) -> int | None:
    """Release what is due for up to 1,000 people of one tenant. The tenant whose they are, so that the caller can go
    round; None when nothing is due that nobody else holds. `tenant`: nobody else's."""
    table = Row._meta.db_table
    tenants = [tenant] if tenant is not None else due_tenants(table, "due_at", now=now, condition="ended_at IS NULL")
    for one in sorted(tenants, key=lambda one: (one <= after_tenant, one)):
        people = due.people_due(one, now=now)
        if people and _release(one, people, now):
            return one
    return None


def _release(tenant: int, people: Sequence[int], now: datetime) -> bool:
    """Release what is due for these people. Where that fails, half of them at a time, until the one who keeps it from
    the others is put off alone. False when somebody else has them."""
    try:
        with transaction.atomic():
            rows = due.take(people, tenant_id=tenant, now=now)
            if rows:
                _Release.of(rows, tenant, now).carry_out()
            return bool(rows)
    except Exception as error:
        if isinstance(error, OperationalError | InterfaceError) or not connection.is_usable():
            raise
        if len(people) > 1:
            half = len(people) // 2
            done = [_release(tenant, some, now) for some in (people[:half], people[half:])]
            return any(done)
        logger.exception("release.failed tenant=%s recipient=%s", tenant, people[0])
        due.put_off(people, tenant_id=tenant, now=now, until=now + PUT_OFF)
        return True


@dataclass
class _Release:
    """What is due for some people of one tenant, and what becomes of each row: `held` on, or `ended`. `bound`: the
    rows that somebody gets whatever they chose."""

    rows: Sequence[Due]
    said: Mapping[int, Said]
    tenant: Tenant
    now: datetime
    held: dict[int, tuple[int, Hold]] = field(default_factory=dict)
    ended: dict[int, Ended] = field(default_factory=dict)
    bound: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, rows: Sequence[Due], tenant: int, now: datetime) -> _Release:
        said = due.said_by({row.words for row in rows}, tenant_id=tenant)
        return cls(rows, said, Tenant.objects.get(pk=tenant), now)

    def carry_out(self) -> None:
        """All that is to be written."""
        piles = self._piles(self._seen(self._unread(self._wanted())))
        letters = [*self._letters(piles)]
        outbox.enqueue_many(letters, now=self.now)
        due.hold_on(self.held)
        due.end(self.ended, now=self.now)
        watching.changed(self.said[row.words].origin for row in self.rows)

    def _wanted(self) -> list[Due]:
        """Those that may go now, by what people want now."""
        if not enabled():
            self._end(self.rows, "disabled")
            return []
        asked = [Asked(row.recipient, self.said[row.words].subject, row.since) for row in self.rows]
        decisions = decide_again(asked, tenant_id=self.tenant.pk, now=self.now)
        going = []
        for row, decision in zip(self.rows, decisions, strict=True):
            match decision:
                case Send(why):
                    going.append(row)
                    self.bound |= {row.pk} if why.rule in BOUND else set()
                case Skip(reason):
                    self._end([row], reason)
                case Hold() if row.sooner:
                    going.append(row)
                case Hold():
                    self.held[row.pk] = row.recipient, decision
        return going

    def _unread(self, rows: Sequence[Due]) -> list[Due]:
        """Without what is not to be told to those who have read it in their inbox meanwhile."""
        pairs = {(self.said[row.words].origin, row.recipient) for row in rows if self.said[row.words].skip_if_read}
        done = inbox.readers(list(pairs)) if pairs else set()
        read = [row for row in rows if self.said[row.words].skip_if_read and self._pair(row) in done]
        self._end(read, "read")
        ended = {row.pk for row in read}
        return [row for row in rows if row.pk not in ended]

    def _seen(self, rows: Sequence[Due]) -> list[Due]:
        """Without what is about objects that people have muted meanwhile, or may not see any more; where nobody can say
        whether they may, it is held on. One query and one call of the site's hook."""
        pairs = {row: {(row.recipient, target) for target in self.said[row.words].about} for row in rows}
        asked = {pair for mine in pairs.values() for pair in mine}
        if not asked:
            return list(rows)
        muted = muted_among(asked)
        sight = visibility.look(asked - muted)
        going, until = [], self.now + ASK_AGAIN
        for row, mine in pairs.items():
            if mine and mine <= muted:
                self._end([row], MUTED)
            elif mine & sight.hidden:
                self._end([row], NOT_VISIBLE)
            elif mine & sight.unknown:
                self.held[row.pk] = row.recipient, Hold(until, UNKNOWN)
            else:
                going.append(row)
        return going

    def _pair(self, row: Due) -> tuple[object, int]:
        return self.said[row.words].origin, row.recipient

    def _piles(self, rows: Sequence[Due]) -> dict[Pile, list[Due]]:
        piles: dict[Pile, list[Due]] = defaultdict(list)
        for row in rows:
            piles[self.said[row.words].subject.kind, row.recipient].append(row)
        return piles

    def _letters(self, piles: Mapping[Pile, Sequence[Due]]) -> list[Letter]:
        several = {person for (_, person), rows in piles.items() if len(rows) > 1}
        singly = due.one_by_one(several, tenant_id=self.tenant.pk) if several else set()
        by_kind: dict[str, dict[int, Sequence[Due]]] = defaultdict(dict)
        for (kind, person), rows in piles.items():
            by_kind[kind][person] = rows
        known, letters = kinds(), list[Letter]()
        for name, mine in sorted(by_kind.items()):
            if name in known:
                letters += self._letters_on(known[name], mine, singly)
            else:  # it was there when they were held, and its package is gone
                self._end([row for rows in mine.values() for row in rows], "unknown_channel")
        return letters

    def _letters_on(self, kind: Kind, piles: Mapping[int, Sequence[Due]], singly: set[int]) -> list[Letter]:
        """On one channel: each message to everybody to whom it goes alone, and the summaries of the others."""
        reached = routing.reach_many(kind, sorted(piles), tenant_id=self.tenant.pk, profiles=True)
        route = routes.to_people(kind.key, tenant_id=self.tenant.pk)
        alone: dict[int, list[int]] = defaultdict(list)
        together: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for person, rows in piles.items():
            if person not in reached.ids:
                known = person in reached.unreachable or kind.by_choice
                self._end(rows, "no_address" if known else "inactive")
            elif len(rows) == 1 or person in singly:
                self._end(rows, End.SENT.value)
                for row in rows:
                    alone[row.words].append(person)
            else:
                together[tuple(row.words for row in rows)].append(person)
        kept = due.letters(alone, tenant_id=self.tenant.pk) if alone else {}
        by_way: dict[str, Any] = {"route": route, "reached": reached}
        by_way["bound"] = {row.recipient for rows in piles.values() for row in rows if row.pk in self.bound}
        letters = [
            letter_of(self.said[words], kept[words], people, tenant_id=self.tenant.pk, **by_way)
            for words, people in alone.items()
        ]
        return [*letters, *self._summaries(kind, piles, together, by_way)]

    def _summaries(
        self,
        kind: Kind,
        piles: Mapping[int, Sequence[Due]],
        together: Mapping[tuple[int, ...], Sequence[int]],
        by_way: Mapping[str, Any],
    ) -> list[Letter]:
        """Those who get the same messages share a summary's words."""
        if not together:
            return []
        told = [([self.said[one] for one in words], people) for words, people in together.items()]
        letters = letters_of_summaries(told, self.tenant, kind=kind, now=self.now, **by_way)
        for letter in letters:
            for address in letter.to:
                rows = piles[address.recipient or 0]
                self._end(rows, End.SUMMARY.value, left_as=letter.origin, left_with=len(rows) - 1)
        return letters

    def _end(self, rows: Sequence[Due], how: str, *, left_as: UUID | None = None, left_with: int = 0) -> None:
        self.ended.update(dict.fromkeys((row.pk for row in rows), Ended(how, left_as, left_with)))
