"""What this app keeps of a person: the runs that told them, what was brought and collected for them, what they did.

The payload of a run that told no other person is theirs: it is exported, and emptied when the run has ended. That of
other runs belongs to all whom they told: it stays, without the person's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from notifications.kernel import privacy
from notifications.kernel.privacy import Person, plain, scrub

from .models import (
    HOUSE,
    Act,
    Chunk,
    ChunkResult,
    Outcome,
    Run,
    RunResult,
    Silence,
    Status,
    TemplateVersion,
    Throttle,
    Window,
    WindowItem,
    WorkflowVersion,
)

_ENDED = (Status.SENT, Status.FAILED)


def export(person: Person) -> dict[str, Any]:
    told, alone = _runs(person)
    runs = Run.objects.filter(tenant=person.tenant_id).order_by("pk")
    mine = ("transaction_id", "workflow", "created_at", "finished_at")
    acts = Act.objects.filter(recipient_id__in=person.ids, run__tenant=person.tenant_id).order_by("pk")
    return {
        "runs": plain(runs.filter(pk__in=told - alone), *mine),
        "runs_alone": plain(runs.filter(pk__in=alone), *mine, "payload"),
        "acted_in": plain(runs.filter(actor__in=person.ids), *mine),
        "acts": plain(acts, "run__transaction_id", "kind", "at"),
        "digests": plain(_windows(person).order_by("pk"), "step", "n", "created_at", "closes_at", "closed"),
    }


def erase(person: Person, *, now: datetime) -> dict[str, int]:
    """Words and values go. That somebody was told stays in masks and numbers, which say nothing of who it was."""
    _, alone = _runs(person)
    mine = Run.objects.filter(tenant=person.tenant_id, pk__in=alone, status__in=_ENDED)
    windows = _windows(person)
    return {
        "payloads": mine.exclude(payload={}).update(payload={}),
        "run_results": RunResult.objects.filter(run__in=mine, value__isnull=False).update(value=None),
        "values": _forget_values(person),
        "digest_items": WindowItem.objects.filter(recipient_id__in=person.ids).delete()[0],
        "digests_open": windows.filter(closed=False).delete()[0],
        "digests": windows.filter(closed=True, n__gt=0).update(n=0),
        "throttles": Throttle.objects.filter(tenant=person.tenant_id, recipient__in=person.ids).delete()[0],
        "audiences": _forget_addresses(person),
        **{f"{name}_mentioning": scrub(rows, columns, person) for name, (rows, columns) in _told_of(person).items()},
    }


def _told_of(person: Person) -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Where a name may stand in what belongs to others too."""
    tenant: dict[str, Any] = {"tenant": person.tenant_id}
    return {
        "runs": (Run.objects.filter(**tenant), ("payload", "error", "target")),
        "run_results": (RunResult.objects.filter(run__tenant=person.tenant_id), ("value", "error")),
        "outcomes": (Outcome.objects.filter(chunk__tenant=person.tenant_id), ("detail",)),
        "silences": (Silence.objects.filter(**tenant), ("owner", "reason", "created_by", "expired_by")),
        "template_versions": (TemplateVersion.objects.filter(**tenant), ("saved_by",)),
        "workflow_versions": (WorkflowVersion.objects.filter(**tenant), ("published_by",)),
    }


def _chunks(person: Person) -> Iterator[tuple[Chunk, list[int]]]:
    """The chunks in which they are, and at which places. Read one by one: this goes through the tenant's record."""
    spans = Q(*(Q(first_id__lte=one, last_id__gte=one) for one in person.ids), _connector=Q.OR)
    rows = Chunk.objects.filter(spans, tenant=person.tenant_id).order_by("pk")
    if connection.features.supports_json_field_contains:
        rows = rows.filter(Q(*(Q(people__contains=[one]) for one in person.ids), _connector=Q.OR))
    for chunk in rows.iterator(chunk_size=100):
        places = [place for place, one in enumerate(chunk.people) if one in person.ids]
        if places:
            yield chunk, places


def _runs(person: Person) -> tuple[set[int], set[int]]:
    """The runs that told them; those that told nobody else."""
    told, alone = set[int](), set[int]()
    for chunk, places in _chunks(person):
        runs = chunk.runs or [chunk.run_id] * len(chunk.people)
        mine = {runs[place] for place in places}
        nobody_else = {HOUSE, *person.ids}
        others = {run for run, one in zip(runs, chunk.people, strict=True) if one not in nobody_else}
        told |= mine
        alone |= mine - others
    several = Run.objects.filter(tenant=person.tenant_id, pk__in=alone, people__gt=len(person.ids))
    return told, alone - set(several.values_list("pk", flat=True))


def _forget_values(person: Person) -> int:
    """What a step brought for them."""
    places = {str(chunk.pk): {str(place) for place in mine} for chunk, mine in _chunks(person)}
    changed = []
    for one in ChunkResult.objects.filter(chunk__in=[int(pk) for pk in places]).iterator(chunk_size=100):
        rest = {place: value for place, value in one.values.items() if place not in places[str(one.chunk_id)]}
        if rest != one.values:
            one.values = rest
            changed.append(one)
    return ChunkResult.objects.bulk_update(changed, ["values"], batch_size=100)


def _forget_addresses(person: Person) -> int:
    """Where a trigger named a mere address of theirs; whoever was resolved already is in a chunk."""
    addresses, changed = {name.lower() for name in person.names if "@" in name}, []
    for address in addresses:
        named = Run.objects.filter(tenant=person.tenant_id, audience__addresses__isnull=False)
        for run in named.only("pk", "audience").iterator(chunk_size=500):
            rest = [one for one in run.audience["addresses"] if one["email"].lower() != address]
            if len(rest) < len(run.audience["addresses"]):
                run.audience["addresses"] = rest
                changed.append(run)
    return Run.objects.across_tenants().bulk_update(changed, ["audience"], batch_size=500)


def _windows(person: Person) -> Any:
    return Window.objects.filter(tenant=person.tenant_id, recipient_id__in=person.ids)


def join() -> None:
    """Called when the app is ready."""
    privacy.register("workflows", export=export, erase=erase)
