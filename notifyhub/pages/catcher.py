"""The webhook catcher: an address for each tenant's webhooks, and the page that shows what came there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_delivery import channels
from channels_delivery.following import origins
from channels_delivery.models import Channel
from notifications.models import Tenant
from notifications.web.clock import zone_of
from notifyhub import catcher
from notifyhub.catcher import BODY_MAX, CAUGHT, SCRIPTS, Caught, Key, Manner, stable_id
from notifyhub.script import TIMES_MAX

from . import scripting
from .access import also_watched, for_watchers, watched
from .traces import run_of
from .wording import manner_in_words, verdict_in_words, workflow_in_words

SHOWN = 100


@dataclass(frozen=True)
class Try:
    """One request, and which one of its message it was."""

    caught: Caught
    number: int

    @property
    def why(self) -> str:
        return verdict_in_words(self.caught.verdict)


@dataclass(frozen=True)
class Message:
    """The requests of one webhook-id, the newest first; those without an id stand alone."""

    id: UUID
    name: str
    tries: Sequence[Try]

    @property
    def latest(self) -> Try:
        return self.tries[0]

    @property
    def is_plain(self) -> bool:
        """Came once and was taken: nothing to tell of its tries."""
        return len(self.tries) == 1 and self.latest.caught.answered < 300


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def receiver(request: HttpRequest, slug: str) -> HttpResponse:
    """Where webhooks are posted to, by whoever likes; and for people the page of what came."""
    return _receive(request, slug) if request.method == "POST" else page(request, slug)


@require_safe
@for_watchers
def first(request: HttpRequest, tenant: Tenant | None) -> HttpResponse:
    """To the catcher of one's own tenant, or for who runs the site to the first of all."""
    found = tenant or Tenant.objects.filter(active=True).order_by("pk").first()
    if found is None:
        return render(request, "catcher/nobody.html")
    return redirect("catcher", slug=found.slug)


@for_watchers
def page(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    tenant = _tenant(viewer, slug)
    found = grouped(tenant)
    webhooks = _channels(tenant)
    address = request.build_absolute_uri(reverse("catcher", args=[tenant.slug]))
    context = {
        "tenant": tenant,
        "others": also_watched(viewer),
        "caught": found[:SHOWN],
        "more": max(len(found) - SHOWN, 0),
        "state": _state(tenant),
        "address": address,
        "channels": webhooks,
        "paused": [channel for channel in webhooks if channel.paused_at],
        "script": scripting.in_words(SCRIPTS, manner_in_words, tenant=tenant),
        "manners": [(manner.value, manner_in_words(manner)) for manner in Manner],
        "times_max": TIMES_MAX,
        "zone": zone_of(request),
    }
    return render(request, "catcher/catcher.html", context)


@never_cache
@require_safe
@for_watchers
def state(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """The page in a word; while it stays the same there is nothing new to show."""
    return HttpResponse(_state(_tenant(viewer, slug)), content_type="application/json")


@never_cache
@require_safe
@for_watchers
def one(request: HttpRequest, viewer: Tenant | None, slug: str, caught_id: UUID) -> HttpResponse:
    tenant = _tenant(viewer, slug)
    for message in grouped(tenant):
        for shown in message.tries:
            if shown.caught.id == caught_id:
                context = {
                    "tenant": tenant,
                    "message": message,
                    "shown": shown,
                    "scripted": shown.caught.manner is not None,
                    "run": _run(shown.caught) if viewer else None,
                    "zone": zone_of(request),
                }
                return render(request, "catcher/request.html", context)
    raise Http404(_("This request is not here. The catcher keeps the newest, and forgets them when the site stops."))


@require_POST
@for_watchers
def answer(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """Choose how the next requests are answered."""
    tenant = _tenant(viewer, slug)
    scripting.follow(request, SCRIPTS, Manner, manner_in_words, tenant=tenant)
    return redirect("catcher", slug=slug)


@require_POST
@for_watchers
def resume(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """Turn the channels on again that a 410 has turned off."""
    tenant = _tenant(viewer, slug)
    for channel in _channels(tenant):
        channels.resume(channel)
    messages.success(request, _("On again."))
    return redirect("catcher", slug=slug)


@require_POST
@for_watchers
def clear(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    tenant = _tenant(viewer, slug)
    count = CAUGHT.drop(lambda caught: caught.tenant_id == tenant.pk)
    messages.success(request, ngettext("%(n)d request is gone.", "%(n)d requests are gone.", count) % {"n": count})
    return redirect("catcher", slug=slug)


def grouped(tenant: Tenant) -> list[Message]:
    """What came for this tenant by message, the one with the newest request first."""
    by_message: dict[Any, list[Caught]] = {}
    for caught in _of(tenant):
        by_message.setdefault(caught.message or caught.id, []).append(caught)
    return [_message(tries) for tries in by_message.values()]


def by_delivery(tenant: Tenant) -> dict[UUID, Caught]:
    """The newest request of each delivery, by its stable id."""
    named = ((stable_id(caught.message), caught) for caught in reversed(_of(tenant)))
    return {delivery: caught for delivery, caught in named if delivery}


def _run(caught: Caught) -> UUID | None:
    """The run that a webhook of ours came from."""
    delivery = stable_id(caught.message)
    return run_of(origins([delivery], tenant_id=caught.tenant_id).get(delivery)) if delivery else None


def _message(tries: list[Caught]) -> Message:
    kind = tries[0].type
    name = workflow_in_words(kind) if kind else _("A request without a type")
    return Message(tries[-1].id, name, [Try(caught, len(tries) - place) for place, caught in enumerate(tries)])


def _of(tenant: Tenant) -> list[Caught]:
    return [caught for caught in CAUGHT.newest_first() if caught.tenant_id == tenant.pk]


def _receive(request: HttpRequest, slug: str) -> HttpResponse:
    tenant = Tenant.objects.filter(slug=slug, active=True).first()
    if tenant is None:
        return HttpResponse(_("Nobody of that name has webhooks here.") + "\n", status=404, content_type="text/plain")
    body = request.read(BODY_MAX + 1)
    if len(body) > BODY_MAX:
        return HttpResponse(_("More than 512 KB.") + "\n", status=413, content_type="text/plain")
    caught = catcher.catch(tuple(request.headers.items()), body, tenant_id=tenant.pk, keys=_keys(tenant))
    if caught.manner is Manner.SLOW:
        catcher.take_time()
    if caught.answered == catcher.THANKS:
        return HttpResponse(status=catcher.THANKS)
    scripted = caught.manner not in {None, Manner.SLOW}
    said = _("As it was told to.") if scripted else verdict_in_words(caught.verdict)
    return HttpResponse(f"{said}\n", status=caught.answered, content_type="text/plain")


def _channels(tenant: Tenant) -> list[Channel]:
    """The tenant's webhooks that lead here."""
    here = reverse("catcher", args=[tenant.slug])
    webhooks = Channel.objects.filter(tenant=tenant, kind="webhook").order_by("pk")
    return [channel for channel in webhooks if str(channel.settings.get("url", "")).endswith(here)]


def _keys(tenant: Tenant) -> list[Key]:
    """All signing secrets of the tenant: also of a webhook that leads here by a redirect or a tunnel."""
    webhooks = Channel.objects.filter(tenant=tenant, kind="webhook").order_by("pk")
    return [Key(channel.name, secret) for channel in webhooks for secret in channel.secrets.get("signing", ())]


def _tenant(viewer: Tenant | None, slug: str) -> Tenant:
    return watched(viewer, slug, why=_("There is no catcher of that name for you."))


def _state(tenant: Tenant) -> str:
    found, plan = _of(tenant), SCRIPTS.of(tenant.pk)
    newest = str(found[0].id) if found else ""
    state = {"requests": len(found), "newest": newest, "script": f"{plan.manner} {plan.left}" if plan else ""}
    return JsonResponse(state).content.decode()
