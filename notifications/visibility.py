"""Whether people may still see what a notice is about. Only the host knows: `NOTIFYHUB["NOTIFICATIONS"]["CAN_SEE"]` is
the dotted path of a callable

    can_see_many(pairs: Sequence[tuple[Recipient, Target]]) -> Iterable[tuple[Recipient, Target]]

that gives back those of the pairs of which the answer is yes. It is asked once for a whole set: when something is to be
sent, when a digest is told, once more when what waited long leaves, and when an inbox is read. Who raises, or answers
with something else, has not said yes. Without the setting nobody is asked, and it costs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core import checks
from django.utils.module_loading import import_string

from .conf import conf
from .kernel.config import check_callable
from .models import Recipient
from .targets import Pair, Target

logger = logging.getLogger(__name__)

CanSee = Callable[[Sequence[tuple[Recipient, Target]]], Iterable[tuple[Recipient, Target]]]

_instead: ContextVar[CanSee | None] = ContextVar("notifyhub_can_see", default=None)


@dataclass(frozen=True)
class Sight:
    """Of which pairs the answer was no, and of which there was none: those are asked again later."""

    hidden: frozenset[Pair] = frozenset()
    unknown: frozenset[Pair] = frozenset()

    @property
    def kept_back(self) -> frozenset[Pair]:
        return self.hidden | self.unknown


CLEAR = Sight()


def is_asked() -> bool:
    """Whether there is anybody to ask."""
    return bool(_instead.get() or conf().can_see)


def look(pairs: Collection[Pair]) -> Sight:
    """Which of these people may not see which object. One query and one call, or none without a hook."""
    if not pairs or not is_asked():
        return CLEAR
    everybody = frozenset(pairs)
    try:
        asked = _asked(everybody)
        allowed = {(person.pk, str(target)) for person, target in _hook()(asked)}
    except Exception:
        logger.exception("can_see.failed pairs=%d", len(everybody))
        return Sight(unknown=everybody)
    return Sight(hidden=everybody - allowed)


@contextmanager
def answered_by(hook: CanSee) -> Iterator[None]:
    """In this block `hook` is asked instead of the site's: on the stage of a simulation stand people whom the host does
    not know."""
    token = _instead.set(hook)
    try:
        yield
    finally:
        _instead.reset(token)


def check_hook(**_: Any) -> list[checks.CheckMessage]:
    """`notifyhub.E025`: the hook cannot be found. Whatever is about an object would wait for ever."""
    return check_callable("NOTIFICATIONS", "CAN_SEE", id="notifyhub.E025")


def _asked(pairs: Collection[Pair]) -> list[tuple[Recipient, Target]]:
    """As the hook takes them. Who is not there any more is not asked about, and so is not allowed."""
    people = Recipient.reachable.across_tenants().in_bulk({recipient for recipient, _ in pairs})
    targets = {spelt: Target.parse(spelt) for _, spelt in pairs}
    return [(people[recipient], targets[spelt]) for recipient, spelt in sorted(pairs) if recipient in people]


def _hook() -> CanSee:
    return _instead.get() or _load(conf().can_see)


@cache
def _load(path: str) -> CanSee:
    hook: CanSee = import_string(path)
    return hook
