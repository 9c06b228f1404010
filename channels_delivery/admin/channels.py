"""Channels: a form for each kind, how each is in words, and buttons to test, pause and resume."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.admin.base import OwnFilter, TenantAdmin, tenants_of
from notifications.edges import memberships
from notifications.kernel.clock import db_now

from .. import channels
from ..backend import Backend
from ..backends import backends
from ..condition import conditions, with_latest
from ..hello import send_test
from ..models import Channel
from ..refusals import Refused
from .channel_form import ChannelForm, form_for, sections
from .words import condition_badge, in_a_sentence, moment

TEMPLATES = "notifyhub/channels_delivery/admin"
VERBS = ("test", "pause", "resume", "rotate")


class PausedFilter(admin.SimpleListFilter):
    title, parameter_name = gettext_lazy("state"), "paused"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", _("sending")), ("yes", _("paused"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        paused = {"no": True, "yes": False}.get(self.value() or "")
        return queryset if paused is None else queryset.filter(paused_at__isnull=paused)


@admin.register(Channel)
class ChannelPage(TenantAdmin):
    list_display = ("name", "shown_kind", "state", "waiting", "last_sent", "told_of", "tenant")
    list_filter = (("tenant", OwnFilter), PausedFilter)
    ordering = ("name", "pk")
    search_fields = ("name",)
    change_form_template = f"{TEMPLATES}/channel.html"

    class Media:
        css = {"all": ("notifyhub/channels_delivery/admin.css",)}

    # -- the list --------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_latest(super().get_queryset(request))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The conditions of the whole page at once."""
        page = super().get_changelist_instance(request)
        found = conditions(list(page.result_list))
        for channel in page.result_list:
            channel.condition = found[channel.pk]
        return page

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def shown_kind(self, channel: Channel) -> str:
        backend = backends().get(channel.kind)
        return str(backend.name) if backend else channel.kind

    @admin.display(description=gettext_lazy("state"))
    def state(self, channel: Any) -> SafeString:
        return condition_badge(channel.condition)

    @admin.display(description=gettext_lazy("waiting"))
    def waiting(self, channel: Any) -> int:
        return int(channel.condition.waiting)

    @admin.display(description=gettext_lazy("last arrived"))
    def last_sent(self, channel: Any) -> str:
        return moment(channel.condition.last_success)

    @admin.display(description=gettext_lazy("workflows"))
    def told_of(self, channel: Channel) -> int:
        return len(channel.workflows)

    # -- the form --------------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = self._form(request, obj)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        named = (
            ("name", "shown_kind", "tenant", *self._order(request, obj))
            if obj
            else ("name", "tenant", *self._order(request, obj))
        )
        return [(None, {"fields": named}), *sections(self._form(request, obj))]

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        return ("shown_kind", "tenant") if obj else ()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First which kind, then its form."""
        if self._backend(request, None) is not None:
            return super().add_view(request, form_url, extra_context)
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Add channel"),
            "kinds": sorted(backends().values(), key=lambda backend: str(backend.name)),
            "media": self.media,
        }
        return TemplateResponse(request, f"{TEMPLATES}/kinds.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        channel = self.get_object(request, object_id)
        told: dict[str, Any] = {}
        if channel is not None:
            condition, backend = conditions([channel])[channel.pk], backends().get(channel.kind)
            told = {
                "condition": condition,
                "badge": condition_badge(condition),
                "sentence": in_a_sentence(channel, condition),
                "last_success": moment(condition.last_success),
                "last_failure": moment(condition.last_failure),
                "may_change": self.has_change_permission(request, channel),
                "rotates": backend is not None and bool(backend.rotates),
                "deliveries": f"{_page('delivery', 'changelist')}?channel={channel.pk}",
            }
        return super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Channel, form: ChannelForm, change: bool) -> None:
        if change:
            channels.change(obj, **form.said)
            return
        made = channels.create(obj.tenant, channels.Setup(kind=form.backend.kind, **form.said))
        obj.pk, obj.public_id, obj.kind = made.channel.pk, made.channel.public_id, made.channel.kind
        self._show_once(request, made)

    def delete_model(self, request: HttpRequest, obj: Channel) -> None:
        self._removed(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self._removed(request, list(queryset))

    # -- the buttons -----------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        ours = [
            path(f"<int:pk>/{verb}/", self.admin_site.admin_view(self._press), {"verb": verb}, name=_name(verb))
            for verb in VERBS
        ]
        return [*ours, *super().get_urls()]

    def _press(self, request: HttpRequest, pk: int, verb: str) -> HttpResponseBase:
        channel = self.get_queryset(request).filter(pk=pk).first()
        if channel is None or request.method != "POST":
            raise Http404
        if not self.has_change_permission(request, channel):
            raise PermissionDenied
        to = _page("channel", "change", channel.pk)
        try:
            to = getattr(self, f"_{verb}")(request, channel) or to
        except Refused as error:
            self.message_user(request, error.detail, messages.ERROR)
        return HttpResponseRedirect(to)

    def _test(self, request: HttpRequest, channel: Channel) -> str:
        """To the page of the delivery, which follows it until the receiver has answered."""
        person = next((one for one in memberships(request.user) if one.tenant_id == channel.tenant_id), None)
        sent = send_test(channel, now=db_now(), person=person)
        if len(sent) == 1:
            return _page("delivery", "change", sent[0].pk)
        self.message_user(request, _("Sent to %(count)d addresses.") % {"count": len(sent)})
        return f"{_page('delivery', 'changelist')}?channel={channel.pk}"

    def _pause(self, request: HttpRequest, channel: Channel) -> None:
        channels.pause(channel, now=db_now())
        self.message_user(request, _("Paused: nothing leaves by it any more."))

    def _resume(self, request: HttpRequest, channel: Channel) -> None:
        count = channels.resume(channel)
        self.message_user(request, _("Resumed."))
        if count:
            to = f"{_page('delivery', 'changelist')}?channel={channel.pk}"
            told = _("%(count)d messages did not leave while it was paused. ") % {"count": count}
            link = format_html('<a href="{}">{}</a>', to, _("Look at them, and send them once more."))
            self.message_user(request, format_html("{}{}", told, link), messages.WARNING)

    def _rotate(self, request: HttpRequest, channel: Channel) -> None:
        self._show_once(request, channels.rotate_secret(channel))

    def _order(self, request: HttpRequest, channel: Channel | None) -> tuple[str, ...]:
        """Only where it means something: in a kind that reaches people."""
        backend = self._backend(request, channel)
        return ("position",) if backend is not None and backend.personal and not backend.by_choice else ()

    # -- privates --------------------------------------------------------------------------------------------------

    def _backend(self, request: HttpRequest, channel: Channel | None) -> Backend | None:
        return backends().get(channel.kind if channel else request.GET.get("kind", ""))

    def _form(self, request: HttpRequest, channel: Channel | None) -> type[ChannelForm]:
        """Made once a request: Django asks for it several times."""
        kept = getattr(request, "_notifyhub_channel_form", None)
        if kept is None:
            backend = self._backend(request, channel)
            if backend is None:
                raise Http404
            tenants = [channel.tenant] if channel else list(tenants_of(request))
            kept = form_for(backend, tenants=tenants, channel=channel)
            request._notifyhub_channel_form = kept  # type: ignore[attr-defined]
        return kept

    def _show_once(self, request: HttpRequest, made: channels.Made) -> None:
        for secret in (one for several in made.issued.values() for one in several):
            told = _("Copy this signing secret now, it is not shown again: %(secret)s")
            self.message_user(request, told % {"secret": secret}, messages.WARNING)

    def _removed(self, request: HttpRequest, gone: list[Channel]) -> None:
        found = [channels.delete(channel, now=db_now()) for channel in gone]
        if cancelled := sum(one.cancelled for one in found):
            self.message_user(request, _("Messages taken back: %(count)d.") % {"count": cancelled})


def _name(verb: str) -> str:
    return f"{Channel._meta.app_label}_channel_{verb}"


def _page(model: str, view: str, *args: Any) -> str:
    return reverse(f"admin:{Channel._meta.app_label}_{model}_{view}", args=args)
