"""From an event to the digest that told it, and back: which window it went into, which run carried that on, and what
became of it there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from notifications.models import Recipient

from ..digests import held_by
from ..hearing import CANCELLED
from ..models import Act, Run, Window, WindowItem
from ..reasons import in_words
from ..step import DIGESTED
from .audience import Place, place_of
from .sentence import Sentence, Speaker

EVENTS = 10
"""So many events a digest names."""


@dataclass(frozen=True)
class Fate:
    """What the record of a digest's own run says of the person: `reason` is why not, where they were not told."""

    told: bool
    reason: str


Follow = Callable[[Run, Place], Fate]
"""Says what became of the person in a digest's run."""


@dataclass(frozen=True)
class Collected:
    """What is said of one digest that an event of theirs went into. `told`: it reached them, or still may."""

    sentence: Sentence
    told: bool


def where_it_went(
    run: Run, recipient: Recipient, place: Place, speaker: Speaker, follow: Follow
) -> Iterator[Collected]:
    """Of an event that went into digests: one for each, in order, or that there is none any more."""
    own = place.chunk.windows[place.number] if place.chunk.windows else 0
    windows = [one for one in _windows(_event_of(run, own), recipient) if one.pk > own]
    for window in windows:
        yield _said(window, recipient, speaker, follow)
    if not windows:
        yield Collected(speaker.say("taken_out" if _was_cancelled(run, recipient) else "digest_forgotten"), told=False)


def what_it_holds(run: Run, place: Place, speaker: Speaker) -> Iterator[Sentence]:
    """Of a digest: how many events, and the runs of the first of them."""
    if not run.digest or not place.chunk.windows:
        return
    window = place.chunk.windows[place.number]
    held = held_by([window], most=EVENTS).get(window)
    if held is None:
        yield speaker.say("digest_forgotten")
        return
    count, events = held
    yield speaker.say("carries", n=count)
    for event in Run.objects.filter(tenant=run.tenant_id, pk__in=events).order_by("pk"):
        yield speaker.say("carries_event", at=event.start_at, run=event.transaction_id)


def _event_of(run: Run, own: int) -> int:
    """The run by which windows are found: itself; of a digest that went into another, that of its first event."""
    _, events = held_by([own], most=1).get(own, (0, [])) if own else (0, [])
    return next(iter(events), run.pk)


def _windows(event: int, recipient: Recipient) -> Sequence[Window]:
    """Those that hold this event of theirs, the first digest first. Two queries."""
    items = WindowItem.objects.filter(run_id=event, recipient_id=recipient.pk)
    ids = list(items.values_list("window_id", flat=True))
    windows = Window.objects.filter(tenant=recipient.tenant_id, pk__in=ids).select_related("carrier").order_by("pk")
    return list(windows) if ids else []


def _said(window: Window, recipient: Recipient, speaker: Speaker, follow: Follow) -> Collected:
    if not window.closed:
        return Collected(speaker.say("collecting", n=window.n, until=window.closes_at), told=True)
    carrier = window.carrier
    place = place_of(carrier, recipient) if carrier is not None else None
    if carrier is None or place is None:
        return Collected(speaker.say("digest_ended", n=window.n, at=window.closes_at), told=False)
    fate = follow(carrier, place)
    about: dict[str, Any] = {"n": window.n, "at": carrier.created_at, "run": carrier.transaction_id}
    if fate.told:
        return Collected(speaker.say("digest_told", **about), told=True)
    if fate.reason == DIGESTED:
        return Collected(speaker.say("digest_passed", **about), told=False)
    if carrier.finished_at is None:
        return Collected(speaker.say("digest_walking", **about), told=True)
    return Collected(speaker.say("digest_silent", why=in_words(fate.reason), **about), told=False)


def _was_cancelled(run: Run, recipient: Recipient) -> bool:
    mine = Act.objects.filter(run=run, kind=CANCELLED, recipient_id=recipient.pk)
    return run.cancelled_at is not None or mine.exists()
