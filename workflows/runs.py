"""Following a run: how far it is, who was told, and who was not and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from channels_delivery import tally
from channels_delivery.tally import Sent
from notifications.models import InboxItem, Recipient, Role, State

from .models import Chunk, Cohort, Outcome, Run
from .people import NOBODY, People
from .position import reading_order
from .step import join


@dataclass(frozen=True)
class Progress:
    """Numbers of people. `walking` by the position of the step where they stand; `ended` by final reason; `skipped` by
    (channel, reason), which does not end a walk. `teams`: why a team was not told, by the same."""

    people: int
    resolved: bool
    walking: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    teams: Counter[tuple[str, str]] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        standing = sorted(self.walking, key=reading_order)
        return {
            "people": self.people,
            "resolved": self.resolved,
            "walking": [{"step": step, "people": self.walking[step]} for step in standing],
            "ended": dict(self.ended),
            "skipped": [
                {"channel": channel, "reason": reason, "people": n} for (channel, reason), n in self.skipped.items()
            ],
            "teams": [{"channel": channel, "reason": reason} for channel, reason in self.teams],
        }


@dataclass(frozen=True)
class Person:
    """One of a run's people: told or not, and why not. `notification` is the public id of their latest item;
    `deliveries` what became of each message to an address of theirs. Who has neither an item nor a message that arrived
    or still may was not told."""

    recipient: Recipient
    told: bool
    notification: UUID | None = None
    state: str = ""
    reason: str = ""
    detail: str = ""
    deliveries: Sequence[Sent] = ()


def runs_of(tenant: Any) -> QuerySet[Run]:
    """A tenant's runs, newest first."""
    return Run.objects.filter(tenant=tenant).order_by("-id")


def watched_by(person: Recipient, transaction_id: str) -> UUID | None:
    """The public id of this run, if this person may follow it: as over HTTP, who runs the tenant may."""
    if person.role not in (Role.OWNER, Role.ADMIN):
        return None
    return runs_of(person.tenant_id).filter(transaction_id=transaction_id).values_list("public_id", flat=True).first()


def chunks_of(run: Run) -> list[Chunk]:
    """The run's own, and the one that it shares with others."""
    return list(Chunk.objects.filter(Q(run=run) | Q(pk=run.chunk_id), tenant=run.tenant_id).order_by("pk"))


def is_told(run: Run, recipient: int) -> bool:
    """Whether this person is among those whom the run has resolved. Looks at the chunks that may hold them."""
    chunks = Chunk.objects.filter(Q(run=run) | Q(pk=run.chunk_id), tenant=run.tenant_id)
    near = chunks.filter(first_id__lte=recipient, last_id__gte=recipient)
    return any(chunk.people[place] == recipient for chunk in near for place in chunk.people_of(run.pk))


def told_among(run: Run, people: Collection[int]) -> set[int]:
    """Those of these people whom the run has resolved."""
    wanted = set(people)
    return {
        chunk.people[place]
        for chunk in chunks_of(run)
        if not wanted.isdisjoint(chunk.people)
        for place in chunk.people_of(run.pk)
        if chunk.people[place] in wanted
    }


def progress(run: Run) -> Progress:
    """How far a run is. Three queries and a row or two per thousand people."""
    chunks = chunks_of(run)
    mine = {chunk.pk: chunk.people_of(run.pk) - chunk.house for chunk in chunks}
    houses = {chunk.pk: chunk.people_of(run.pk) & chunk.house for chunk in chunks}
    found = Progress(people=run.people, resolved=run.expand_at is None)
    cohorts = Cohort.objects.filter(tenant=run.tenant_id, chunk__in=mine, open=True).values_list(
        "chunk", "step", "mask"
    )
    for chunk, step, mask in cohorts:
        _add(found.walking, step, People.load(mask) & mine[chunk])
    for outcome in Outcome.objects.filter(chunk__in=mine):
        people = outcome.people & mine[outcome.chunk_id]
        if outcome.final:
            _add(found.ended, outcome.reason, people)
        else:
            _add(found.skipped, (outcome.channel, outcome.reason), people)
        if outcome.reason != "done":
            _add(found.teams, (outcome.channel, outcome.reason), outcome.people & houses[outcome.chunk_id])
    return found


def deliveries(run: Run) -> Counter[tuple[str, str]]:
    """How many messages stand where on their way out, by (kind, state). A run may be `sent`, which says that everybody
    reached an end, and some of these still be under way."""
    return tally.by_state(run.public_id, tenant_id=run.tenant_id)


def people(run: Run, *, limit: int = 100) -> list[Person]:
    """The first people of a run, by recipient, with what became of each."""
    listed = list(_first(run, limit))
    ids = [recipient for _, _, recipient in listed]
    recipients = Recipient.reachable.filter(tenant=run.tenant_id, pk__in=ids).in_bulk()
    items = _latest_items(run, ids)
    sent = tally.of_people(run.public_id, ids, tenant_id=run.tenant_id)
    reasons = _reasons({chunk.pk: chunk for chunk, _, _ in listed})
    return [
        _person(recipients[recipient], items.get(recipient), sent.get(recipient, ()), reasons[chunk.pk], place)
        for chunk, place, recipient in listed
        if recipient in recipients
    ]


def _add(counter: Counter[Any], key: Any, people: People) -> None:
    if people:
        counter[key] += len(people)


def _first(run: Run, limit: int) -> Iterator[tuple[Chunk, int, int]]:
    """Each once: somebody who was called in later may have been there before."""
    seen = set[int]()
    for chunk in chunks_of(run):
        for place in chunk.people_of(run.pk) - chunk.house:
            if len(seen) == limit:
                return
            if chunk.people[place] not in seen:
                seen.add(chunk.people[place])
                yield chunk, place, chunk.people[place]


def _latest_items(run: Run, recipients: list[int]) -> dict[int, tuple[UUID, int]]:
    items = InboxItem.objects.filter(recipient_id__in=recipients, notification__origin=run.public_id).order_by("seq")
    rows = items.values_list("recipient_id", "notification__public_id", "state")
    return {recipient: (notification, state) for recipient, notification, state in rows}


def _reasons(chunks: dict[int, Chunk]) -> dict[int, list[tuple[People, Outcome]]]:
    """What is on record against being told, by chunk: the outcomes other than a walk that simply ended."""
    found: dict[int, list[tuple[People, Outcome]]] = {chunk: [] for chunk in chunks}
    for outcome in Outcome.objects.filter(chunk__in=chunks).exclude(reason="done").order_by("pk"):
        found[outcome.chunk_id].append((outcome.people, outcome))
    return found


def _person(
    recipient: Recipient,
    item: tuple[UUID, int] | None,
    sent: Sequence[Sent],
    reasons: list[tuple[People, Outcome]],
    place: int,
) -> Person:
    against = next((outcome for people, outcome in reasons if place in people), None)
    reason, detail = (against.reason, against.detail) if against else ("", "")
    if item is None:
        told = any(one.counts for one in sent)
        if sent and not told and not reason:
            reason = sent[-1].state
        return Person(recipient, told, reason=reason, detail=detail, deliveries=sent)
    notification, state = item
    return Person(recipient, True, notification, State(state).name.lower(), reason, detail, sent)


def everyone_is_accounted_for(run: Run) -> bool:
    """The invariant: in each chunk, open cohorts and final outcomes never overlap and together are everybody."""
    for chunk in chunks_of(run):
        walking = Cohort.objects.filter(tenant=run.tenant_id, chunk=chunk, open=True).values_list("mask", flat=True)
        ended = Outcome.objects.filter(chunk=chunk, final=True).values_list("mask", flat=True)
        sets = [People.load(mask) for mask in (*walking, *ended)]
        if sum(len(one) for one in sets) != len(chunk.everyone) or (join(sets) or NOBODY) != chunk.everyone:
            return False
    return True
