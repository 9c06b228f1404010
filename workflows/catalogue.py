"""Which definition is in force for a tenant and key, and telling the apps below which kinds of notice there are."""

from __future__ import annotations

from notifications.models import Category, NoticeType, Tab, Tenant

from . import registry
from .definition import Body, ensure_stored, forget_stored


def in_force(key: str, *, tenant: Tenant) -> tuple[str, Body] | None:
    """The (hash, body) that a trigger of this tenant starts now, or None when there is no such workflow."""
    workflow = registry.get(key)
    return (workflow.hash, workflow.body) if workflow else None


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
                "kinds": sorted(body.channels()),
                "tab": Tab[body.tab.upper()],
            },
        )
    forget_stored(using)  # the tables may be new, or empty again
    ensure_stored({workflow.hash: workflow.body for workflow in registry.all_workflows()}, using=using)
