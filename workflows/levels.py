"""How long the levels of escalations wait, for whoever says what comes later than that."""

from __future__ import annotations

from collections.abc import Iterator

from notifications.models import Recipient
from preferences.warnings import Wait

from . import registry
from .catalogue import in_force
from .models import Workflow


def waits_of(person: Recipient) -> Iterator[Wait]:
    """Each level at which this person could be called: of every workflow that their tenant has in force. Three queries
    at most."""
    own = Workflow.objects.filter(tenant=person.tenant_id, published__isnull=False).values_list("key", flat=True)
    keys = {*own, *(workflow.key for workflow in registry.all_workflows())}
    for _, body in in_force(sorted(keys), tenant=person.tenant).values():
        for _, step in body.walk():
            for level in step.get("levels", ()):
                channels = frozenset(send["channel"] for send in level["send"])
                yield Wait(body.name, level["seconds"], level.get("important", False), channels)
