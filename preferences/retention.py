"""How long what was held is kept: first the words go, then the record that something was held; and how long the history
of changes is.

Small batches from the oldest end, so it may stop anywhere, run in several processes, and be as late as it likes. What
is still held is never touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from notifications.kernel.clock import db_now

from .conf import conf
from .models import Change, HeldWords, Hold
from .timing import LONGEST

BATCH = 1_000
SECONDS = 3.0
"""For how long a tick may go on: the ticker has other things to do."""


def clear_out_for_a_while() -> None:
    """For the ticker."""
    clear_out(now=db_now(), seconds=SECONDS)


def clear_out(*, now: datetime, most: int = BATCH, seconds: float = float("inf")) -> dict[str, int]:
    """Take away what is past its time by the settings, in batches of `most`, until nothing is left or `seconds` have
    passed. How many `bodies`, `holds`, `words` and `changes` that was."""
    until, kept = time.monotonic() + seconds, conf()
    words = now - max(timedelta(days=kept.keep_held_words_days), LONGEST + timedelta(days=1))
    holds = now - timedelta(days=kept.keep_held_days)
    changes = now - timedelta(days=max(kept.keep_history_days, 2))
    steps: dict[str, Callable[[], int]] = {
        "bodies": lambda: empty_words(before=words, now=now, most=most),
        "holds": lambda: forget_holds(before=holds, most=most),
        "words": lambda: forget_words(before=min(words, holds), most=most),
        "changes": lambda: forget_changes(before=changes, most=most),
    }
    done = dict.fromkeys(steps, 0)
    for name, step in steps.items():
        while time.monotonic() < until and (count := step()):
            done[name] += count
    return done


def empty_words(*, before: datetime, now: datetime, most: int = BATCH) -> int:
    """Take out the words of messages that were put aside before this time: nothing is held for so long."""
    held = Hold.objects.across_tenants().filter(words=OuterRef("pk"), ended_at__isnull=True)
    full = HeldWords.objects.across_tenants().filter(emptied_at__isnull=True, created_at__lt=before)
    chosen = list(full.filter(~Exists(held)).order_by("created_at").values_list("pk", flat=True)[:most])
    mine = HeldWords.objects.across_tenants().filter(pk__in=chosen)
    return mine.update(content={}, letter={}, emptied_at=now)


def forget_holds(*, before: datetime, most: int = BATCH) -> int:
    """Delete the record of what ended before this time. Numbers are given in the order in which things are put aside,
    so the oldest have the least."""
    oldest = list(Hold.objects.across_tenants().order_by("pk").values_list("pk", flat=True)[:most])
    count, _ = Hold.objects.across_tenants().filter(pk__in=oldest, ended_at__lt=before).delete()
    return count


def forget_words(*, before: datetime, most: int = BATCH) -> int:
    """Delete emptied words of which no record is left."""
    holds = Hold.objects.across_tenants().filter(words=OuterRef("pk"))
    old = HeldWords.objects.across_tenants().filter(emptied_at__isnull=False, created_at__lt=before)
    chosen = list(old.filter(~Exists(holds)).order_by("pk").values_list("pk", flat=True)[:most])
    count, _ = HeldWords.objects.across_tenants().filter(pk__in=chosen).delete()
    return count


def forget_changes(*, before: datetime, most: int = BATCH) -> int:
    """Delete what was changed before this time from the history. What counts now is in no need of it."""
    oldest = list(Change.objects.across_tenants().order_by("pk").values_list("pk", flat=True)[:most])
    count, _ = Change.objects.across_tenants().filter(pk__in=oldest, at__lt=before).delete()
    return count
