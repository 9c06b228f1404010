"""What was held for somebody, and what became of it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from channels_delivery.following import Track, tracks_of
from notifications.models import Recipient
from preferences import holding
from preferences.models import End, Hold

from ..models import Run
from ..reasons import in_words, kind_in_words
from .sent import became, counts
from .sentence import Sentence, Speaker


@dataclass(frozen=True)
class Held:
    """One message that was held at this step. `left`: the summary that it left in, followed."""

    step: str
    hold: Hold
    left: Sequence[Track] = ()

    @property
    def counts(self) -> bool:
        """Whether it is still held, or has arrived or may."""
        return self.hold.ended_at is None or any(counts(one) for one in self.left)


def held_for(recipient: Recipient, run: Run) -> list[Held]:
    """What was held for them from this run. One query, and one for each summary."""
    found = holding.of_origin(run.public_id, recipient.pk, tenant_id=run.tenant_id)
    return [Held(_position(hold.words.origin_step), hold, _left(hold)) for hold in found]


def what_became_of(one: Held, speaker: Speaker) -> Iterator[Sentence]:
    """After the note that it is held. Of what left by itself its delivery tells."""
    hold, kind = one.hold, one.hold.words.kind
    where: dict[str, Any] = {"step": one.step, "kind": kind, "channel": kind_in_words(kind)}
    if hold.sooner_at is not None:
        yield speaker.say("asked_for", at=hold.sooner_at, **where)
    if hold.ended_at is None:
        yield speaker.say("still_held", until=hold.until, why=in_words(hold.reason), **where)
    elif hold.ended_as == End.SUMMARY:
        yield speaker.say("in_summary", at=hold.ended_at, count=hold.left_with, **where)
        yield from (became(track, one.step, speaker) for track in one.left)
    elif hold.ended_as != End.SENT:
        why = in_words(hold.ended_as)
        yield speaker.say(hold.ended_as, frame="nothing_sent", at=hold.ended_at, why=why, **where)


def _left(hold: Hold) -> Sequence[Track]:
    if hold.left_as is None:
        return ()
    return tracks_of(hold.recipient_id, origin=hold.left_as, tenant_id=hold.tenant_id)


def _position(origin_step: str) -> str:
    """Without the round."""
    return origin_step.rpartition(".")[0] or origin_step
