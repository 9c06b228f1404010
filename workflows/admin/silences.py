"""Silences and inhibitions: begun by a form, looked at, ended; never edited, so that history stays true."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.admin.base import OwnFilter, TenantAdmin
from notifications.kernel.clock import db_now

from .. import silences
from ..hush import Hush
from ..models import Silence
from ..refusals import Refused
from ..silence_preview import preview
from ..silences import State
from .forms import STYLES
from .silence_form import ACTIVE, CALENDAR, MATCHER, SilenceForm, filled

STATES = {
    State.PENDING: gettext_lazy("not begun yet"),
    State.ACTIVE: gettext_lazy("in force"),
    State.RESTING: gettext_lazy("between two windows"),
    State.ENDED: gettext_lazy("over"),
}
_NAME = "notifyhub_workflows_silence"


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("silence", gettext_lazy("silence")), ("inhibition", gettext_lazy("inhibition"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Silence]) -> QuerySet[Silence]:
        kind = self.value()
        return queryset.filter(while_active__isnull=kind == "silence") if kind else queryset


class OverFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", gettext_lazy("not over")), ("yes", gettext_lazy("over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Silence]) -> QuerySet[Silence]:
        over = Q(expired_at__isnull=False) | Q(ends_at__lte=db_now())
        return queryset.filter(over if self.value() == "yes" else ~over) if self.value() else queryset


@admin.register(Silence)
class SilencePage(TenantAdmin):
    form = SilenceForm
    list_display = ("name", "kind", "state", "owner", "starts_at", "ends_at", "tenant")
    list_filter = (("tenant", OwnFilter), OverFilter, KindFilter)
    search_fields = ("name", "reason", "owner")
    change_form_template = add_form_template = "notifyhub/workflows/admin/silence.html"
    actions = ("expire_them",)

    class Media:
        css = {"all": STYLES}

    @admin.display(description=gettext_lazy("kind"))
    def kind(self, row: Silence) -> str:
        return _("silence") if row.while_active is None else _("inhibition")

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Silence) -> str:
        return str(STATES[silences.state_of(row, now=db_now())])

    @admin.display(description=gettext_lazy("what is not sent"))
    def about(self, row: Silence) -> SafeString:
        return _pretty(row.matcher)

    @admin.display(description=gettext_lazy("while such a run is active"))
    def going(self, row: Silence) -> SafeString | str:
        return "–" if row.while_active is None else _pretty(row.while_active)

    @admin.display(description=gettext_lazy("windows of the week"))
    def windows(self, row: Silence) -> SafeString | str:
        if row.calendar is None:
            return "–"
        week = {day: ", ".join("–".join(span) for span in spans) for day, spans in row.calendar["week"].items()}
        return _pretty({**week, "zone": row.calendar["zone"] or row.tenant.zone or "UTC"})

    def get_fieldsets(self, request: HttpRequest, obj: Silence | None = None) -> Any:
        if obj is not None:
            whose = ("starts_at", "ends_at", "expired_at", "expired_by", "replaces", "created_by", "created_at")
            what = ("about", "going", "windows")
            return [(None, {"fields": ("name", "kind", "state", "owner", "reason", "tenant", *what, *whose)})]
        return [
            (None, {"fields": ("name", "reason", "owner", "tenant", "starts_at", "ends_at", "replaces")}),
            (gettext_lazy("What is not sent"), {"fields": MATCHER}),
            (gettext_lazy("Only in these windows"), {"fields": CALENDAR}),
            (gettext_lazy("Only while such a run is active"), {"fields": ACTIVE}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Silence | None = None) -> Any:
        return () if obj is None else ("kind", "state", "about", "going", "windows", "replaces")

    def get_form(self, request: HttpRequest, obj: Silence | None = None, change: bool = False, **kwargs: Any) -> Any:
        """One that is there has no form."""
        if obj is not None:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Silence | None = None) -> bool:
        """Nobody edits one; who may change silences may end them, and begin another in place of one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Silence | None = None) -> bool:
        return False

    def has_expire_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")

    def get_changeform_initial_data(self, request: HttpRequest) -> Any:
        row = self._old(request, request.GET.get("replaces"))
        if row is None:
            return super().get_changeform_initial_data(request)
        hush = silences.hush_of(row)
        return {**filled(hush), "tenant": row.tenant_id, "ends_at": row.ends_at, "replaces": row.pk}

    def save_model(self, request: HttpRequest, obj: Silence, form: SilenceForm, change: bool) -> None:
        old, by, now = self._old(request, form.cleaned_data.get("replaces")), str(request.user), db_now()
        if old is None:
            row = silences.create(obj.tenant, form.hush, now=now, by=by)
        elif self.has_expire_permission(request):
            row = silences.change(old, now=now, by=by, **form.hush.__dict__)
        else:
            raise PermissionDenied
        obj.pk = row.pk

    def changeform_view(self, request: HttpRequest, *args: Any, **given: Any) -> Any:
        """What somebody else has done meanwhile is told."""
        try:
            return super().changeform_view(request, *args, **given)
        except Refused as refused:
            self.message_user(request, refused.detail, messages.ERROR)
            return HttpResponseRedirect(reverse(f"admin:{_NAME}_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        told: dict[str, Any] = {"title": str(row)} if row else {}
        if isinstance(row, Silence) and silences.state_of(row, now=db_now()) is not State.ENDED:
            told |= {"open": True, "may_expire": self.has_expire_permission(request)}
            told["may_change"] = told["may_expire"] and self.has_add_permission(request)
        return super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})

    @admin.action(description=gettext_lazy("End the selected ones now"), permissions=["expire"])
    def expire_them(self, request: HttpRequest, queryset: QuerySet[Silence]) -> None:
        ended = 0
        for row in queryset:
            try:
                silences.expire(row, now=db_now(), by=str(request.user))
                ended += 1
            except Refused as refused:
                self.message_user(request, f"{row}: {refused.detail}", messages.WARNING)
        self.message_user(request, _("Ended: %(n)d.") % {"n": ended})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        ours = [
            path("preview/", view(self._preview_new), name=f"{_NAME}_preview_new"),
            path("<int:pk>/preview/", view(self._preview), name=f"{_NAME}_preview"),
            path("<int:pk>/expire/", view(self._expire), name=f"{_NAME}_expire"),
        ]
        return [*ours, *super().get_urls()]

    def _expire(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        row = self._row(request, pk)
        if request.method != "POST":
            raise Http404
        if not self.has_expire_permission(request):
            raise PermissionDenied
        try:
            silences.expire(row, now=db_now(), by=str(request.user))
            self.message_user(request, _("It is over. What it kept back is not made up for."), messages.SUCCESS)
        except Refused as refused:
            self.message_user(request, refused.detail, messages.ERROR)
        return HttpResponseRedirect(reverse(f"admin:{_NAME}_change", args=[pk]))

    def _preview(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        row = self._row(request, pk)
        return self._hits(request, row.tenant, silences.hush_of(row))

    def _preview_new(self, request: HttpRequest) -> HttpResponseBase:
        """Of what stands in the form, which is shown again with its mistakes if there are any."""
        if request.method != "POST" or not self.has_add_permission(request):
            raise PermissionDenied
        form = self.get_form(request)(request.POST)
        if not form.is_valid():
            return self.add_view(request)
        return self._hits(request, form.cleaned_data["tenant"], form.hush)

    def _hits(self, request: HttpRequest, tenant: Any, hush: Hush) -> HttpResponseBase:
        try:
            found = preview(tenant, hush, now=db_now())
        except Refused as refused:
            self.message_user(request, "; ".join(refused.errors.values()) or refused.detail, messages.ERROR)
            return HttpResponseRedirect(reverse(f"admin:{_NAME}_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": _("What “%s” would hit") % hush.name,
            "hits": found,
        }
        return TemplateResponse(request, "notifyhub/workflows/admin/silence_hits.html", context)

    def _row(self, request: HttpRequest, pk: int) -> Silence:
        row = self.get_queryset(request).select_related("tenant").filter(pk=pk).first()
        if not isinstance(row, Silence):
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def _old(self, request: HttpRequest, given: Any) -> Silence | None:
        """The one that is to be replaced."""
        number = str(given or "")
        return self._row(request, int(number)) if number.isascii() and number.isdigit() and len(number) < 18 else None


def _pretty(said: Mapping[str, Any]) -> SafeString:
    """A line a setting."""
    lines = [(name, _plain(one)) for name, one in said.items()]
    return format_html_join(mark_safe("<br>"), "{}: <code>{}</code>", lines)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
