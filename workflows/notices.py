"""Telling the apps below which kinds of notice there are: what they name without asking upward."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F, Q

from notifications.models import Category, NoticeType, Tab, Tenant

from .definition import Body


def tell_below(
    body: Body, *, tenant: Tenant | None, categories: Mapping[str, Category] | None = None, using: str = "default"
) -> None:
    """Write the kind of notice that this version of a workflow makes: the tenant's own, or one for all."""
    category = _category(body.category, tenant, using) if categories is None else categories.get(body.category)
    NoticeType.objects.using(using).update_or_create(
        tenant=tenant,
        key=body.key,
        defaults={
            "name": body.name,
            "description": body.description,
            "category": category,
            "critical": body.critical,
            "kinds": sorted(body.channels()),
            "defaults": dict(body.defaults),
            "tab": Tab[body.tab.upper()],
        },
    )


def _category(key: str, tenant: Tenant | None, using: str) -> Category | None:
    """The tenant's own before the one for all."""
    found = Category.objects.using(using).filter(Q(tenant__isnull=True) | Q(tenant=tenant), key=key)
    return found.order_by(F("tenant").asc(nulls_last=True)).first() if key else None
