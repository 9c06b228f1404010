"""What the record says of one person's walk: of each step of the definition, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from channels_delivery.following import Track, tracks_of
from notifications import inbox
from notifications.inbox import Entry
from notifications.kinds import INBOX, kinds
from notifications.models import InboxItem, Recipient, State

from ..definition import Body, load
from ..models import Cohort, Outcome, Run
from ..position import reading_order
from ..reasons import BEFORE_A_STEP, DONE, ITEMS, REASONS, REMARKS, in_words, kind_in_words
from ..step import DIGESTED
from .audience import Place
from .collected import Collected, Fate
from .held import Held, held_for, what_became_of
from .sent import became, counts
from .sentence import Explanation, Sentence, Speaker, silence_on
from .way import Way


@dataclass(frozen=True)
class Trail:
    """Everything that is on record of one person in one run. `items` with the position of the step they are from.
    `taken`: the branches that they took, by the positions of their steps. `from_digest`: the step behind which it began
    for them, of a run that carries digests."""

    body: Body
    outcomes: Sequence[Outcome]
    standing: Cohort | None
    items: Sequence[tuple[str, Entry]]
    sent: Sequence[Track]
    held: Sequence[Held] = ()
    taken: Mapping[str, str] = field(default_factory=dict)
    from_digest: str = ""

    @classmethod
    def of(cls, run: Run, recipient: Recipient, place: Place) -> Trail:
        """A fixed number of queries, and one for each item that the run put into their inbox; where something was held,
        one for all of it, and one for each summary that it left in."""
        outcomes = Outcome.objects.filter(chunk=place.chunk).order_by("pk")
        ways = Outcome.ways.filter(chunk=place.chunk)
        cohorts = Cohort.objects.filter(tenant=run.tenant_id, chunk=place.chunk, open=True)
        items = InboxItem.objects.filter(recipient_id=recipient.pk, notification__origin=run.public_id).order_by("seq")
        named = items.values_list("notification__public_id", "notification__origin_step")
        entries = [(step, inbox.get_item(recipient, public_id)) for public_id, step in named]
        mine = [one for one in outcomes if place.number in one.people]
        waited = any(one.until for one in mine)
        return cls(
            load(run.definition_id),
            mine,
            next((one for one in cohorts if place.number in one.people), None),
            [(_position(step), entry) for step, entry in entries if entry is not None],
            tracks_of(recipient.pk, origin=run.public_id, tenant_id=run.tenant_id),
            held_for(recipient, run) if waited else (),
            {one.step: one.detail for one in ways if place.number in one.people},
            run.digest if place.chunk.windows else "",
        )

    @property
    def told(self) -> bool:
        """Something reached them, or still may."""
        kept = any(entry.state != State.WITHDRAWN for _, entry in self.items)
        return kept or any(counts(one) for one in self.sent) or any(one.counts for one in self.held)

    @property
    def end(self) -> Outcome | None:
        return next((one for one in self.outcomes if one.final), None)

    def steps(self) -> list[str]:
        """Those of the definition, and others that are on record, in order."""
        known = {position for position, _ in self.body.walk()}
        return sorted(known | self._been(), key=reading_order)

    @cached_property
    def way(self) -> Way:
        end = self.end
        here = self.standing.step if self.standing else end.step if end else None
        through = self.standing is None and end is not None and end.reason == DONE
        been = self._been() | ({self.from_digest} if self.from_digest else set())
        return Way.of(self.body, been, self.taken, here=here, through=through)

    def _been(self) -> set[str]:
        """Where anything is on record of them."""
        walked = {one.step for one in self.outcomes} | ({self.standing.step} if self.standing else set())
        told = {step for step, _ in self.items} | {_position(one.step) for one in self.sent}
        return walked | told | {one.step for one in self.held}

    @property
    def fate(self) -> Fate:
        """Whether they were told, and if not, why: what ended their walk, or else the first that silenced a step."""
        against = [one for one in self.outcomes if one.reason not in REMARKS and not one.until]
        ended = [one.reason for one in against if one.final and one.reason != DONE]
        return Fate(self.told, next(iter(ended or [one.reason for one in against]), DONE))

    def explained(
        self, inside: Iterator[Sentence], speaker: Speaker, digests: Callable[[], Iterator[Collected]]
    ) -> Explanation:
        """`digests`: asked where they went if a digest ended the walk."""
        sentences = [*inside]
        for step in self.steps():
            sentences += self._step(step, speaker)
        found = list(digests()) if self.end is not None and self.end.reason == DIGESTED else []
        said = (*sentences, self._ending(speaker), *(one.sentence for one in found))
        return Explanation(said, self.told or any(one.told for one in found))

    def _step(self, step: str, speaker: Speaker) -> Iterator[Sentence]:
        settings = self.body.step_at(step) or {}
        happened = [
            *self._items(step, speaker),
            *self._notes(step, speaker, waits=True),
            *(said for one in self.held if one.step == step for said in what_became_of(one, speaker)),
            *self._sent(step, speaker),
            *self._notes(step, speaker, waits=False),
            *self._wait(step, speaker),
            *self._stop(step, speaker),
        ]
        yield from happened or [self._silent(step, settings, speaker)]

    def _items(self, step: str, speaker: Speaker) -> Iterator[Sentence]:
        for at_step, entry in self.items:
            if at_step != step:
                continue
            where: dict[str, Any] = {"step": step, "at": entry.created_at, "kind": INBOX.key}
            title = self.body.name if entry.hidden else entry.content.title
            yield speaker.say("posted", channel=INBOX.name, title=title, **where)
            if entry.hidden:
                yield speaker.said("not_visible", REASONS, step=step, channel=INBOX.key)
                continue
            state = entry.state.name.lower()
            became = ("read" if entry.read else "unread") if entry.state == State.ACTIVE else state
            yield speaker.said(became, ITEMS, step=step, channel=INBOX.key)

    def _sent(self, step: str, speaker: Speaker) -> Iterator[Sentence]:
        for one in self.sent:
            if _position(one.step) != step:
                continue
            name, title = kind_in_words(one.kind), one.title or self.body.name
            code = "sent_again" if one.again else "sent"
            yield speaker.say(code, step=step, at=one.created_at, kind=one.kind, channel=name, title=title)
            yield became(one, step, speaker)

    def _notes(self, step: str, speaker: Speaker, *, waits: bool) -> Iterator[Sentence]:
        for one in self.outcomes:
            if one.final or one.step != step or (one.until is not None) != waits:
                continue
            frame = "remark" if one.reason in REMARKS else "held_until" if one.until else "nothing_sent"
            given: dict[str, Any] = {"step": step, "at": one.created_at, "kind": one.channel, "detail": one.detail}
            if one.until:
                given["until"] = one.until
            name = kind_in_words(one.channel) if one.channel else kind_in_words(self._kind(step))
            yield speaker.say(one.reason, frame=frame, channel=name, why=in_words(one.reason), **given)

    def _wait(self, step: str, speaker: Speaker) -> Iterator[Sentence]:
        here = self.standing
        if here is None:
            return
        if here.lease_token is not None and here.step == step:
            yield speaker.say("under_way", step=step)
        elif here.lease_token is None and step == self._asleep_at(here.step):
            yield speaker.say("waits", step=step, until=here.wake_at)

    def _asleep_at(self, step: str) -> str:
        """Who sleeps stands at the step at which they go on; what made them sleep is the delay that they came from.
        Else it is that step itself, which comes again."""
        again = self.standing is not None and (self.standing.round or self.standing.tries)
        held_here = any(one.step == step and one.until for one in self.outcomes)
        before = None if again or held_here else self.way.before(step)
        return before if before and self._is_delay(before) else step

    def _stop(self, step: str, speaker: Speaker) -> Iterator[Sentence]:
        """That their walk ended at this step, unless it did before they came to it, or at the last one."""
        end = self.end
        if end is None or end.step != step or end.reason == DONE or (end.reason in BEFORE_A_STEP and not end.round):
            return
        yield speaker.say("ended_here", step=step, at=end.created_at, why=in_words(end.reason))

    def _silent(self, step: str, settings: Mapping[str, Any], speaker: Speaker) -> Sentence:
        """Nothing is on record of this step."""
        kind = kinds().get(settings.get("channel", ""))
        if self.way.is_aside(step):
            return speaker.say("other_way", step=step)
        if self.way.is_behind(step):
            if kind is not None and not kind.for_all:
                return speaker.say(silence_on(kind), step=step, kind=kind.key, channel=kind.name)
            return speaker.say("waited" if self._is_delay(step) else "passed", step=step)
        return speaker.say("not_reached" if self.standing else "never_reached", step=step)

    def _ending(self, speaker: Speaker) -> Sentence:
        end = self.end
        if end is None:
            return speaker.say("walking")
        return speaker.said(end.reason, REASONS, at=end.created_at, detail=end.detail)

    def _is_delay(self, step: str) -> bool:
        return (self.body.step_at(step) or {}).get("kind") == "delay"

    def _kind(self, step: str) -> str:
        settings = self.body.step_at(step) or {}
        return str(settings.get("channel") or settings.get("kind") or "")


def _position(origin_step: str) -> str:
    """Without the round."""
    return origin_step.rpartition(".")[0] or origin_step
