"""The loop guard: a run that another run caused knows by which workflows it came, and none may come twice.

    with caused_by(chain):
        trigger(…)      # stands behind that chain

Whoever triggers out of a step is behind its run without saying so. Whoever was told by a webhook, and triggers because
of it, hands the `transaction_id` back as `caused_by`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .models import Run
from .refusals import Looped

DEPTH_MAX = 5
"""So many runs may stand before one, each caused by the one before it."""

Chain = tuple[str, ...]
"""The keys of the workflows that led to a trigger, the first of them first."""

_cause: ContextVar[Chain] = ContextVar("notifyhub_cause", default=())


def cause() -> Chain:
    """What led to whatever is triggered here."""
    return _cause.get()


@contextmanager
def caused_by(chain: Chain) -> Iterator[None]:
    """What is triggered in this block stands behind `chain`."""
    token = _cause.set(chain)
    try:
        yield
    finally:
        _cause.reset(token)


def behind(runs: Collection[int], *, tenant_id: int) -> Chain:
    """The chain of what these runs of one workflow cause: the longest of theirs, and the workflow. One query."""
    found = Run.objects.filter(tenant=tenant_id, pk__in=runs).values_list("chain", "workflow")
    return max((read(chain, workflow) for chain, workflow in found), key=len, default=())


def behind_named(names: Collection[str], *, tenant_id: int, using: str) -> dict[str, Chain]:
    """The chains of what the runs with these transaction ids cause; of those that are there. One query."""
    runs = Run.objects.using(using).filter(tenant=tenant_id, transaction_id__in=names)
    rows = runs.values_list("transaction_id", "chain", "workflow")
    return {name: read(chain, workflow) for name, chain, workflow in rows}


def read(stored: str, workflow: str) -> Chain:
    """Of what a run caused: its own chain as its row keeps it, and itself."""
    return (*stored.split("\n"), workflow) if stored else (workflow,)


def check(workflow: str, chain: Chain) -> None:
    """Raises Looped where this workflow must not start behind that chain."""
    way = " → ".join((*chain, workflow))
    if workflow in chain:
        raise Looped(f"It caused itself: {way}. Nothing was started.")
    if len(chain) > DEPTH_MAX:
        raise Looped(f"At most {DEPTH_MAX} runs may cause one another: {way}. Nothing was started.")
