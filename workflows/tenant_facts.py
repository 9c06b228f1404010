"""What texts and conditions see of a tenant. On the stage of a simulation that is the tenant which it is like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from notifications.models import Tenant

NAMES = ("name", "slug", "zone", "locale")

_slugs: ContextVar[dict[int, str] | None] = ContextVar("notifyhub_slugs", default=None)


def facts_of(tenant: Tenant) -> dict[str, str]:
    """By name, as plain data."""
    facts: dict[str, str] = {name: getattr(tenant, name) for name in NAMES}
    return {**facts, "slug": (_slugs.get() or {}).get(tenant.pk, tenant.slug)}


@contextmanager
def shown_with_slug(tenant: Tenant, slug: str) -> Iterator[None]:
    """In this block the tenant is seen with this slug: a stage has one of its own, as no two tenants share one."""
    token = _slugs.set({**(_slugs.get() or {}), tenant.pk: slug})
    try:
        yield
    finally:
        _slugs.reset(token)
