"""The front door of toasts: a word on screen for those who are there now. Nothing is kept, nobody is told later.

toast.success(alice, "Saved", "Your changes are live.")
toast.error(topic, "Import failed", action=Action("See why", "/imports/7/"))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .content import Action, Content
from .kernel.tokens import uuid7
from .live import line
from .models import Recipient, Tenant, Topic

SECONDS = {"success": 5, "error": 8, "info": 5, "warning": 7}
"""How long each level stays."""

Target = Recipient | Topic | Tenant | Sequence[Recipient]


def success(target: Target, title: str, message: str = "", *, action: Action | None = None, **more: Any) -> None:
    """Something worked. See `show`."""
    show(target, Content(title, message, level="success", actions=_actions(action)), **more)


def error(target: Target, title: str, message: str = "", *, action: Action | None = None, **more: Any) -> None:
    """Something failed. See `show`."""
    show(target, Content(title, message, level="error", actions=_actions(action)), **more)


def info(target: Target, title: str, message: str = "", *, action: Action | None = None, **more: Any) -> None:
    """Something is worth knowing. See `show`."""
    show(target, Content(title, message, level="info", actions=_actions(action)), **more)


def warning(target: Target, title: str, message: str = "", *, action: Action | None = None, **more: Any) -> None:
    """Something needs care. See `show`."""
    show(target, Content(title, message, level="warning", actions=_actions(action)), **more)


def show(target: Target, content: Content, *, seconds: float | None = None, using: str = "default") -> None:
    """Once the current transaction commits, show this to whoever of `target` has a page open: a person, several of one
    tenant, everybody who follows a topic, or a whole tenant. `seconds` is how long; 0 is until it is closed."""
    if isinstance(target, Tenant):
        _send(content, tenant=target, to={"tenant": target.pk}, seconds=seconds, using=using)
    elif isinstance(target, Topic):
        _send(content, tenant=target.tenant, to={"topic": target.pk}, seconds=seconds, using=using)
    else:
        people = [target] if isinstance(target, Recipient) else list(target)
        for tenant in {one.tenant for one in people}:
            ids = [one.pk for one in people if one.tenant_id == tenant.pk]
            send_to_people(content, tenant=tenant, people=ids, seconds=seconds, using=using)


def send_to_people(
    content: Content, *, tenant: Tenant, people: Iterable[int], seconds: float | None = None, using: str = "default"
) -> None:
    """The same for recipient ids of one tenant, a thousand a message."""
    ids = sorted(people)
    for start in range(0, len(ids), line.PEOPLE_MAX):
        to = {"people": ids[start : start + line.PEOPLE_MAX]}
        _send(content, tenant=tenant, to=to, seconds=seconds, using=using)


def _send(
    content: Content, *, tenant: Tenant, to: dict[str, Any], seconds: float | None = None, using: str = "default"
) -> None:
    stays = SECONDS.get(content.level, 5) if seconds is None else max(float(seconds), 0.0)
    shown = {"id": str(uuid7()), "seconds": stays, "level": content.level, **content.to_json()}
    message = {"type": "nh.toast", "tenant": tenant.pk, "slug": tenant.slug, "to": to, "toast": shown}
    line.send_after_commit(message, using=using)


def _actions(action: Action | None) -> tuple[Action, ...]:
    return (action,) if action is not None else ()
