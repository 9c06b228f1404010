"""What the benchmarks trigger: a workflow of one inbox step, with a payload and a link, the same words for everyone."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notifications.models import Tenant

KEY = "bench.session_escalated"
_numbers = count(1)


def register() -> None:
    """Make the workflow known to this process. A worker needs nothing: what it means is stored with the run."""
    from workflows import registry
    from workflows.define import Workflow, send_inbox

    workflow = Workflow(
        key=KEY,
        name="Session escalated",
        payload={
            "type": "object",
            "properties": {"number": {"type": "integer"}, "reason": {"type": "string"}},
            "required": ["number", "reason"],
        },
        sample={"number": 1, "reason": "waits for 20 minutes"},
        steps=[
            send_inbox(
                title="Session {{ payload.number }} was escalated",
                body="A person is waiting for an answer: {{ payload.reason }}.",
                url="/sessions/{{ payload.number }}",
                level="warning",
            )
        ],
    )
    if not registry.register(workflow):
        raise SystemExit(f"the benchmark's workflow was refused: {registry.problems()}")


def trigger_everyone(tenant: Tenant) -> None:
    """One trigger to everyone of the tenant."""
    _trigger(tenant, {"everyone": True})


def trigger_one(tenant: Tenant, external_id: str) -> None:
    """One trigger of one person, in a transaction of its own unless there is one."""
    _trigger(tenant, {"user": external_id})


def trigger_batch(tenant: Tenant, external_ids: list[str]) -> None:
    """As many triggers of one person each, in one call."""
    from workflows.trigger import Trigger, Triggered, trigger_many

    triggers = [Trigger(KEY, payload=_payload(), recipients=[{"user": name}]) for name in external_ids]
    answers = trigger_many(triggers, tenant=tenant)
    assert all(isinstance(answer, Triggered) for answer in answers), answers


def work_off(run: int) -> None:
    """Do in this process what a worker would do: work off what is due, then what its ticker finds."""
    from notifications.kernel.ticker import tick
    from workflows import engine
    from workflows.models import Run, Status

    give_up = time.monotonic() + 60
    while Run.objects.across_tenants().get(pk=run).status != Status.SENT:
        if time.monotonic() > give_up:
            raise SystemExit(f"run {run} did not end")
        engine.drain()
        tick()


def _trigger(tenant: Tenant, recipient: dict[str, Any]) -> None:
    from workflows.trigger import trigger

    trigger(KEY, recipients=[recipient], payload=_payload(), tenant=tenant)


def _payload() -> dict[str, Any]:
    return {"number": next(_numbers), "reason": "waits for 20 minutes"}
