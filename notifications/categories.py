"""The front door to categories: how a tenant groups its notices, in words that its people understand.

Those of the site are for every tenant. A tenant's own of the same key comes before it, so it can say the same in words
of its own.
"""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from .models import Category, NoticeType, Tenant

KEY_MAX, NAME_MAX, DESCRIPTION_MAX = 100, 200, 1_000
_KEY = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:-]{{0,{KEY_MAX - 1}}}")


class Refused(Exception):
    """Nothing was written; `detail` says what to do."""

    status, code, title, detail = 409, "refused", "Not in this state", ""


class KeyTaken(Refused):
    code, title = "taken", "There is a category of this key"

    def __init__(self) -> None:
        self.detail = _("You have a category of this key. Change that one, or choose another key.")


class Shared(Refused):
    code = "shared"

    def __init__(self) -> None:
        self.detail = _("This category is for every tenant. Create one of your own with its key to word it otherwise.")


class InUse(Refused):
    code = "in_use"

    def __init__(self, workflows: list[str]) -> None:
        told = _("These workflows are in it: %s. Put them into another category and publish them first.")
        self.detail = told % ", ".join(workflows)


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def of_tenant(tenant: Tenant) -> QuerySet[Category]:
    """Those that people of this tenant see: its own, and those for all that it has not worded itself."""
    own = Category.objects.filter(tenant=tenant)
    return Category.objects.filter(Q(tenant=tenant) | Q(tenant__isnull=True) & ~Q(key__in=own.values("key")))


def find(tenant: Tenant, key: str) -> Category | None:
    return of_tenant(tenant).filter(key=key).first()


def create(tenant: Tenant, key: str, *, name: str, description: str = "") -> Category:
    """Raises KeyTaken."""
    try:
        with transaction.atomic():
            return Category.objects.create(tenant=tenant, key=key, name=name, description=description)
    except IntegrityError as error:
        raise KeyTaken from error


def change(category: Category, **wording: str) -> Category:
    """Another `name` or `description`, for everybody from now on. Raises Shared."""
    if category.tenant_id is None:
        raise Shared
    Category.objects.filter(tenant=category.tenant_id, pk=category.pk).update(**wording)
    category.refresh_from_db()
    return category


def delete(category: Category) -> None:
    """Remove it, or what a tenant said instead of the site: then the site's words count again. What people chose of it
    stays, and counts again when it comes back. Raises Shared, InUse."""
    if category.tenant_id is None:
        raise Shared
    with transaction.atomic():
        locked = Category.objects.select_for_update().filter(tenant=category.tenant_id, pk=category.pk)
        users = NoticeType.objects.filter(tenant=category.tenant_id, category__in=list(locked))
        for_all = Category.objects.filter(tenant__isnull=True, key=category.key).first()
        if for_all is None and users.exists():
            raise InUse(list(users.order_by("key").values_list("key", flat=True)[:10]))
        users.update(category=for_all)
        Category.objects.filter(tenant=category.tenant_id, pk=category.pk).delete()
