"""From rows to lines: reads, in a fixed number of queries, what the play left in the tables of its stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from channels_delivery.composing import title_of
from channels_delivery.models import ENDED_WELL, OPEN, Attempt, Delivery, Message
from notifications.kernel import rowset
from notifications.kinds import INBOX
from notifications.models import InboxItem, Notification, Recipient, State, Tenant
from preferences.models import End, Hold

from ..models import HOUSE, Chunk, Outcome, Run
from ..people import People
from ..position import reading_order
from ..reasons import REMARKS
from ..refusals import TooMuch
from .play import Play
from .timeline import TEAM, Entry, What

_ORDER = {what: place for place, what in enumerate(What)}
_CAUSES = frozenset((What.TRIGGERED, What.CANCELLED, What.ACTED))


def entries(play: Play, *, most: int) -> list[Entry]:
    """Everything, by time; at one time by person, then by step. Raises TooMuch when it is more than `most`."""
    record = _Record.of(play)
    found: list[Entry] = []
    for some in (record.runs_and_acts, record.outcomes, record.sleeps, record.items, record.deliveries, record.holds):
        found += islice(some(), most + 1 - len(found))
        if len(found) > most:
            raise TooMuch(f"More than {most:,} things happen. Simulate fewer people, or a shorter time.")
    found = _without_idle_teams(found)
    places = {name: place for place, name in enumerate(play.stage.names.values(), start=1)}
    order = cache(reading_order)  # they stand at few
    return sorted(found, key=lambda entry: _place(entry, places, order))


def _without_idle_teams(found: Sequence[Entry]) -> list[Entry]:
    """Teams walk along with every run that could tell them; who was told nothing, and for no reason, is left out."""
    walking = (What.SLEPT, What.ENDED)
    concerned = {entry.run for entry in found if entry.person == TEAM and entry.what not in walking}
    return [entry for entry in found if entry.person != TEAM or entry.run in concerned]


def _place(entry: Entry, places: Mapping[str, int], order: Callable[[str], Any]) -> tuple[Any, ...]:
    step = order(entry.step) if entry.step else ()
    return entry.at, entry.what not in _CAUSES, places.get(entry.person or "", 0), entry.run, step, _ORDER[entry.what]


class _Sent(NamedTuple):
    """What is told of a delivery. A thousand of these cost a tenth of a thousand models."""

    pk: int
    message_id: int
    recipient_id: int | None
    kind: str
    origin: UUID | None
    origin_step: str
    state: str
    code: str
    attempt: int
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None


_TIMES = [Cast(name, TextField()) for name in _Sent._fields[-3:]]
"""As text: PostgreSQL's driver takes ten times as long to read them as Python does."""


@dataclass(frozen=True)
class _Record:
    """`names` by id, those of the house and of nobody among them; `runs` by id and `origins` by public id: their
    names."""

    play: Play
    names: Mapping[int, str]
    rows: Sequence[Run]
    runs: Mapping[int, str]
    origins: Mapping[UUID, str]
    chunks: Mapping[int, Chunk]

    @classmethod
    def of(cls, play: Play) -> _Record:
        tenant = play.stage.tenant
        rows = list(Run.objects.filter(tenant=tenant).defer("payload").order_by("pk"))
        return cls(
            play,
            {HOUSE: TEAM, **_addresses(tenant), **play.stage.names},
            rows,
            {run.pk: run.transaction_id for run in rows},
            {run.public_id: run.transaction_id for run in rows},
            Chunk.objects.filter(tenant=tenant).in_bulk(),
        )

    def runs_and_acts(self) -> Iterator[Entry]:
        for run in self.rows:
            yield Entry(run.created_at, What.TRIGGERED, run=run.transaction_id, detail=run.workflow)
            if run.cancelled_at:
                yield Entry(run.cancelled_at, What.CANCELLED, run=run.transaction_id)
        for at, person, kind in self.play.stage.acts:
            yield Entry(at, What.ACTED, person, reason=kind)

    def outcomes(self) -> Iterator[Entry]:
        for one in Outcome.objects.filter(chunk__in=self.chunks).order_by("pk"):
            what = What.ENDED if one.final else _what(one)
            for person, run in self._people(one.chunk_id, one.people):
                yield Entry(
                    one.created_at, what, person, run, one.step, one.channel, "", one.reason, one.detail, one.until
                )

    def sleeps(self) -> Iterator[Entry]:
        for one in self.play.sleeps.values():
            for person, run in self._people(one.chunk, one.people):
                yield Entry(one.at, What.SLEPT, person, run, one.step, until=one.until)

    def items(self) -> Iterator[Entry]:
        tenant = self.play.stage.tenant
        withdrawn_at = {run.public_id: run.retracted_at for run in self.rows}
        names = ("pk", "origin", "origin_step", "title", Cast("created_at", TextField()))
        said = {pk: words for pk, *words in Notification.objects.filter(tenant=tenant).values_list(*names)}
        moment = cache(rowset.moment)
        rows = InboxItem.objects.filter(notification__tenant=tenant).order_by("notification_id", "recipient_id")
        for person, state, notification in rows.values_list("recipient_id", "state", "notification_id"):
            origin, step, title, at = said[notification]
            assert origin is not None  # everything here came from a run
            who, run, at_step = self.names[person], self.origins[origin], _step(step)
            yield Entry(moment(at), What.SENT, who, run, at_step, INBOX.key, title)
            if state == State.WITHDRAWN and (gone := withdrawn_at[origin]) is not None:
                yield Entry(gone, What.WITHDRAWN, who, run, at_step, INBOX.key, title)

    def deliveries(self) -> Iterator[Entry]:
        tenant = self.play.stage.tenant
        found = Delivery.objects.filter(tenant=tenant).order_by("pk").values_list(*_Sent._fields[:-3], *_TIMES)
        moment = cache(rowset.moment)  # of thousands, there are few
        rows = [_Sent(*row[:-3], *map(moment, row[-3:])) for row in found]
        sent = self.play.titles
        unsent = {one.message_id for one in rows if one.pk not in sent}
        words = Message.objects.filter(tenant=tenant, pk__in=unsent).values_list("pk", "kind", "parts")
        titles = {pk: title_of(kind, parts) for pk, kind, parts in words} if unsent else {}
        tries = _tries([one.pk for one in rows if one.attempt > 1 or one.state in OPEN])
        for one in rows:
            title = sent[one.pk] if one.pk in sent else titles[one.message_id]
            yield from self._delivery(one, title, tries.get(one.pk, ()))

    def holds(self) -> Iterator[Entry]:
        """What was held and then not sent."""
        ended = Hold.objects.filter(tenant=self.play.stage.tenant, ended_at__isnull=False).select_related("words")
        for one in ended.exclude(ended_as__in=(End.SENT, End.SUMMARY)).order_by("pk"):
            assert one.ended_at is not None
            words = one.words
            run, step, title = self.origins[words.origin], _step(words.origin_step), words.content["title"]
            person = self.names[one.recipient_id]
            yield Entry(one.ended_at, What.SKIPPED, person, run, step, words.kind, title, one.ended_as)

    def _delivery(self, one: _Sent, title: str, tries: Sequence[tuple[datetime, str, str]]) -> Iterator[Entry]:
        run = self.origins.get(one.origin, "") if one.origin else ""
        where = (self.names[one.recipient_id or HOUSE], run, _step(one.origin_step), one.kind, title)
        yield Entry(one.created_at, What.SENT, *where)
        failed = [(at, code) for at, result, code in tries if result == "retry"]
        again = [*(at for at, _, _ in tries[1:]), one.due_at]
        for (at, code), until in zip(failed, again, strict=False):
            yield Entry(at, What.RETRIED, *where, reason=code, until=until)
        if one.finished_at is None:
            return
        if one.state not in ENDED_WELL:
            yield Entry(one.finished_at, What.FAILED, *where, reason=one.code or one.state)
        elif one.finished_at > one.created_at:
            yield Entry(one.finished_at, What.DELIVERED, *where)

    def _people(self, chunk_id: int, people: People) -> Iterator[tuple[str, str]]:
        """(person, run) of each place."""
        chunk = self.chunks[chunk_id]
        for place in people:
            run = chunk.run_id if chunk.runs is None else chunk.runs[place]
            yield self.names[chunk.people[place]], self.runs[run or 0]


def _addresses(tenant: Tenant) -> dict[int, str]:
    """Mere addresses that triggers named, as they are spelt."""
    rows = Recipient.reachable.filter(tenant=tenant, ad_hoc=True)
    return dict(rows.values_list("pk", "email"))


def _what(outcome: Outcome) -> What:
    if outcome.reason in REMARKS:
        return What.NOTED
    return What.HELD if outcome.until is not None else What.SKIPPED


def _step(origin_step: str) -> str:
    """Without the round."""
    return origin_step.rpartition(".")[0] or origin_step


def _tries(deliveries: Sequence[int]) -> dict[int, list[tuple[datetime, str, str]]]:
    found: dict[int, list[tuple[datetime, str, str]]] = defaultdict(list)
    rows = Attempt.objects.filter(delivery__in=deliveries).order_by("delivery_id", "no") if deliveries else ()
    for one in rows:
        found[one.delivery_id].append((one.started_at, one.result, one.code))
    return found
