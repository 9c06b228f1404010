"""What people chose and when they want it, what their tenant says for all, and who changed what.

A choice goes through the verb that everybody's do, so that it is in the history and what is held is decided again.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from notifications.admin.base import OwnFilter, ReadOnly, TenantAdmin
from notifications.kernel.clock import db_now

from . import holding
from .changing import By, change
from .models import Change, Choice, Habits, Hold, TenantChoice, TenantHabits, Via, personal_kinds


class _OfChannels(TenantAdmin):
    """Rows that name a channel: one of those that reach people, or every one."""

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "kind" and field is not None:
            named = ((kind.key, kind.name) for kind in personal_kinds())
            field.widget = forms.Select(choices=[("", _("every channel")), *named])
        return field


@admin.register(Choice)
class ChoicePage(_OfChannels):
    list_display = ("recipient", "kind", "category", "workflow", "wanted", "tenant", "changed_at")
    list_filter = (("tenant", OwnFilter), "kind", "wanted")
    list_select_related = ("tenant", "recipient")
    search_fields = ("recipient__name", "recipient__external_id")
    autocomplete_fields = ("recipient",)

    def get_readonly_fields(self, request: HttpRequest, obj: Choice | None = None) -> Any:
        return ("tenant", "recipient", "kind", "category", "workflow") if obj else ()

    def save_model(self, request: HttpRequest, obj: Choice, form: Any, change: bool) -> None:
        _say(request, obj, wanted=obj.wanted)
        named = {"kind": obj.kind, "category": obj.category, "workflow": obj.workflow}
        obj.pk = Choice.objects.get(tenant=obj.tenant_id, recipient=obj.recipient_id, **named).pk

    def delete_model(self, request: HttpRequest, obj: Choice) -> None:
        _say(request, obj, wanted=None)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Choice]) -> None:
        for one in queryset.select_related("recipient"):
            _say(request, one, wanted=None)


def _say(request: HttpRequest, choice: Choice, *, wanted: bool | None) -> None:
    by = By(str(request.user), Via.ADMIN, request.META.get("REMOTE_ADDR") or None)
    width = {"channel": choice.kind, "category": choice.category, "workflow": choice.workflow}
    change(choice.recipient, {"choices": [{**width, "wanted": wanted}]}, by=by, now=db_now())


@admin.register(Habits)
class HabitsPage(ReadOnly, TenantAdmin):
    """Looked at only: the hours are the person's own."""

    list_display = ("recipient", "snooze_until", "tenant", "changed_at")
    list_filter = (("tenant", OwnFilter),)
    list_select_related = ("tenant", "recipient")
    search_fields = ("recipient__name", "recipient__external_id")


class _ForAll(TenantAdmin):
    """Rows by which a tenant speaks for its people: what is held for them is decided again at once."""

    def save_model(self, request: HttpRequest, obj: TenantChoice | TenantHabits, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        holding.look_again_at_all(obj.tenant_id, now=db_now())

    def delete_model(self, request: HttpRequest, obj: TenantChoice | TenantHabits) -> None:
        super().delete_model(request, obj)
        holding.look_again_at_all(obj.tenant_id, now=db_now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        tenants = set(queryset.values_list("tenant", flat=True))
        super().delete_queryset(request, queryset)
        for tenant in tenants:
            holding.look_again_at_all(tenant, now=db_now())


@admin.register(TenantChoice)
class TenantChoicePage(_ForAll, _OfChannels):
    list_display = ("__str__", "kind", "category", "workflow", "wanted", "locked", "note", "tenant")
    list_filter = (("tenant", OwnFilter), "locked", "wanted", "kind")
    search_fields = ("category", "workflow", "note")
    fieldsets = (
        (None, {"fields": ("tenant", "wanted", "locked", "note")}),
        (_("What it is about; what is left empty is everything"), {"fields": ("kind", "category", "workflow")}),
    )


@admin.register(TenantHabits)
class TenantHabitsPage(_ForAll):
    list_display = ("tenant", "digest_at", "digest_day", "changed_at")
    list_filter = (("tenant", OwnFilter),)


@admin.register(Change)
class ChangePage(ReadOnly, TenantAdmin):
    list_display = ("at", "recipient", "by", "via", "address", "tenant")
    list_filter = (("tenant", OwnFilter), "via")
    list_select_related = ("tenant", "recipient")
    search_fields = ("recipient__name", "recipient__external_id", "by")


@admin.register(Hold)
class HoldPage(ReadOnly, TenantAdmin):
    """Looked at only: whoever wants it sooner changes what they want, and it is decided again."""

    list_display = ("recipient", "kind", "workflow", "since", "until", "reason", "ended_as", "tenant")
    list_filter = (("tenant", OwnFilter), "reason", "ended_as", "words__kind")
    list_select_related = ("tenant", "recipient", "words")
    search_fields = ("recipient__name", "recipient__external_id", "words__workflow")
    fields = (
        "tenant",
        "recipient",
        "kind",
        "workflow",
        "since",
        "until",
        "reason",
        "ended_at",
        "ended_as",
        "left_with",
    )

    @admin.display(description=_("channel"), ordering="words__kind")
    def kind(self, hold: Hold) -> str:
        return hold.words.kind

    @admin.display(description=_("workflow"), ordering="words__workflow")
    def workflow(self, hold: Hold) -> str:
        return hold.words.workflow
