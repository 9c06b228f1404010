"""What this app keeps of a person: what they said, who changed it, and what is held for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from notifications.kernel import privacy
from notifications.kernel.privacy import Person, plain, scrub

from .models import Change, Choice, Habits, HeldWords, Hold

_SAID = (
    "quiet_hours",
    "send_windows",
    "frequencies",
    "digest_at",
    "digest_day",
    "summaries",
    "snooze_until",
    "policies",
)
_HELD = ("words__kind", "words__workflow", "words__content", "since", "until", "reason", "ended_at", "ended_as")


def export(person: Person) -> dict[str, Any]:
    return {
        "choices": plain(_of(Choice, person), "kind", "category", "workflow", "wanted", "changed_at"),
        "habits": plain(_of(Habits, person), *_SAID, "changed_at"),
        "history": plain(_of(Change, person), "at", "by", "via", "address", "said"),
        "held": plain(_of(Hold, person), *_HELD),
    }


def erase(person: Person, *, now: datetime) -> dict[str, int]:
    """All of it: what is held is never sent. Elsewhere their name goes, also as whoever changed something."""
    alone = list(_only_theirs(person).values_list("pk", flat=True))
    words, changes = (model.objects.filter(tenant=person.tenant_id) for model in (HeldWords, Change))
    locked = _of(Hold, person).select_for_update(of=("self",))  # a release that is under way is waited for
    held = [pk for (pk,) in locked.values_list("pk")]
    return {
        "held": Hold.objects.filter(tenant=person.tenant_id, pk__in=held).delete()[0],
        "held_words": words.filter(pk__in=alone).delete()[0],
        "held_words_mentioning": scrub(words, ("content", "letter", "about"), person),
        "choices": _of(Choice, person).delete()[0],
        "habits": _of(Habits, person).delete()[0],
        "history": _of(Change, person).delete()[0],
        "history_mentioning": scrub(changes, ("by",), person),
    }


def _of(model: Any, person: Person) -> Any:
    return model.objects.filter(tenant=person.tenant_id, recipient__in=person.ids).order_by("pk")


def _only_theirs(person: Person) -> Any:
    """Words that are held for nobody else."""
    holds = Hold.objects.filter(tenant=person.tenant_id, words=OuterRef("pk"))
    words = HeldWords.objects.filter(tenant=person.tenant_id)
    return words.filter(
        Exists(holds.filter(recipient__in=person.ids)), ~Exists(holds.exclude(recipient__in=person.ids))
    )


def join() -> None:
    """Called when the app is ready."""
    privacy.register("preferences", export=export, erase=erase)
