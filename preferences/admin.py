"""What people chose."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Field
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from notifications.admin.base import OwnFilter, TenantAdmin

from .models import Choice, personal_kinds


@admin.register(Choice)
class ChoicePage(TenantAdmin):
    list_display = ("recipient", "kind", "category", "workflow", "wanted", "tenant", "changed_at")
    list_filter = (("tenant", OwnFilter), "kind", "wanted")
    list_select_related = ("tenant", "recipient")
    search_fields = ("recipient__name", "recipient__external_id")
    autocomplete_fields = ("recipient",)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "kind" and field is not None:
            field.widget = forms.Select(
                choices=[("", _("every channel")), *((kind.key, kind.name) for kind in personal_kinds())]
            )
        return field
