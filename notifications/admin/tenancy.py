"""Tenants and their API keys."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import directory
from ..kernel.clock import db_now
from ..models import ApiKey, Tenant
from .base import HubAdmin, OwnFilter, TenantAdmin, tenants_of


@admin.register(Tenant)
class TenantPage(HubAdmin):
    list_display = ("name", "slug", "zone", "locale", "active", "created_at")
    list_filter = ("active",)
    search_fields = ("name", "slug")
    readonly_fields = ("public_id", "created_at")
    prepopulated_fields = {"slug": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        return tenants_of(request)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "zone" and field is not None:
            field.validators.append(_known_zone)
        return field

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """A new zone is told to whoever waits by it."""
        super().save_model(request, obj, form, change)
        if change and "zone" in form.changed_data:
            directory.move_tenant(obj, obj.zone)


def _known_zone(zone: str) -> None:
    if problem := directory.problem_with("zone", zone):
        raise ValidationError(problem)


@admin.register(ApiKey)
class ApiKeyPage(TenantAdmin):
    """A key is shown once, when it is made; after that only its prefix is known to anybody."""

    list_display = ("name", "prefix", "tenant", "scopes", "expires_at", "revoked_at", "last_used_at")
    list_filter = (("tenant", OwnFilter),)
    search_fields = ("name", "prefix")
    fields = ("tenant", "name", "scopes", "expires_at")
    actions = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return ("tenant", "prefix", "scopes", "revoked_at", "last_used_at", "created_at") if obj else ()

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        shown = ("prefix", "revoked_at", "last_used_at", "created_at") if obj else ()
        return (*self.fields, *shown)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        issued, plain = ApiKey.issue(tenant=obj.tenant, name=obj.name, scopes=obj.scopes, expires_at=obj.expires_at)
        obj.pk, obj.prefix, obj.key_hash = issued.pk, issued.prefix, issued.key_hash
        told = _("Copy this key now, it is not shown again: %(key)s")
        self.message_user(request, told % {"key": plain}, messages.WARNING)

    @admin.action(description=gettext_lazy("Revoke the selected keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        count = queryset.filter(revoked_at__isnull=True).update(revoked_at=db_now())
        self.message_user(request, _("Revoked: %(count)d.") % {"count": count})
