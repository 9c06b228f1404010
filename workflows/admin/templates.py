"""A tenant's templates, each text in a field of its own; and the layouts and snippets that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_delivery.composing import template_fields
from notifications.admin.base import OwnFilter, TenantAdmin
from notifications.content import LEVELS
from notifications.kernel.clock import db_now
from notifications.kinds import kinds

from .. import listing, texts
from ..models import Fragment, Template, TemplateVersion
from ..preview import Reader, preview_texts
from ..refusals import Refused
from ..sending.template import CONTENT_TEXTS
from ..texts import Place
from .forms import STYLES, PrettyJson, blame, code
from .previews import preview_page

PREFIX, VERSIONS_SHOWN = "text_", 50
_SELECTED = ("level", "actions")
_SHORT = {"title", "url", "icon", "image", "thread", "subject"}

if TYPE_CHECKING:
    _TemplateForm = forms.ModelForm[Template]
    _FragmentForm = forms.ModelForm[Fragment]
else:
    _TemplateForm = _FragmentForm = forms.ModelForm


class TemplateForm(_TemplateForm):
    """Subclassed by `form_for`, with a field a text. What is empty is left to the workflow."""

    class Meta:
        model = Template
        fields = ("tenant", "workflow", "channel", "step", "locale", "layout")
        help_texts = {
            "workflow": gettext_lazy("Its key."),
            "step": gettext_lazy("Where the send stands in the workflow: 0, 1, … Empty for all of this channel."),
            "locale": gettext_lazy("For people of this language, as de or de-at. Empty for everybody."),
            "layout": gettext_lazy("The name of a layout, for the HTML of a mail."),
        }

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        for name, text in self.instance.texts.items():
            self.initial[PREFIX + name] = text

    @property
    def texts(self) -> dict[str, Any]:
        said = {
            name.removeprefix(PREFIX): value for name, value in self.cleaned_data.items() if name.startswith(PREFIX)
        }
        return {name: value for name, value in said.items() if value not in ("", [])}

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.errors:
            return self.cleaned_data
        row, given = self.instance, self.cleaned_data
        tenant = row.tenant if row.pk else given["tenant"]
        place = (
            texts.place_of(row)
            if row.pk
            else Place(*(given[name] for name in ("workflow", "channel", "step", "locale")))
        )
        for flaw in texts.inspect(tenant, place, self.texts, layout=given.get("layout", "")).errors:
            self._blame(flaw.where, flaw.message)
        return given

    def _blame(self, where: str, words: str) -> None:
        name, _dot, rest = where.removeprefix("texts.").partition("[")
        field = PREFIX + name if where.startswith("texts.") else where
        told = f"{where}: {words}" if rest else words
        self.add_error(field if field in self.fields else None, told)


def form_for(template: Template | None) -> type[TemplateForm]:
    """With the texts of its channel; of a new template, with those of every kind there is."""
    channels = [template.channel] if template else list(kinds())
    further = {name for channel in channels for name in template_fields(channel)} - {
        "layout"
    }  # which is chosen by name
    names = dict.fromkeys([*CONTENT_TEXTS, *sorted({*further, *(template.texts if template else ())} - {*_SELECTED})])
    declared: dict[str, Any] = {
        PREFIX + name: forms.CharField(
            label=name.capitalize(),
            required=False,
            strip=False,
            widget=forms.TextInput(attrs={"class": "vLargeTextField"}) if name in _SHORT else code(6),
        )
        for name in names
    }
    declared[PREFIX + "level"] = forms.ChoiceField(
        label=_("Level"), required=False, choices=[("", "–"), *((level, level) for level in LEVELS)]
    )
    declared[PREFIX + "actions"] = PrettyJson(
        kind=list, rows=4, label=_("Buttons"), help_text='[{"label": "…", "url": "…"}]'
    )
    declared["channel"] = forms.ChoiceField(choices=[(kind.key, kind.name) for kind in kinds().values()])
    return type("TemplateForm", (TemplateForm,), declared)


@admin.register(Template)
class TemplatePage(TenantAdmin):
    list_display = ("workflow", "channel", "step", "locale", "tenant", "updated_at")
    list_filter = (("tenant", OwnFilter), "channel", "locale")
    search_fields = ("workflow",)
    ordering = ("workflow", "channel", "step", "locale", "pk")
    change_form_template = "notifyhub/workflows/admin/template.html"

    class Media:
        css = {"all": STYLES}

    def get_form(self, request: HttpRequest, obj: Template | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = form_for(obj)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Template | None = None) -> Any:
        said = [name for name in form_for(obj).base_fields if name.startswith(PREFIX)]
        place = ("workflow", "channel", "step", "locale", "tenant")
        return [(None, {"fields": place}), (_("Texts"), {"fields": said}), (_("Mail"), {"fields": ("layout",)})]

    def get_readonly_fields(self, request: HttpRequest, obj: Template | None = None) -> Any:
        return ("workflow", "channel", "step", "locale", "tenant") if obj else ()

    def save_model(self, request: HttpRequest, obj: Template, form: TemplateForm, change: bool) -> None:
        layout = form.cleaned_data.get("layout", "")
        if change:
            row = texts.change(obj, texts=form.texts, layout=layout, by=str(request.user))
        else:
            row = texts.create(obj.tenant, texts.place_of(obj), form.texts, layout=layout, by=str(request.user))
            obj.pk = row.pk
        found = texts.inspect(row.tenant, texts.place_of(row), row.texts, layout=row.layout)
        for flaw in found.warnings:
            self.message_user(request, f"{flaw.where}: {flaw.message}", messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: Template) -> None:
        texts.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Template]) -> None:
        for row in queryset:
            texts.delete(row)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        told: dict[str, Any] = {}
        if isinstance(row, Template):
            versions = TemplateVersion.objects.filter(tenant=row.tenant_id, template=row).order_by("-number")
            told = {"versions": versions[:VERSIONS_SHOWN], "may_change": self.has_change_permission(request, row)}
        return super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "notifyhub_workflows_template"
        ours = [
            path("<int:pk>/preview/", view(self._preview), name=f"{name}_preview"),
            path("<int:pk>/rollback/", view(self._rollback), name=f"{name}_rollback"),
        ]
        return [*ours, *super().get_urls()]

    def _row(self, request: HttpRequest, pk: int) -> Template:
        row = self.get_queryset(request).filter(pk=pk).first()
        if not isinstance(row, Template):
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def _rollback(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        row, given = self._row(request, pk), request.POST.get("version", "")
        if request.method != "POST" or not (given.isascii() and given.isdigit() and len(given) < 10):
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        try:
            texts.rollback(row, int(given), by=str(request.user))
            self.message_user(request, _("It says again what version %s said.") % given)
        except Refused as refused:
            for words in refused.errors.values() or [refused.detail]:
                self.message_user(request, words, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:notifyhub_workflows_template_change", args=[pk]))

    def _preview(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        row = self._row(request, pk)
        found = listing.find(row.tenant, row.workflow)
        if found is None:
            self.message_user(request, _("Its workflow is gone."), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:notifyhub_workflows_template_change", args=[pk]))
        whole = texts.showable(row.tenant, row.texts, row.layout)
        reader, body = Reader.of(row.tenant, locale=row.locale), found.design.body(found.key)
        everywhere = preview_texts(whole, body, reader, payload=None, now=db_now())
        shown = [one for one in everywhere if one.channel == row.channel]
        return preview_page(self, request, shown, {"original": row, "title": _("What %s would say") % row})


class FragmentForm(_FragmentForm):
    class Meta:
        model = Fragment
        fields = ("tenant", "kind", "name", "source")
        widgets = {"source": code(16)}

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            row, given = self.instance, self.cleaned_data
            tenant = row.tenant if row.pk else given["tenant"]
            kind, name = (row.kind, row.name) if row.pk else (given["kind"], given["name"])
            try:
                texts.look_over_fragment(tenant, kind, name, given["source"])
            except Refused as refused:
                blame(self, refused)
        return self.cleaned_data


@admin.register(Fragment)
class FragmentPage(TenantAdmin):
    form = FragmentForm
    list_display = ("name", "kind", "tenant", "updated_at")
    list_filter = (("tenant", OwnFilter), "kind")
    search_fields = ("name",)
    ordering = ("kind", "name", "pk")

    class Media:
        css = {"all": STYLES}

    def get_readonly_fields(self, request: HttpRequest, obj: Fragment | None = None) -> Any:
        return ("tenant", "kind", "name") if obj else ()

    def save_model(self, request: HttpRequest, obj: Fragment, form: FragmentForm, change: bool) -> None:
        obj.pk = texts.save_fragment(obj.tenant, obj.kind, obj.name, obj.source).pk

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What a template uses is not deleted; the page says which workflows' templates do."""
        found, count, perms, protected = super().get_deleted_objects(objs, request)
        using = [
            _("%(name)s, by templates of %(key)s") % {"name": one, "key": key} for one in objs for key in _users(one)
        ]
        return found, count, perms, [*protected, *using]

    def delete_model(self, request: HttpRequest, obj: Fragment) -> None:
        texts.delete_fragment(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Fragment]) -> None:
        for row in queryset:
            texts.delete_fragment(row)


def _users(fragment: Fragment) -> list[str]:
    return sorted(texts.users_of(fragment.tenant, fragment.kind, fragment.name))
