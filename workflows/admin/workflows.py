"""A tenant's own workflows: a form for the draft, buttons to publish and archive, versions to compare and restore."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.admin.base import OwnFilter, TenantAdmin
from notifications.kernel.clock import db_now
from notifications.models import Tab

from .. import dynamic, listing
from ..definition import load_many
from ..design import Design
from ..models import Workflow, WorkflowStatus, WorkflowVersion
from ..preview import Reader, preview
from ..refusals import Refused
from ..versions import diff
from .forms import STYLES, PrettyJson, blame
from .previews import preview_page

FIELDS = (
    "name", "description", "tags", "category", "critical", "tab", "payload_schema", "sample", "steps", "defaults",
)  # fmt: skip
VERSIONS_SHOWN = 50

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Workflow]
else:
    _ModelForm = forms.ModelForm


class WorkflowForm(_ModelForm):
    """The draft. It may be unfinished; publishing says what is missing."""

    tags = forms.CharField(required=False, help_text=gettext_lazy("Separated by commas."))
    tab = forms.ChoiceField(choices=[(tab.name.lower(), tab.label) for tab in Tab])
    payload_schema = PrettyJson(
        kind=dict, help_text=gettext_lazy("JSON Schema that every trigger's payload is checked against.")
    )
    sample = PrettyJson(kind=dict, rows=5, help_text=gettext_lazy("A believable payload, for previews."))
    defaults = PrettyJson(
        kind=dict,
        rows=3,
        help_text=gettext_lazy("On or off for people who said nothing, by channel, as {“email”: false}."),
    )
    steps = PrettyJson(kind=list, rows=20, help_text=gettext_lazy("What happens, one after the other."))

    class Meta:
        model = Workflow
        fields = ("tenant", "key", *FIELDS)

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.initial["tags"] = ", ".join(self.instance.tags)

    def clean_tags(self) -> list[str]:
        return [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FIELDS}

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            try:
                dynamic.tried(self.cleaned_data.get("key") or self.instance.key, Design(**self.said))
            except Refused as refused:
                blame(self, refused)
        return self.cleaned_data


@admin.register(Workflow)
class WorkflowPage(TenantAdmin):
    form = WorkflowForm
    list_display = ("name", "key", "state", "tenant", "updated_at")
    list_filter = (("tenant", OwnFilter), "status")
    search_fields = ("key", "name", "description")
    ordering = ("name", "pk")
    change_form_template = "notifyhub/workflows/admin/workflow.html"
    fieldsets = (
        (None, {"fields": ("name", "key", "tenant", "description", "tags")}),
        (gettext_lazy("How it is told"), {"fields": ("category", "tab", "critical", "defaults")}),
        (gettext_lazy("What happens"), {"fields": ("steps",)}),
        (gettext_lazy("Payload"), {"fields": ("payload_schema", "sample")}),
    )

    class Media:
        css = {"all": STYLES}

    @admin.display(description=gettext_lazy("state"), ordering="status")
    def state(self, workflow: Workflow) -> str:
        return workflow.get_status_display()

    def get_readonly_fields(self, request: HttpRequest, obj: Workflow | None = None) -> Any:
        return ("key", "tenant") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Workflow | None = None) -> bool:
        """What is in force is archived first."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.published_id is None)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Its versions go with it, and nobody has rights to those alone."""
        found, count, _perms, protected = super().get_deleted_objects(objs, request)
        in_force = [str(one) for one in objs if one.published_id]
        return found, count, set(), [*protected, *in_force]

    def save_model(self, request: HttpRequest, obj: Workflow, form: WorkflowForm, change: bool) -> None:
        if change:
            row = dynamic.change(obj, **form.said)
        else:
            row = dynamic.create(obj.tenant, obj.key, Design(**form.said))
            obj.pk = row.pk
        found = dynamic.inspect(Design.of(row), key=row.key, tenant=row.tenant)
        for flaw in found.errors:
            self.message_user(request, _("Before it can be published: %s") % flaw.message, messages.WARNING)
        for flaw in found.warnings:
            self.message_user(request, f"{flaw.where}: {flaw.message}", messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: Workflow) -> None:
        dynamic.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Workflow]) -> None:
        for row in queryset.filter(published__isnull=True):
            dynamic.delete(row)

    # -- the page of one -------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        told: dict[str, Any] = {}
        if isinstance(row, Workflow):
            versions = WorkflowVersion.objects.filter(tenant=row.tenant_id, workflow=row).order_by("-number")
            shown = listing.of_row(row, load_many([row.published_id] if row.published_id else []))
            told = {
                "listed": shown,
                "sentence": _sentence(shown),
                "versions": versions[:VERSIONS_SHOWN],
                "may_change": self.has_change_permission(request, row),
            }
        return super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        verbs = [
            path(f"<int:pk>/{verb}/", view(self._press), {"verb": verb}, name=_name(verb))
            for verb in ("publish", "archive", "rollback")
        ]
        pages = [
            path("<int:pk>/diff/", view(self._diff), name=_name("diff")),
            path("<int:pk>/preview/", view(self._preview), name=_name("preview")),
        ]
        return [*verbs, *pages, *super().get_urls()]

    def _press(self, request: HttpRequest, pk: int, verb: str) -> HttpResponseBase:
        row = self._row(request, pk)
        if request.method != "POST":
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        try:
            self.message_user(request, getattr(self, f"_{verb}")(request, row), messages.SUCCESS)
        except Refused as refused:
            for words in refused.errors.values() or [refused.detail]:
                self.message_user(request, words, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:notifyhub_workflows_workflow_change", args=[pk]))

    def _publish(self, request: HttpRequest, row: Workflow) -> str:
        made = dynamic.publish(row, now=db_now(), by=str(request.user), note=request.POST.get("note", ""))
        return _("Version %(number)d is in force for every trigger from now on.") % {"number": made.number}

    def _archive(self, request: HttpRequest, row: Workflow) -> str:
        dynamic.archive(row)
        return _("It is not in force any more. Runs that are under way go on.")

    def _rollback(self, request: HttpRequest, row: Workflow) -> str:
        number = _number(request.POST.get("version"))
        made = dynamic.rollback(row, number, now=db_now(), by=str(request.user))
        said = {"old": number, "number": made.number}
        return _("What version %(old)d said is in force again, as version %(number)d.") % said

    def _diff(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Between a version and the one before it, or the draft."""
        row, after = self._row(request, pk), request.GET.get("to", "")
        try:
            old = dynamic.body_of(dynamic.version(row, _number(request.GET.get("from"))))
            new = dynamic.body_of(dynamic.version(row, _number(after))) if after else Design.of(row).body(row.key)
        except Refused as refused:
            raise Http404 from refused
        said = {"old": request.GET.get("from"), "new": after or _("the draft")}
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "media": self.media,
            "title": _("From version %(old)s to %(new)s") % said,
            "changes": [(one.where, _pretty(one.before), _pretty(one.after)) for one in diff(old, new)],
        }
        return TemplateResponse(request, "notifyhub/workflows/admin/diff.html", context)

    def _preview(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        row, locale = self._row(request, pk), request.GET.get("locale", "")[:16]
        try:
            body = dynamic.showable(row.key, Design.of(row), tenant=row.tenant)
        except Refused as refused:
            for words in refused.errors.values():
                self.message_user(request, words, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:notifyhub_workflows_workflow_change", args=[pk]))
        shown = preview(body, Reader.of(row.tenant, locale=locale), payload=None, now=db_now())
        locales = sorted({name for _p, step in body.walk() for name in step.get("locales", {})})
        context = {"original": row, "title": _("What %s would say") % row, "locales": locales, "locale": locale}
        return preview_page(self, request, shown, context)

    def _row(self, request: HttpRequest, pk: int) -> Workflow:
        row = self.get_queryset(request).filter(pk=pk).first()
        if not isinstance(row, Workflow):
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row


def _sentence(one: listing.Listed) -> str:
    """How it is, and what a trigger does."""
    if one.problems:
        return " ".join(one.problems)
    match one.status:
        case WorkflowStatus.DRAFT:
            return _("It was never published, and cannot be triggered.")
        case WorkflowStatus.ARCHIVED:
            return _("It is archived: a trigger does not start it.")
        case _ if one.changed:
            return _("It is in force; the draft says something else, which is not.")
        case _:
            return _("It is in force as it stands here.")


def _pretty(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _name(verb: str) -> str:
    return f"notifyhub_workflows_workflow_{verb}"


def _number(given: str | None) -> int:
    """0, which no version has, for what is no number."""
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 10 else 0
