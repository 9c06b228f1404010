"""What happens in a simulation, and when: triggers, acts, wishes, cancels, new versions of the workflow, silences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from notifications import inbox
from notifications.models import InboxItem, InboxState, Recipient, State, Tenant

from ..acknowledge import acknowledge
from ..define import Workflow
from ..definition import Body
from ..hush import Hush
from ..refusals import BadRequest, NotTold

EVENTS_MAX = 1_000
EVERYBODY: Sequence[Mapping[str, Any]] = ({"everyone": True},)


@dataclass(frozen=True)
class Fire:
    """A trigger, as `trigger()` takes it; of the simulated workflow where no other is named, and to everybody who plays
    where nobody is. `name` is its transaction id: `run-1`, `run-2`… if None. `target`: the object that it is about."""

    payload: Mapping[str, Any] | None = None
    recipients: Sequence[Any] = EVERYBODY
    actor: Any = None
    workflow: str = ""
    name: str | None = None
    include_actor: bool = False
    target: Any = None


@dataclass(frozen=True)
class Act:
    """Somebody does something, with what lies in their inbox or about a run: `kind` is one of `ACTS`."""

    kind: str
    person: str
    run: str = "run-1"


@dataclass(frozen=True)
class Cancel:
    """A run is cancelled; the first one, if it is not named."""

    name: str = "run-1"


@dataclass(frozen=True)
class Want:
    """Somebody changes what they want: fields of `preferences.personal.Preferences`, as `preferences.changing.change`
    takes them."""

    person: str
    said: Mapping[str, Any]


@dataclass(frozen=True)
class Publish:
    """From now on triggers start this version."""

    workflow: Body | Workflow | Mapping[str, Any]


@dataclass(frozen=True)
class Expire:
    """A silence or inhibition of this name ends before its time."""

    name: str


@dataclass(frozen=True)
class Event:
    """`what` happens `after` so long; a `Hush` begins then. What happens at a time comes before what is due then."""

    what: Fire | Act | Cancel | Publish | Hush | Expire | Want
    after: timedelta = field(default_factory=timedelta)


def checked(events: Sequence[Event], *, lasts: timedelta) -> list[Event]:
    """In the order of time. Raises BadRequest."""
    if len(events) > EVENTS_MAX:
        raise BadRequest(f"At most {EVENTS_MAX:,} events fit into a simulation.")
    errors = {}
    for place, event in enumerate(events):
        if not timedelta() <= event.after <= lasts:
            errors[f"events[{place}].after"] = "lies outside of the simulated time"
        if isinstance(event.what, Act) and event.what.kind not in ACTS:
            errors[f"events[{place}].kind"] = f"is not one of {', '.join(sorted(ACTS))}"
    if errors:
        raise BadRequest("Some events cannot happen.", errors=errors)
    return sorted(events, key=lambda event: event.after)


@dataclass(frozen=True)
class Deed:
    """Somebody of this tenant does something now; about this run, where it is about one."""

    tenant: Tenant
    recipient: int
    run: str
    now: datetime

    def items(self) -> list[UUID]:
        """What lies in their inbox."""
        items = InboxItem.objects.filter(recipient_id=self.recipient, state__in=(State.ACTIVE, State.ARCHIVED))
        return list(items.values_list("notification__public_id", flat=True))


def _read(deed: Deed) -> None:
    inbox.mark_read(deed.recipient, deed.items(), now=deed.now)


def _seen(deed: Deed) -> None:
    head = InboxState.objects.filter(pk=deed.recipient).values_list("head", flat=True).first()
    inbox.mark_seen(deed.recipient, head or 0)


def _archive(deed: Deed) -> None:
    inbox.archive(deed.recipient, deed.items())


def _acknowledge(deed: Deed) -> None:
    person = Recipient.objects.get(tenant=deed.tenant, pk=deed.recipient)
    with suppress(NotTold):  # whom a run does not tell has nothing to say of it
        acknowledge(deed.run, tenant=deed.tenant, recipient=person, clock=lambda: deed.now)


ACTS: dict[str, Callable[[Deed], None]] = {
    "read": _read,
    "seen": _seen,
    "archive": _archive,
    "acknowledge": _acknowledge,
}
"""What a person can do."""
