"""Every version of every workflow that ever ran, by content. Immutable, so only looked at."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from notifications.admin.base import HubAdmin, ReadOnly, tenants_of

from .. import registry
from ..models import Definition, WorkflowVersion


@admin.register(Definition)
class DefinitionPage(ReadOnly, HubAdmin):
    list_display = ("key", "version", "created_at")
    list_filter = ("key",)
    search_fields = ("key", "hash")
    fields = ("key", "hash", "created_at", "pretty")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Definition]:
        """A tenant's words are in its versions: whoever runs a tenant sees that one's, and the static ones."""
        rows: QuerySet[Definition] = super().get_queryset(request)
        if getattr(request.user, "is_superuser", False):
            return rows
        versions = WorkflowVersion.objects.filter(tenant__in=tenants_of(request)).values("definition")
        static = [one.hash for one in registry.all_workflows()]
        return rows.filter(Q(pk__in=versions) | Q(pk__in=static))

    @admin.display(description=_("version"))
    def version(self, definition: Definition) -> str:
        return definition.hash[:12]

    @admin.display(description=_("body"))
    def pretty(self, definition: Definition) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(definition.body, indent=2, ensure_ascii=False))
