"""The few moves that the tests of digests need."""

from datetime import timedelta
from typing import Any

from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import run_named
from workflows import engine
from workflows.define import send_inbox
from workflows.models import Run, Window
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import trigger

COUNT = send_inbox(title="{{ digest.count }}: {% for item in digest.items %}{{ item.payload.n }} {% endfor %}")


def start(key: str, tenant: Tenant, *recipients: Any, **payload: Any) -> Run:
    """Trigger it and work off what is due, so that what was told is collected."""
    run = run_named(trigger(key, tenant=tenant, recipients=recipients, payload=payload).transaction_id)
    engine.drain()
    return run


def their_time_comes(step: str = "") -> None:
    """All windows, or those of one step, are due, and worked off. Nobody may be unaccounted for."""
    let_them_be_due(step)
    engine.drain()
    for run in Run.objects.across_tenants():
        assert everyone_is_accounted_for(run)


def let_them_be_due(step: str = "") -> None:
    open_ones = Window.objects.across_tenants().filter(closed=False, step__startswith=step)
    open_ones.update(closes_at=db_now() - timedelta(seconds=1))


def window() -> Window:
    """The one that is open."""
    return Window.objects.across_tenants().get(closed=False)


def carriers() -> list[Run]:
    """The runs that carry digests."""
    return list(Run.objects.across_tenants().exclude(digest="").order_by("pk"))
