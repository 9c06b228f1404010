"""Telling the apps below which kinds of notice there are: what they name without asking upward."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.db.models import F, Q

from notifications.models import Category, NoticeType, Tab, Tenant

from .definition import Body


def tell_below(
    body: Body, *, tenant: Tenant | None, categories: Mapping[str, Category] | None = None, using: str = "default"
) -> None:
    """Write the kind of notice that this version of a workflow makes: the tenant's own, or one for all."""
    category = (categories or {}).get(body.category) or _category(body.category, tenant, using)
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
    """The tenant's own before the one for all. One that nobody described gets a name made of its key, so that people
    can choose of it wherever they are told of it."""
    if not key:
        return None
    rows = Category.objects.using(using)
    found = rows.filter(Q(tenant__isnull=True) | Q(tenant=tenant), key=key)
    described = found.order_by(F("tenant").asc(nulls_last=True)).first()
    return described or rows.get_or_create(tenant=tenant, key=key, defaults={"name": _name(key)})[0]


def _name(key: str) -> str:
    words = " ".join(re.split(r"[._-]+", key)).strip()
    return words[:1].upper() + words[1:]
