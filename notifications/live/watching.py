"""Objects whose changes a page may follow: a run, a process. Whoever owns a kind says who may watch one of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..models import Recipient
from . import line

MAX = 20
"""Objects that one socket watches at once."""

May = Callable[[Recipient, str], bool]

_kinds: dict[str, May] = {}


def register(kind: str, may: May) -> None:
    """Let objects of `kind` be watched. `may(recipient, id)` says whether this person may see that object; it is asked
    with the tenant loaded, and must refuse an object of another tenant. Called from `AppConfig.ready()`."""
    _kinds[kind] = may


def changed(kind: str, object_id: str, *, tenant_id: int, using: str = "default") -> None:
    """Once the current transaction commits, tell whoever watches this object."""
    message = {"type": "nh.object", "tenant": tenant_id, "kind": kind, "id": object_id}
    line.send_after_commit(message, using=using)


def named(given: Any) -> tuple[str, str]:
    """(kind, id) from `{"run": "…"}`. Raises ValueError."""
    if not isinstance(given, dict) or len(given) != 1:
        raise ValueError('Say what to `watch`: an object like {"run": "<transaction id>"}.')
    kind, name = next(iter(given.items()))
    if not isinstance(name, str) or not 0 < len(name) <= 100:
        raise ValueError("The name of an object has 1 to 100 characters.")
    return kind, name


def may_watch(person: int, kind: str, object_id: str) -> bool:
    may = _kinds.get(kind)
    recipient = Recipient.objects.across_tenants().select_related("tenant").filter(pk=person, active=True).first()
    return may is not None and recipient is not None and may(recipient, object_id)
