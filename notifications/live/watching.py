"""Objects whose changes a page may follow: a run, a process. Whoever owns a kind says who may watch one of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from ..models import Recipient
from . import line

MAX = 20
"""Objects that one socket watches at once."""

Find = Callable[[Recipient, str], UUID | None]

_kinds: dict[str, list[Find]] = {}


def register(kind: str, find: Find) -> None:
    """Let objects of `kind` be watched. `find(recipient, id)` answers with the object's public id if this person may
    see it, and None if not; it must answer None for an object of another tenant. Called from `AppConfig.ready()`.
    A site may add a rule of its own to that of an app: whom one of them lets see it may watch."""
    _kinds.setdefault(kind, []).append(find)


def changed(objects: Iterable[UUID | None], *, using: str = "default") -> None:
    """Once the current transaction commits, tell whoever watches the objects with these public ids. It goes with the
    hint of the transaction, if there is one, and costs no statement; of None nobody is told."""
    line.hint(objects=(one for one in objects if one is not None), using=using)


def named(given: Any) -> tuple[str, str]:
    """(kind, id) from `{"run": "…"}`. Raises ValueError."""
    if not isinstance(given, dict) or len(given) != 1:
        raise ValueError('Say what to `watch`: an object like {"run": "<transaction id>"}.')
    kind, name = next(iter(given.items()))
    if not isinstance(name, str) or not 0 < len(name) <= 100:
        raise ValueError("The name of an object has 1 to 100 characters.")
    return kind, name


def find(person: int, kind: str, object_id: str) -> str | None:
    """By which name `changed` speaks of this object, as it is on the line; None unless this person may see it."""
    recipient = Recipient.objects.across_tenants().select_related("tenant", "user").filter(pk=person, active=True)
    seeing = recipient.first() if kind in _kinds else None
    if seeing is None:
        return None
    found = (rule(seeing, object_id) for rule in _kinds[kind])
    return next((one.hex for one in found if one is not None), None)
