"""The few moves that the tests of sending need."""

from collections import Counter
from typing import Any

from channels_delivery.models import Channel, Delivery, Message
from notifications.models import Recipient, Tenant
from tests.cast import crowd, run_named
from workflows import engine
from workflows.define import send
from workflows.models import Run
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import trigger

PLAIN = send("scripted", title="Hello {{ payload.name }}", body="For you")


def reachable(tenant: Tenant, size: int, *, prefix: str = "p") -> list[Recipient]:
    """People with an address each."""
    people = crowd(tenant, size, prefix=prefix)
    for one in people:
        one.email = f"{one.external_id}@{tenant.slug}.example"
    Recipient.objects.filter(tenant=tenant).bulk_update(people, ["email"])
    return people


def channel(tenant: Tenant, *addresses: str, told_of: str = "t", kind: str = "scripted", **given: Any) -> Channel:
    """A team of this tenant that is told of a workflow."""
    name = given.pop("name", " ".join(addresses) or "way out")
    settings = given.pop("settings", {"to": list(addresses)})
    return Channel.objects.create(tenant=tenant, kind=kind, name=name, settings=settings, workflows=[told_of], **given)


def start(tenant: Tenant, *recipients: Any, key: str = "t", **given: Any) -> Run:
    return run_named(trigger(key, tenant=tenant, recipients=recipients, **given).transaction_id)


def walked(run: Run) -> Run:
    """The run after everything due was worked off; nobody may be unaccounted for."""
    engine.drain()
    run.refresh_from_db()
    assert everyone_is_accounted_for(run)
    return run


def to_people(run: Run) -> dict[int, str]:
    """The address by recipient."""
    return {one.recipient_id or 0: one.address for one in _of(run) if one.recipient_id}


def to_teams(run: Run) -> list[str]:
    return sorted(one.address for one in _of(run) if one.recipient_id is None)


def words(run: Run) -> Counter[str]:
    """The title that each delivery carries."""
    said = Message.objects.filter(tenant=run.tenant_id).in_bulk()
    return Counter(said[one.message_id].parts["title"] for one in _of(run))


def _of(run: Run) -> Any:
    return Delivery.objects.filter(tenant=run.tenant_id, origin=run.public_id).order_by("pk")
