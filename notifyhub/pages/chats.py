"""Rooms of Slack and Teams: addresses that each tenant's channels post to, and the page that draws what came."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from channels_delivery import channels
from channels_delivery.chat.drawn import SLACK
from channels_delivery.following import origins
from channels_delivery.models import Channel
from notifications.models import Tenant
from notifications.models.base import TenantQuerySet
from notifications.web.clock import zone_of
from notifyhub import chats
from notifyhub.chats import BODY_MAX, KINDS, PATIENCE, POSTED, SCRIPTS, Manner, Posted
from notifyhub.script import TIMES_MAX

from . import scripting
from .access import also_watched, for_watchers, watched
from .traces import run_of
from .wording import chat_manner_in_words

SHOWN = 50


@csrf_exempt
@require_POST
def receiver(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Where messages are posted to, by whoever likes."""
    tenant = Tenant.objects.filter(slug=slug, active=True).first()
    if tenant is None or kind not in KINDS:
        return HttpResponse("no_service", status=404, content_type="text/plain")
    body = request.read(BODY_MAX + 1)
    if len(body) > BODY_MAX:
        return HttpResponse("msg_too_long", status=413, content_type="text/plain")
    posted = chats.post(kind, body, tenant_id=tenant.pk, mark=request.headers.get("x-notifyhub-id", ""))
    written = "text/plain" if kind == SLACK else "application/json"
    response = HttpResponse(posted.said, status=posted.status, content_type=written)
    if posted.status == 429:
        response.headers["Retry-After"] = str(PATIENCE)
    return response


@require_safe
@for_watchers
def first(request: HttpRequest, tenant: Tenant | None) -> HttpResponse:
    """To the rooms of one's own tenant, or for who runs the site to those of the first of all."""
    found = tenant or Tenant.objects.filter(active=True).order_by("pk").first()
    if found is None:
        return render(request, "catcher/nobody.html")
    return redirect("chats", slug=found.slug)


@require_safe
@for_watchers
def page(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    tenant, kind = _tenant(viewer, slug), request.GET.get("room", "")
    everything = _of(tenant)
    found = [one for one in everything if not kind or one.kind == kind]
    context = {
        "tenant": tenant,
        "others": also_watched(viewer),
        "posted": [(one, _run(one) if viewer else None) for one in found[:SHOWN]],
        "room": kind if kind in KINDS else "",
        "more": max(len(found) - SHOWN, 0),
        "state": _state(tenant),
        "script": scripting.in_words(SCRIPTS, chat_manner_in_words, tenant=tenant),
        "manners": [(manner.value, chat_manner_in_words(manner)) for manner in Manner],
        "times_max": TIMES_MAX,
        "paused": list(_channels(tenant).filter(paused_at__isnull=False)),
        "zone": zone_of(request),
    }
    return render(request, "chats/chats.html", context)


@never_cache
@require_safe
@for_watchers
def state(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """The page in a word; while it stays the same there is nothing new to show."""
    return HttpResponse(_state(_tenant(viewer, slug)), content_type="application/json")


@require_POST
@for_watchers
def answer(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """Choose how the next messages are answered."""
    scripting.follow(request, SCRIPTS, Manner, chat_manner_in_words, tenant=_tenant(viewer, slug))
    return redirect("chats", slug=slug)


@require_POST
@for_watchers
def resume(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """Turn the channels on again that were told their room is gone."""
    for channel in _channels(_tenant(viewer, slug)):
        channels.resume(channel)
    messages.success(request, _("On again."))
    return redirect("chats", slug=slug)


@require_POST
@for_watchers
def clear(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    tenant = _tenant(viewer, slug)
    count = POSTED.drop(lambda posted: posted.tenant_id == tenant.pk)
    messages.success(request, ngettext("%(n)d message is gone.", "%(n)d messages are gone.", count) % {"n": count})
    return redirect("chats", slug=slug)


def by_delivery(tenant: Tenant) -> dict[UUID, Posted]:
    """The newest message of each delivery, by its stable id."""
    return {one.delivery: one for one in reversed(_of(tenant)) if one.delivery}


def _run(posted: Posted) -> UUID | None:
    """The run that a message of ours came from."""
    if posted.delivery is None:
        return None
    return run_of(origins([posted.delivery], tenant_id=posted.tenant_id).get(posted.delivery))


def _of(tenant: Tenant) -> list[Posted]:
    return [posted for posted in POSTED.newest_first() if posted.tenant_id == tenant.pk]


def _channels(tenant: Tenant) -> TenantQuerySet[Channel]:
    return Channel.objects.filter(tenant=tenant, kind__in=KINDS).defer("secrets").order_by("pk")


def _tenant(viewer: Tenant | None, slug: str) -> Tenant:
    return watched(viewer, slug, why=_("There are no rooms of that name for you."))


def _state(tenant: Tenant) -> str:
    found, plan = _of(tenant), SCRIPTS.of(tenant.pk)
    newest = str(found[0].id) if found else ""
    script = f"{plan.manner} {plan.left}" if plan else ""
    return JsonResponse({"messages": len(found), "newest": newest, "script": script}).content.decode()
