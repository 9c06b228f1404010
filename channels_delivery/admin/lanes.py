"""Lanes: the queue in front of each way out. Only looked at, but for a breaker that somebody closes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.admin.base import OwnFilter, ReadOnly, TenantAdmin, tenants_of
from notifications.kernel.clock import db_now

from ..lanes import close_breakers
from ..models import Breaker, Channel, Delivery, Lane, State
from ..routes import lane_key
from .words import badge, moment


@admin.register(Lane)
class LanePage(ReadOnly, TenantAdmin):
    list_display = ("key", "way_out", "shown_urgency", "shown_breaker", "waits_until", "waiting", "load", "tenant")
    list_filter = (("tenant", OwnFilter), "breaker")

    class Media:
        css = {"all": ("notifyhub/channels_delivery/admin.css",)}

    search_fields = ("key",)
    fields = ("key", *list_display[2:], "rate", "failures", "ready_at")
    readonly_fields = fields
    actions = ("close_breaker",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        waits = {"state": State.PENDING, "finished_at": None}  # the second for the index
        pending = Delivery.objects.filter(tenant=OuterRef("tenant_id"), lane=OuterRef("pk"), **waits)
        counted = pending.order_by().values("lane").annotate(n=Count("pk")).values("n")
        lanes: QuerySet[Any] = super().get_queryset(request)
        counted_lanes: QuerySet[Any] = lanes.annotate(pending=Coalesce(Subquery(counted), 0))
        return counted_lanes

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The names of the channels of the whole page at once: a lane only knows its key."""
        page = super().get_changelist_instance(request)
        numbers = {lane.key.rpartition(":")[2] for lane in page.result_list}
        known = Channel.objects.filter(tenant__in=tenants_of(request), pk__in=filter(str.isdecimal, numbers))
        names = {lane_key(channel.kind, channel.pk): channel.name for channel in known.only("kind", "name")}
        for lane in page.result_list:
            lane.way_out = _("a person's own") if ":own:" in lane.key else names.get(lane.key, "")
        return page

    @admin.display(description=gettext_lazy("channel"))
    def way_out(self, lane: Any) -> str:
        return str(lane.way_out)

    @admin.display(description=gettext_lazy("breaker"), ordering="breaker")
    def shown_breaker(self, lane: Lane) -> SafeString:
        return badge("working" if lane.breaker == Breaker.CLOSED else "halted", lane.get_breaker_display())

    @admin.display(description=gettext_lazy("turn"), ordering="urgency")
    def shown_urgency(self, lane: Lane) -> str:
        return _("first") if lane.urgency == 0 else _("usual")

    @admin.display(description=gettext_lazy("tried again at"), ordering="open_at")
    def waits_until(self, lane: Lane) -> str:
        return moment(lane.open_at if lane.open_at and lane.open_at > db_now() else None)

    @admin.display(description=gettext_lazy("waiting"))
    def waiting(self, lane: Any) -> int:
        return int(lane.pending)

    @admin.display(description=gettext_lazy("under way"))
    def load(self, lane: Lane) -> str:
        return _("%(n)s of %(cap)s") % {"n": lane.in_flight, "cap": lane.cap}

    def has_close_permission(self, request: HttpRequest) -> bool:
        """Nobody edits a lane, but who may change lanes may close a breaker."""
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")

    @admin.action(description=gettext_lazy("Close the breaker: send again at once"), permissions=["close"])
    def close_breaker(self, request: HttpRequest, queryset: QuerySet[Lane]) -> None:
        count = close_breakers(list(queryset.values_list("pk", flat=True)), now=db_now())
        self.message_user(request, _("Closed: %(count)d.") % {"count": count})
