"""The few moves that the tests of steps need."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import run_named, statements
from workflows import engine
from workflows.claim import claim_due
from workflows.expand import expand_due
from workflows.models import Run
from workflows.runs import everyone_is_accounted_for
from workflows.scene import load_work
from workflows.step import Scene
from workflows.trigger import trigger


def start(tenant: Tenant, *recipients: Any, key: str = "t", **given: Any) -> Run:
    return run_named(trigger(key, tenant=tenant, recipients=recipients or None, **given).transaction_id)


def walked(run: Run) -> Run:
    """The run after everything due was worked off; nobody may be unaccounted for."""
    engine.drain()
    run.refresh_from_db()
    assert everyone_is_accounted_for(run)
    return run


def told(tenant: Tenant, *recipients: Any, **payload: Any) -> Run:
    """A run of `t` that was walked as far as it goes now."""
    return walked(start(tenant, *recipients, payload=payload))


def cost(tenant: Tenant, people: list[Recipient], **payload: Any) -> int:
    """How many statements it takes from the trigger to where everybody stands."""
    with statements() as found:
        trigger("t", tenant=tenant, recipients=people, payload=payload)
        engine.drain()
    return len(found)


def standing() -> Scene:
    """The scene of the one cohort that is due, as a worker sees it that holds it for no time at all."""
    now = db_now()
    expand_due(now=now)
    (held,) = claim_due(now=now, lease=timedelta(0))
    work = load_work(held, now=now)
    assert work is not None
    return work.scene


def until(so: Callable[[], object], *, seconds: float = 60.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it never was"
        threading.Event().wait(0.01)
