"""Which definition is in force for a tenant and key, and telling the apps below which kinds of notice there are.

A tenant's own published workflow comes before a static one of the same key; then its templates are folded in. What is
in force is asked of the database at each trigger, so it is fresh in every process; only content is remembered, by hash.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.db import connections

from notifications.kernel import rowset
from notifications.models import Category, Tenant

from . import registry
from .definition import InForce, ensure_stored, forget_stored, load_many
from .models import Wording, Workflow
from .notices import tell_below
from .wordings import folded, words_of


class Find(Protocol):
    """Says what a trigger of each of these keys starts; a key without a workflow is left out."""

    def __call__(self, keys: Collection[str], *, tenant: Tenant, using: str = "default") -> Mapping[str, InForce]: ...


@dataclass(frozen=True)
class Pointers:
    """What a tenant has of its own: by workflow key, the hash of a published definition, and of the wording."""

    published: Mapping[str, str]
    wordings: Mapping[str, str]


def in_force(keys: Collection[str], *, tenant: Tenant, using: str = "default") -> dict[str, InForce]:
    """The (hash, body) that a trigger of this tenant starts now, by key; a key without a workflow is left out.

    One statement, and at most two more for what this process has not read yet, whatever the number of keys.
    """
    mine = _pointers(keys, tenant=tenant, using=using)
    bodies = load_many(set(mine.published.values()), using=using)
    found: dict[str, InForce] = {}
    for key in keys:
        if key in mine.published:
            published = mine.published[key]
            if published in bodies:
                found[key] = published, bodies[published]
        elif static := registry.get(key):
            found[key] = static.hash, static.body
    worded = {key: mine.wordings[key] for key in found if key in mine.wordings}
    for key, words in words_of(worded, tenant=tenant, using=using).items():
        found[key] = folded(found[key], words)
    return found


def _pointers(keys: Collection[str], *, tenant: Tenant, using: str) -> Pointers:
    connection = connections[using]
    chosen, parameters = rowset.any_of(connection, "key", list(keys), kind="text")
    mine = [tenant.pk, *parameters]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key, published_id, '' FROM {Workflow._meta.db_table}"
            f" WHERE tenant_id = %s AND {chosen} AND published_id IS NOT NULL"
            f" UNION ALL SELECT key, '', hash FROM {Wording._meta.db_table} WHERE tenant_id = %s AND {chosen}",
            [*mine, *mine],
        )
        rows = cursor.fetchall()
    return Pointers(
        {key: published for key, published, _ in rows if published}, {key: words for key, _, words in rows if words}
    )


def publish_static(*, using: str = "default") -> None:
    """Write the static workflows downward: categories, notice types, definitions. Idempotent; runs after migrate."""
    categories: dict[str, Category] = {}
    for category in registry.categories():
        wording = {"name": category.name, "description": category.description}
        row, _ = Category.objects.using(using).update_or_create(tenant=None, key=category.key, defaults=wording)
        categories[category.key] = row
    for workflow in registry.all_workflows():
        tell_below(workflow.body, tenant=None, categories=categories, using=using)
    forget_stored(using)  # the tables may be new, or empty again
    ensure_stored({workflow.hash: workflow.body for workflow in registry.all_workflows()}, using=using)
