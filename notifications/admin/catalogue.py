"""Which kinds of notice there are. Written by publishing workflows, so only looked at here."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from ..models import Category, NoticeType
from .base import HubAdmin, OwnFilter, ReadOnly, tenants_of


class _Shared(ReadOnly, HubAdmin):
    """Rows that belong to a tenant, or to everybody."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[NoticeType]:
        rows: QuerySet[NoticeType] = super().get_queryset(request)
        return rows.filter(Q(tenant__isnull=True) | Q(tenant__in=tenants_of(request)))


@admin.register(Category)
class CategoryPage(_Shared):
    list_display = ("name", "key", "description", "tenant")
    search_fields = ("name", "key")


@admin.register(NoticeType)
class NoticeTypePage(_Shared):
    list_display = ("name", "key", "category", "critical", "tab", "tenant")
    list_filter = ("critical", ("category", OwnFilter))
    list_select_related = ("category", "tenant")
    search_fields = ("name", "key")
