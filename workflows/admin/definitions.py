"""Every version of every workflow that ever ran, by content. Immutable, so only looked at."""

from __future__ import annotations

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from notifications.admin.base import HubAdmin, ReadOnly

from ..models import Definition


@admin.register(Definition)
class DefinitionPage(ReadOnly, HubAdmin):
    list_display = ("key", "version", "created_at")
    list_filter = ("key",)
    search_fields = ("key", "hash")
    fields = ("key", "hash", "created_at", "pretty")
    readonly_fields = fields

    @admin.display(description=_("version"))
    def version(self, definition: Definition) -> str:
        return definition.hash[:12]

    @admin.display(description=_("body"))
    def pretty(self, definition: Definition) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(definition.body, indent=2, ensure_ascii=False))
