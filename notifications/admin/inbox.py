"""What was said. Content never changes, so it is only looked at."""

from __future__ import annotations

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ..models import InboxItem, Notification
from .base import OwnFilter, ReadOnly, TenantAdmin


@admin.register(Notification)
class NotificationPage(ReadOnly, TenantAdmin):
    list_display = ("title", "notice_key", "level", "tenant", "created_at")
    list_filter = (("tenant", OwnFilter), "level", "notice_key")
    search_fields = ("title",)
    fields = ("title", "notice_key", "level", "tenant", "created_at", "origin", "origin_step", "words", "inboxes")
    readonly_fields = fields

    @admin.display(description=_("content"))
    def words(self, notification: Notification) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(notification.content, indent=2, ensure_ascii=False))

    @admin.display(description=_("inboxes"))
    def inboxes(self, notification: Notification) -> int:
        return InboxItem.objects.filter(notification=notification).count()
