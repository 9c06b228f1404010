"""Recipients with what lies in their inbox, topics with who follows them and what lies in them, and how people stand to
single objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from .. import inbox
from ..models import Attention, Nesting, Recipient, Subscription, Topic
from .base import OwnFilter, ReadOnly, TenantAdmin, tenants_of


@admin.register(Recipient)
class RecipientPage(TenantAdmin):
    list_display = ("__str__", "external_id", "email", "role", "tenant", "active")
    list_filter = (("tenant", OwnFilter), "role", "active")
    search_fields = ("name", "external_id", "email")
    raw_id_fields = ("user",)
    readonly_fields = ("public_id", "created_at", "latest")

    def get_readonly_fields(self, request: HttpRequest, obj: Recipient | None = None) -> Any:
        """Which Django user this is says the site, not the tenant: else any user could be taken in, and looked up."""
        fields = super().get_readonly_fields(request, obj)
        return fields if getattr(request.user, "is_superuser", False) else (*fields, "user")

    @admin.display(description=_("inbox"))
    def latest(self, recipient: Recipient) -> SafeString | str:
        """The inbox has no admin page of its own: its rows are many and change by verbs. Here are the latest ten."""
        if recipient._state.adding:
            return "–"
        rows = [
            (entry.created_at.strftime("%d %b %Y %H:%M"), entry.content.title, _("read") if entry.read else _("unread"))
            for entry in inbox.list_items(recipient, limit=10).entries
        ]
        listed = format_html_join("", "<li><time>{}</time> {} <small>({})</small></li>", rows)
        unread = inbox.unread_count(recipient)
        return format_html("<p>{} {}</p><ul>{}</ul>", str(unread), _("unread"), listed)


if TYPE_CHECKING:
    _Lines = admin.TabularInline[Subscription, Topic]
    _Inside = admin.TabularInline[Nesting, Topic]
else:
    _Lines = _Inside = admin.TabularInline


class SubscriptionLines(_Lines):
    model = Subscription
    extra = 0
    autocomplete_fields = ("recipient",)

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "recipient":
            kwargs["queryset"] = Recipient.objects.filter(tenant__in=tenants_of(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class NestingLines(_Inside):
    model = Nesting
    fk_name = "outer"
    extra = 0
    autocomplete_fields = ("inner",)

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "inner":
            kwargs["queryset"] = Topic.objects.filter(tenant__in=tenants_of(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Topic)
class TopicPage(TenantAdmin):
    list_display = ("key", "name", "tenant", "created_at")
    list_filter = (("tenant", OwnFilter),)
    search_fields = ("key", "name")
    readonly_fields = ("public_id", "created_at")
    inlines = (SubscriptionLines, NestingLines)


@admin.register(Attention)
class AttentionPage(ReadOnly, TenantAdmin):
    """Theirs to say, by the API; here to be looked up."""

    list_display = ("target", "recipient", "stance", "tenant", "created_at")
    list_filter = (("tenant", OwnFilter), "stance")
    list_select_related = ("tenant", "recipient")
    search_fields = ("target", "recipient__external_id", "recipient__name")
