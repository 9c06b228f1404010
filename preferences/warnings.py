"""What will not be as somebody might think who said this: told with the preferences, and no reason to refuse them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from notifications.models import Recipient

from .models import TenantChoice, personal_kinds
from .personal import Preferences
from .policies import PolicyName, policy_of


@dataclass(frozen=True)
class Wait:
    """How long a level of an escalation waits, and on which channels it tells: `workflow` names it."""

    workflow: str
    seconds: float
    important: bool
    channels: frozenset[str]


_sources: list[Callable[[Recipient], Iterable[Wait]]] = []


def add_waits(source: Callable[[Recipient], Iterable[Wait]]) -> None:
    """Have this say which levels somebody may be called at. Called from `AppConfig.ready()`."""
    if source not in _sources:
        _sources.append(source)


def warnings_of(person: Recipient, said: Preferences) -> list[str]:
    """In sentences."""
    return [*_locked(person, said), *late(person, said)]


def _locked(person: Recipient, said: Preferences) -> Iterable[str]:
    """Choices that a lock of the same width overrules."""
    if not said.choices:
        return
    locks = TenantChoice.objects.filter(tenant=person.tenant_id, locked=True)
    locked = {(row.workflow, row.category, row.kind): row.wanted for row in locks}
    names = {kind.key: str(kind.name) for kind in personal_kinds()}
    for wish in said.choices:
        if locked.get(wish.named, wish.wanted) != wish.wanted:
            what = [part for part in (wish.workflow or wish.category, names.get(wish.channel, wish.channel)) if part]
            yield _("Your organisation has locked %(what)s, so your choice changes nothing.") % {
                "what": ", ".join(what) or _("everything")
            }


def late(person: Recipient, said: Preferences) -> Iterable[str]:
    """Stages of a policy that come later than a level waits."""
    if not any(said.policies.values()):
        return
    names = {kind.key: str(kind.name) for kind in personal_kinds()}
    for wait in sorted({one for source in _sources for one in source(person)}, key=lambda one: one.workflow):
        policy = policy_of(said.policies, PolicyName.IMPORTANT if wait.important else PolicyName.DEFAULT)
        for kind in policy.beyond(wait.channels, wait=wait.seconds):
            given = {
                "channel": names.get(kind, kind),
                "after": round(policy.delay(kind) / 60),
                "workflow": wait.workflow,
                "wait": round(wait.seconds / 60),
            }
            told = _(
                "%(channel)s after %(after)d min is later than “%(workflow)s” waits (%(wait)d min), so there it comes"
                " at the end of that wait."
            )
            yield told % given
