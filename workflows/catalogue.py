"""Which definition is in force for a tenant and key, and telling the apps below which kinds of notice there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from notifications.models import Category, NoticeType, Tab, Tenant

from . import registry
from .definition import InForce, ensure_stored, forget_stored


class Find(Protocol):
    """Says what a trigger of each of these keys starts; a key without a workflow is left out."""

    def __call__(self, keys: Collection[str], *, tenant: Tenant, using: str = "default") -> Mapping[str, InForce]: ...


def in_force(keys: Collection[str], *, tenant: Tenant, using: str = "default") -> dict[str, InForce]:
    """The (hash, body) that a trigger of this tenant starts now, by key; a key without a workflow is left out."""
    found = {key: registry.get(key) for key in keys}
    return {key: (workflow.hash, workflow.body) for key, workflow in found.items() if workflow}


def publish_static(*, using: str = "default") -> None:
    """Write the static workflows downward: categories, notice types, definitions. Idempotent; runs after migrate."""
    categories: dict[str, Category] = {}
    for category in registry.categories():
        wording = {"name": category.name, "description": category.description}
        row, _ = Category.objects.using(using).update_or_create(tenant=None, key=category.key, defaults=wording)
        categories[category.key] = row
    for workflow in registry.all_workflows():
        body = workflow.body
        NoticeType.objects.using(using).update_or_create(
            tenant=None,
            key=body.key,
            defaults={
                "name": body.name,
                "description": body.description,
                "category": categories.get(body.category),
                "critical": body.critical,
                "kinds": sorted({step["channel"] for _, step in body.walk() if "channel" in step}),
                "tab": Tab[body.tab.upper()],
            },
        )
    forget_stored(using)  # the tables may be new, or empty again
    ensure_stored({workflow.hash: workflow.body for workflow in registry.all_workflows()}, using=using)
