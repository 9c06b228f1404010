"""Deliveries: what left and what did not, with every try and its answer; sending once more, and taking back."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.admin.base import OwnFilter, ReadOnly, TenantAdmin, tenants_of
from notifications.kernel.clock import db_now

from .. import log, receipts
from ..backends import backends
from ..confidential import is_confidential
from ..masking import masked
from ..models import OPEN, Attempt, Channel, Delivery, Receipt
from ..refusals import Refused
from .words import badge, day_and_time, moment

OFFERED = 50
PREVIEW_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""A mail may style itself; it runs nothing and fetches nothing, so its sender learns nothing of who looks at it."""


class KindFilter(admin.SimpleListFilter):
    """The kinds there are, not those that occur: no look through the whole table."""

    title, parameter_name = gettext_lazy("kind"), "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, str(backend.name)) for kind, backend in backends().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class ChannelFilter(admin.SimpleListFilter):
    title, parameter_name = gettext_lazy("channel"), "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        mine = Channel.objects.filter(tenant__in=tenants_of(request)).order_by("name")
        return [(str(pk), name) for pk, name in mine.values_list("pk", "name")[:OFFERED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(channel=value) if value and value.isdecimal() else queryset


@admin.register(Delivery)
class DeliveryPage(ReadOnly, TenantAdmin):
    list_display = ("made", "shown_state", "where", "by", "workflow", "tries")
    list_filter = (("tenant", OwnFilter), "state", KindFilter, ChannelFilter)
    search_fields = ("address",)
    search_help_text = gettext_lazy("An address, or the id of a delivery, a message or a run")
    change_form_template = "notifyhub/channels_delivery/admin/delivery.html"
    fields = ()
    actions = ("replay_chosen", "cancel_chosen")

    class Media:
        css = {"all": ("notifyhub/channels_delivery/admin.css",)}

    # -- the list --------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        return log.with_names(rows)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        try:
            known = UUID(term.removeprefix("msg_"))
        except ValueError:
            return (queryset.filter(address__istartswith=term) if term else queryset), False
        return queryset.filter(Q(public_id=known) | Q(stable_id=known) | Q(origin=known)), False

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Whose it is, for those who see several tenants."""
        return self.list_display if len(tenants_of(request)[:2]) == 1 else (*self.list_display, "tenant")

    @admin.display(description=gettext_lazy("put in"), ordering="id")
    def made(self, delivery: Delivery) -> str:
        return day_and_time(delivery.created_at)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, delivery: Delivery) -> SafeString:
        return _state(delivery)

    @admin.display(description=gettext_lazy("to"))
    def where(self, delivery: Delivery) -> SafeString:
        return format_html('<span class="nh-long">{}</span>', masked(delivery.address))

    @admin.display(description=gettext_lazy("by"))
    def by(self, delivery: Delivery) -> str:
        return delivery.channel.name if delivery.channel else delivery.kind

    @admin.display(description=gettext_lazy("tries"), ordering="attempt")
    def tries(self, delivery: Delivery) -> int:
        return delivery.attempt

    @admin.display(description=gettext_lazy("workflow"))
    def workflow(self, delivery: Delivery) -> str:
        return delivery.message.notice_key

    # -- one of them -----------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        delivery = self.get_object(request, object_id)
        if delivery is not None and request.method == "POST":
            return self._press(request, delivery)
        told = _told(delivery, may=self.has_send_permission(request)) if delivery else {}
        return super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_delivery_preview"
        return [path("<int:pk>/preview/", self.admin_site.admin_view(self._preview), name=name), *super().get_urls()]

    def _preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A mail as it looks. In a frame of its own address rather than `srcdoc`, which would inherit this site's
        policy and lose its styles; and harmless also when it is opened by itself."""
        delivery = self.get_queryset(request).filter(pk=pk).first()
        if delivery is None:
            raise Http404
        if not self.has_view_permission(request, delivery):
            raise PermissionDenied
        headers = {"Content-Security-Policy": PREVIEW_POLICY, "X-Frame-Options": "SAMEORIGIN"}
        return HttpResponse(_parts(delivery).get("html", ""), headers=headers)

    def _press(self, request: HttpRequest, delivery: Delivery) -> HttpResponse:
        if not self.has_send_permission(request):
            raise PermissionDenied
        shown = delivery
        try:
            if "replay" in request.POST:
                shown = log.replay(delivery, now=db_now())
                self.message_user(request, _("Sent once more; this is the new delivery."))
            else:
                found = log.cancel(delivery, now=db_now())
                said = _("Taken back.") if found.cancelled else _("It is under way; it is not tried again after this.")
                self.message_user(request, said)
        except Refused as error:
            self.message_user(request, error.detail, messages.ERROR)
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_delivery_change", args=[shown.pk]))

    # -- actions ---------------------------------------------------------------------------------------------------

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Nobody edits a delivery, but who may change deliveries may send them once more and take them back."""
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")

    @admin.action(description=gettext_lazy("Send the selected once more"), permissions=["send"])
    def replay_chosen(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        count = log.replay_these(_rows(queryset), now=db_now())
        told = _("Sent once more: %(count)d. Those that arrived, were sent again before, or whose channel is paused or")
        self.message_user(request, f"{told % {'count': count}} {_('gone, were left alone.')}")

    @admin.action(description=gettext_lazy("Take the selected back"), permissions=["send"])
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        found = log.take_back(_rows(queryset), now=db_now())
        said = {"cancelled": found.cancelled, "late": found.too_late}
        self.message_user(request, _("Taken back: %(cancelled)d. Under way already: %(late)d.") % said)


def _rows(chosen: QuerySet[Delivery]) -> log.Rows:
    """The chosen ones, bare."""
    return Delivery.objects.across_tenants().filter(pk__in=list(chosen.values_list("pk", flat=True)))


def _told(delivery: Delivery, *, may: bool) -> dict[str, Any]:
    """What the page of a delivery shows."""
    parts = _parts(delivery)
    is_open = delivery.state in OPEN
    return {
        "delivery": delivery,
        "badge": _state(delivery),
        "follow": is_open and (delivery.attempt == 0 or delivery.state == "sending"),
        "facts": _facts(delivery),
        "tries": [_try(one) for one in log.attempts_of(delivery)],
        "receipts": [_receipt(one) for one in _receipts(delivery)],
        "confidential": is_confidential(delivery.message),
        "has_html": bool(parts.get("html")),
        "words": [
            (name, value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
            for name, value in parts.items()
            if name != "html" and value
        ],
        "may_cancel": may and is_open and not delivery.revoked,
        "may_replay": may and log.why_no_replay(delivery) is None,
        "replays": log.replays_of(delivery),
    }


def _parts(delivery: Delivery) -> dict[str, Any]:
    """The words, as far as they may be shown."""
    return {} if is_confidential(delivery.message) else delivery.message.parts


def _facts(delivery: Delivery) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        (_("To"), masked(delivery.address)),
        (_("Person"), delivery.recipient),
        (_("Channel"), delivery.channel or (_("deleted") if delivery.channel_id else _("the site's own"))),
        (_("Workflow"), delivery.message.notice_key),
        (_("Run"), delivery.origin),
        (_("Put in"), moment(delivery.created_at)),
        (_("Next try"), moment(delivery.due_at) if delivery.state == "pending" else None),
        (_("Given up at"), moment(delivery.expires_at) if delivery.state in OPEN and delivery.expires_at else None),
        (_("Ended"), moment(delivery.finished_at) if delivery.finished_at else None),
        (_("Id"), delivery.public_id),
        (
            _("Id for the receiver"),
            f"msg_{delivery.stable_id.hex}" if delivery.kind == "webhook" else delivery.stable_id,
        ),
    ]
    return [(name, value) for name, value in found if value]


def _try(one: Attempt) -> dict[str, Any]:
    took = None if one.finished_at is None else (one.finished_at - one.started_at).total_seconds() * 1000
    names = {"retry": _("failed, tried again"), "": _("under way")}
    return {
        "no": one.no,
        "badge": badge(one.result or "sending", names.get(one.result, one.result)),
        "started": moment(one.started_at),
        "took": None if took is None else f"{took:,.0f} ms",
        "code": one.code,
        "detail": one.detail,
    }


def _receipts(delivery: Delivery) -> list[Receipt]:
    return receipts.of_deliveries([delivery.pk], tenant_id=delivery.tenant_id).get(delivery.pk, [])


def _receipt(one: Receipt) -> dict[str, Any]:
    said = {"at": moment(one.at), "provider_id": one.provider_id, "detail": one.detail}
    return {"event": badge(one.event, one.get_event_display()), **said}


def _state(delivery: Delivery) -> SafeString:
    said = delivery.get_state_display()
    return badge(delivery.state, f"{said} ({delivery.code})" if delivery.code else said)
