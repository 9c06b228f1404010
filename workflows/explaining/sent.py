"""What became of a message that left, or was to, in words."""

from __future__ import annotations

from typing import Any

from channels_delivery.following import Track

from ..reasons import REASONS, STATES, WAITS, failure_in_words, in_words
from .sentence import Sentence, Speaker


def counts(one: Track) -> bool:
    """Whether it arrived, or still may."""
    return one.state in ("pending", "sending", "delivered", "accepted")


def became(one: Track, step: str, speaker: Speaker) -> Sentence:
    """What became of a message."""
    where: dict[str, Any] = {"step": step, "channel": one.kind, "detail": one.detail}
    if one.state == "pending" and one.wait_reason:
        why = failure_in_words(one.code) if one.code else ""
        words = f"{WAITS.get(one.wait_reason, STATES['pending'])} {why[:1].upper()}{why[1:]}".strip()
        return Sentence(one.wait_reason, words, until=one.due_at, **where)
    if one.state == "cancelled" and one.code in REASONS:
        return Sentence(one.code, f"{STATES['cancelled']} {in_words(one.code)}", at=one.finished_at, **where)
    if one.state in ("failed", "dead"):
        why = failure_in_words(one.cause)
        return Sentence(one.state, f"{STATES[one.state]} {why[:1].upper()}{why[1:]}", at=one.finished_at, **where)
    return speaker.said(one.state, STATES, at=one.finished_at, **where)
