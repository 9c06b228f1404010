"""The front door to ways out: by which one a kind reaches people, and which of a tenant's channels are told for a team.

Looked up anew for each set of messages, so that a channel that was added, paused or subscribed a moment ago counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from .backend import Backend
from .backends import backends
from .models import Channel
from .way import Way

URGENT, USUAL = 0, 1


@dataclass(frozen=True)
class Route:
    """A way out. `channel` None is the site's own. `addresses` are a team's; nothing leaves by one that is `paused`."""

    way: Way
    channel: int | None = None
    name: str = ""
    addresses: tuple[str, ...] = ()
    paused: bool = False


def to_people(kind: str, *, tenant_id: int, urgent: bool = False) -> Route:
    """The tenant's own channel for people, the oldest that is not paused; without one, the site's. One query. Raises
    LookupError for an unknown kind."""
    backend = _backend(kind)
    mine = Channel.objects.filter(tenant=tenant_id, kind=kind, paused_at__isnull=True).order_by("pk")
    for pk, name, settings in mine.values_list("pk", "name", "settings"):
        if backend.serves_people(settings):
            return Route(_way(backend, pk, urgent), pk, name)
    return Route(_way(backend, None, urgent))


def to_teams(kind: str, *, tenant_id: int, workflow: str, urgent: bool = False) -> list[Route]:
    """The tenant's channels of this kind that are told of this workflow, the paused ones too. One query. Raises
    LookupError for an unknown kind."""
    backend = _backend(kind)
    mine = Channel.objects.filter(tenant=tenant_id, kind=kind).order_by("pk")
    if connection.features.supports_json_field_contains:
        mine = mine.filter(workflows__contains=[workflow])
    return [
        Route(_way(backend, pk, urgent), pk, name, tuple(addresses), paused_at is not None)
        for pk, name, settings, told_of, paused_at in mine.values_list(
            "pk", "name", "settings", "workflows", "paused_at"
        )
        if workflow in told_of and (addresses := team_addresses(backend, settings, name=name))
    ]


def team_addresses(backend: Backend, settings: Mapping[str, Any], *, name: str) -> Sequence[str]:
    """Where a message to a team goes by a channel of this name. Names are unique within a tenant."""
    return (name,) if backend.hidden_address and backend.team else backend.team_addresses(settings)


def way_of(channel: Channel, *, urgent: bool = False) -> Way:
    """The lane in front of this channel. Raises LookupError for an unknown kind."""
    return _way(_backend(channel.kind), channel.pk, urgent)


def lane_key(kind: str, channel: int | None) -> str:
    """How the lanes in front of a channel are called; of the site's own way, for None."""
    return f"{kind}:{'site' if channel is None else channel}"


def _way(backend: Backend, channel: int | None, urgent: bool) -> Way:
    return Way(lane_key(backend.kind, channel), urgency=URGENT if urgent else USUAL, cap=backend.cap, rate=backend.rate)


def _backend(kind: str) -> Backend:
    try:
        return backends()[kind]
    except KeyError:
        raise LookupError(f"No backend sends {kind!r}.") from None
