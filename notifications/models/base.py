"""The wall between tenants: a base whose manager refuses a query that does not say whose rows it wants."""

from __future__ import annotations

from collections.abc import Collection
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import models
from django.db.models.expressions import Col
from django.db.models.lookups import Lookup
from django.db.models.sql.query import Query
from django.db.models.sql.where import AND, WhereNode

M = TypeVar("M", bound=models.Model)

_checking_uniqueness: ContextVar[bool] = ContextVar("checking_uniqueness", default=False)


class UnscopedQuery(RuntimeError):
    """A tenant's rows were asked for without naming the tenant. Filter by `tenant`, or say `across_tenants()`."""


class TenantQuerySet(models.QuerySet[M]):
    """Runs only when its conditions name a tenant, or when `across_tenants()` was said on purpose."""

    _across = False

    def across_tenants(self) -> TenantQuerySet[M]:
        """For the engine, the sweeps and site operators: every tenant's rows, deliberately."""
        clone = self.all()
        clone._across = True
        return clone

    def for_tenant(self, tenant: models.Model | int) -> TenantQuerySet[M]:
        return self.filter(tenant=tenant)

    def within(self, tenant: int | None) -> TenantQuerySet[M]:
        """This tenant's rows; for None every tenant's, deliberately."""
        return self.across_tenants() if tenant is None else self.for_tenant(tenant)

    def _clone(self) -> TenantQuerySet[M]:
        clone: TenantQuerySet[M] = super()._clone()  # type: ignore[misc]
        clone._across = self._across
        return clone

    def _guard(self) -> None:
        scoped = self._across or _checking_uniqueness.get() or self.query.is_empty() or _is_scoped(self.query)
        if not scoped:
            raise UnscopedQuery(
                f"A query for {self.model.__name__} names no tenant: add .filter(tenant=…), or .across_tenants()."
            )

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._guard()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._guard()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._guard()
        return super().count()

    def exists(self) -> bool:
        self._guard()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._guard()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._guard()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._guard()
        return super().delete()


def _is_scoped(query: Query) -> bool:
    """True when the conditions, of each part of a union, name a tenant."""
    return all(_names_a_tenant(part.where) for part in (query, *query.combined_queries))


def _names_a_tenant(where: WhereNode) -> bool:
    """True when the conditions, all of which must hold, include one that says which tenant, or which tenants."""
    if where.negated or where.connector != AND:
        return False
    return any(
        _names_a_tenant(child) if isinstance(child, WhereNode) else _is_on_tenant(child) for child in where.children
    )


def _is_on_tenant(condition: Any) -> bool:
    """An `=` or `IN` with given values, on a tenant column or the tenant's own key."""
    if not (isinstance(condition, Lookup) and isinstance(condition.lhs, Col)):
        return False
    if condition.lookup_name not in {"exact", "in"} or isinstance(condition.rhs, Col):
        return False
    target = condition.lhs.target
    return target.name == "tenant" or (target.model._meta.model_name == "tenant" and target.primary_key)


class TenantOwned(models.Model):
    """A row of exactly one tenant.

    `objects` refuses an unscoped query; `everything` is Django's own plumbing (foreign keys, cascades) and not for
    our code.
    """

    tenant = models.ForeignKey("notifyhub_notifications.Tenant", on_delete=models.CASCADE, related_name="+")

    objects = TenantQuerySet.as_manager()
    everything = models.Manager()  # noqa: DJ012 - a manager, not a field

    class Meta:
        abstract = True
        base_manager_name = "everything"

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Names that are unique over all tenants are looked for in all; nothing but their being taken comes out."""
        token = _checking_uniqueness.set(True)
        try:
            super().validate_unique(exclude)
        finally:
            _checking_uniqueness.reset(token)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """The same for constraints."""
        token = _checking_uniqueness.set(True)
        try:
            super().validate_constraints(exclude)
        finally:
            _checking_uniqueness.reset(token)
