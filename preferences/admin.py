"""What people chose."""

from __future__ import annotations

from django.contrib import admin

from notifications.admin.base import OwnFilter, TenantAdmin

from .models import Choice


@admin.register(Choice)
class ChoicePage(TenantAdmin):
    list_display = ("recipient", "kind", "category", "workflow", "wanted", "tenant", "changed_at")
    list_filter = (("tenant", OwnFilter), "kind", "wanted")
    list_select_related = ("tenant", "recipient")
    search_fields = ("recipient__name", "recipient__external_id")
    autocomplete_fields = ("recipient",)
