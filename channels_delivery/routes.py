"""The front door to ways out: by which one a kind reaches people, and which of a tenant's channels are told for a team.

Looked up anew for each set of messages, so that a channel that was added, paused or subscribed a moment ago counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat, Now

from .backend import Backend
from .backends import backends
from .models import Breaker, Channel, Lane
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
    """The tenant's own channel for people, the first in its order that is neither paused nor behind an open breaker,
    or else the first; without any, the site's. One query. Raises LookupError for an unknown kind."""
    backend = _backend(kind)
    mine = Channel.objects.filter(tenant=tenant_id, kind=kind, paused_at__isnull=True)
    keyed = mine.annotate(lane_key=Concat("kind", Value(":"), Cast("pk", CharField())))
    rows = keyed.order_by("position", "pk").values_list("pk", "name", "settings", _down())
    ours = [row for row in rows if backend.serves_people(row[2])]
    if not ours:
        return Route(_way(backend, None, urgent))
    pk, name, _settings, _is_down = min(ours, key=lambda row: row[3])  # the first of those that are alike
    return Route(_way(backend, pk, urgent), pk, name)


def _down() -> Exists:
    """Whether a breaker in front of a channel is open. Of a channel with a `lane_key`."""
    lanes = Lane.objects.across_tenants().filter(tenant=OuterRef("tenant"), key=OuterRef("lane_key"))
    return Exists(lanes.filter(breaker=Breaker.OPEN, open_at__gt=Now()))


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
