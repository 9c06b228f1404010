"""Endpoints: the devices of people, to look at. Their addresses are credentials: neither they nor keys are shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from notifications.admin.base import OwnFilter, ReadOnly, TenantAdmin

from ..masking import masked
from ..models import Endpoint

SHOWN = ("recipient", "kind", "label", "service", "created_at", "last_ok_at", "failures")


@admin.register(Endpoint)
class EndpointPage(ReadOnly, TenantAdmin):
    list_display = SHOWN
    list_filter = (("tenant", OwnFilter), "kind")
    list_select_related = ("recipient",)
    fields = readonly_fields = ("tenant", *SHOWN, "verified_at", "disabled_at", "disabled_because")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer("secrets")

    @admin.display(description=gettext_lazy("service"))
    def service(self, row: Endpoint) -> str:
        return row.origin or masked(row.address)
