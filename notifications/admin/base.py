"""What our admin pages share: a tenant's admins see their own tenant, site operators all; records are read only.

Other apps build theirs on these classes, so that one place decides who may see what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import ForeignKey, Model, Q, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils.module_loading import import_string

from ..edges import memberships
from ..kernel.config import switch
from ..models import Role, Tenant, TenantOwned

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
else:
    _Base = import_string(switch("ADMIN_BASE_CLASS") or "django.contrib.admin.ModelAdmin")


def tenants_of(request: HttpRequest) -> QuerySet[Tenant]:
    """The tenants whose rows this user may see here: all for a superuser, else those that they run."""
    if getattr(request.user, "is_superuser", False):
        return Tenant.objects.all()
    run = [person.tenant_id for person in memberships(request.user) if person.role in (Role.OWNER, Role.ADMIN)]
    return Tenant.objects.filter(pk__in=run)


class OwnFilter(admin.RelatedFieldListFilter):
    """A filter at the side of a list that names only tenants of this user, or what is theirs or everybody's."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        target, tenants = field.remote_field.model, tenants_of(request)
        rows = tenants if target is Tenant else target.objects.filter(Q(tenant__isnull=True) | Q(tenant__in=tenants))
        return [(str(row.pk), str(row)) for row in rows]


class HubAdmin(_Base):
    """The base of all our pages."""

    show_full_result_count = False
    list_per_page = 50

    class Media:
        css = {"all": ("notifyhub/notifications/admin.css",)}


class TenantAdmin(HubAdmin):
    """Pages of a tenant's rows."""

    list_select_related: ClassVar[tuple[str, ...]] = ("tenant",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model.objects.filter(tenant__in=tenants_of(request))
        return rows.order_by(*self.get_ordering(request) or ("-pk",))

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only what belongs to the tenants of this user."""
        target = db_field.remote_field.model
        if target is Tenant:
            kwargs["queryset"] = tenants_of(request)
        elif isinstance(target, type) and issubclass(target, TenantOwned):
            kwargs["queryset"] = target.objects.filter(tenant__in=tenants_of(request))
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if target is Tenant and isinstance(field, ModelChoiceField) and tenants_of(request).count() == 1:
            field.initial = tenants_of(request).first()
        return field


class ReadOnly:
    """Mixed in front of an admin class: records are looked at, never edited."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
