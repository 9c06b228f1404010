"""The phones of a tenant's people: where the demo's SMS arrive, and what they look like there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from channels_delivery.callbacks.addresses import channel_address
from channels_delivery.models import Channel
from channels_delivery.suppression import suppressed_among
from notifications.models import Recipient, Tenant
from notifications.web.clock import zone_of
from notifyhub import phone
from notifyhub.phone import TEXTS, Account, Text

from .access import also_watched, for_watchers, watched

SHOWN = 12
WORDS = ("STOP", "START")


@dataclass(frozen=True)
class Phone:
    """One number, who it belongs to, and what came there, the oldest first as on a phone."""

    number: str
    owner: str
    texts: Sequence[Text]
    stopped: bool


@csrf_exempt
@never_cache
@require_POST
def provider(request: HttpRequest, slug: str, account: str) -> HttpResponse:
    """Where messages are asked for, as at Twilio."""
    tenant = Tenant.objects.filter(slug=slug, active=True).first()
    known = {one.sid: one for one in _accounts(tenant)} if tenant else {}
    if tenant is None or account not in known:
        return JsonResponse({"code": 20404, "message": "There is no such account here."}, status=404)
    authorization = request.headers.get("Authorization", "")
    status, said = phone.take(request.POST.dict(), authorization, known[account], tenant_id=tenant.pk)
    return JsonResponse(said, status=status)


@require_safe
@for_watchers
def first(request: HttpRequest, tenant: Tenant | None) -> HttpResponse:
    """To the phones of one's own tenant, or for who runs the site to those of the first of all."""
    found = tenant or Tenant.objects.filter(active=True).order_by("pk").first()
    if found is None:
        return render(request, "catcher/nobody.html")
    return redirect("phone", slug=found.slug)


@never_cache
@require_safe
@for_watchers
def page(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    tenant = _tenant(viewer, slug)
    phones = _phones(tenant)
    context = {
        "tenant": tenant,
        "others": also_watched(viewer),
        "phones": phones[:SHOWN],
        "state": _state(tenant),
        "channels": bool(_accounts(tenant)),
        "zone": zone_of(request),
    }
    return render(request, "phone/phone.html", context)


@never_cache
@require_safe
@for_watchers
def state(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """The page in a word; while it stays the same there is nothing new to show."""
    return HttpResponse(_state(_tenant(viewer, slug)), content_type="application/json")


@require_POST
@for_watchers
def answer(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """Write back from a phone: STOP or START."""
    tenant = _tenant(viewer, slug)
    number, words = request.POST.get("number", ""), request.POST.get("words", "")
    latest = next((one for one in _of(tenant) if one.number == number), None)
    account = next((one for one in _accounts(tenant) if latest and one.sid == latest.account), None)
    if latest is None or account is None or words not in WORDS:
        raise Http404(_("This phone got no text that could be answered."))
    if phone.reply(latest, words, account):
        messages.success(request, _("%(number)s answered %(words)s.") % {"number": number, "words": words})
    else:
        messages.error(request, _("The answer did not arrive: this site does not know its own address."))
    return redirect("phone", slug=slug)


def _phones(tenant: Tenant) -> list[Phone]:
    """Those that got something, the one with the newest text first."""
    by_number: dict[str, list[Text]] = {}
    for text in _of(tenant):
        by_number.setdefault(text.number, []).append(text)
    owners = dict(Recipient.objects.filter(tenant=tenant, phone__in=by_number).values_list("phone", "name"))
    stopped = suppressed_among("sms", list(by_number), tenant_id=tenant.pk)
    return [
        Phone(number, owners.get(number, ""), texts[:SHOWN][::-1], number in stopped)
        for number, texts in by_number.items()
    ]


def _of(tenant: Tenant) -> list[Text]:
    return [text for text in TEXTS.newest_first() if text.tenant_id == tenant.pk]


def _accounts(tenant: Tenant) -> list[Account]:
    """The tenant's channels that lead here."""
    here = reverse("phone", args=[tenant.slug]).rstrip("/")
    mine = Channel.objects.filter(tenant=tenant, kind="sms").order_by("pk")
    return [
        Account(str(one.settings.get("account", "")), str(one.secrets.get("token", "")), channel_address(one))
        for one in mine
        if str(one.settings.get("url", "")).rstrip("/").endswith(here)
    ]


def _tenant(viewer: Tenant | None, slug: str) -> Tenant:
    return watched(viewer, slug, why=_("There are no phones of that name for you."))


def _state(tenant: Tenant) -> str:
    found = _of(tenant)
    said: dict[str, Any] = {"texts": len(found), "newest": str(found[0].id) if found else ""}
    return JsonResponse(said).content.decode()
