"""Events that runs wait for: said by `emit()`, or by a run of the workflow of that name as it starts.

Who waits has a row that says for which event, and with which value at one place of its payload. An event looks for
those, and acts on their runs; so it costs what it finds and not what waits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from notifications.kernel import doorbell
from notifications.kernel.clock import db_now
from notifications.models import Tenant

from .acts import record
from .awaiting import KEY_MAX, match_of
from .engine_bell import BELL, QUEUE
from .hearing import EVERYBODY, event_at
from .models import Awaited, Run
from .payload import InvalidPayload, check_bounds
from .refusals import BadRequest


def emit(event: str, *, tenant: Tenant, payload: Mapping[str, Any] | None = None) -> int:
    """Say that this happened to whoever waits for it; how many runs that were. In the caller's transaction.

    A wait that names a place of the payload is met by the same value there; where there is none, by nothing. An event
    that nobody waits for yet is not remembered. Raises BadRequest.
    """
    if not (isinstance(event, str) and 0 < len(event) <= KEY_MAX and event.isprintable()):
        raise BadRequest(f"`event` is 1 to {KEY_MAX} printable characters.")
    try:
        check_bounds(dict(payload or {}))
    except InvalidPayload as error:
        raise BadRequest("The payload is not usable.", code="invalid_payload", errors=error.errors) from None
    with transaction.atomic():
        return tell_waiting(event, [payload or {}], tenant_id=tenant.pk, now=db_now())


def tell_waiting(event: str, payloads: Iterable[Mapping[str, Any]], *, tenant_id: int, now: datetime) -> int:
    """Act on every run that waits for this event with one of these payloads; how many those are."""
    waiting = Awaited.objects.filter(tenant=tenant_id, event=event, until__gt=now)
    values = {match_of(event, path, one) for path in _paths(waiting_for=event, tenant_id=tenant_id) for one in payloads}
    values.discard(None)
    steps: dict[str, list[int]] = defaultdict(list)
    for run, step in waiting.filter(value__in=values).values_list("run_id", "step") if values else ():
        steps[step].append(run)
    met = set[int]()
    for step, runs in sorted(steps.items()):
        locked = Run.objects.filter(tenant=tenant_id, pk__in=runs).select_for_update(of=("self",)).order_by("pk")
        met |= record(list(locked), recipient=EVERYBODY, kind=event_at(step), now=now)
    if met:
        doorbell.ring(BELL, queue=QUEUE)
    return len(met)


def _paths(*, waiting_for: str, tenant_id: int) -> list[str]:
    """The places that those who wait for this event compare, each found by a step along an index."""
    waiting = (
        Awaited.objects.filter(tenant=tenant_id, event=waiting_for).order_by("path").values_list("path", flat=True)
    )
    found: list[str] = []
    while (path := waiting.filter(path__gt=found[-1]).first() if found else waiting.first()) is not None:
        found.append(path)
    return found


def runs_as_events(runs: Sequence[int], *, event: str, tenant_id: int, now: datetime) -> None:
    """These runs start, which is an event by the name of their workflow."""
    if Awaited.objects.filter(tenant=tenant_id, event=event, until__gt=now).exists():
        payloads = Run.objects.filter(tenant=tenant_id, pk__in=runs).values_list("payload", flat=True)
        tell_waiting(event, payloads, tenant_id=tenant_id, now=now)
