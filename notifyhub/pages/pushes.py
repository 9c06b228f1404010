"""The devices of a tenant's people: where the demo's pushes arrive, and how they light up there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from channels_delivery.conf import conf
from channels_delivery.models import Endpoint
from channels_delivery.push.vapid import NoKey, identity_of
from notifications.models import Recipient, Tenant
from notifications.web.clock import zone_of
from notifyhub import demo_devices, pushes
from notifyhub.demo_devices import Device
from notifyhub.pushes import BODY_MAX, PATIENCE, PUSHED, Manner, Pushed

from .access import also_watched, for_watchers, watched
from .wording import length_in_words

SHOWN, REFUSED = 4, 3
"""Pushes on one screen, and of those that it does not show."""

MANNERS = {
    Manner.LATER: gettext_lazy("429, too many: come back in five seconds"),
    Manner.ERROR: gettext_lazy("500, an error of the service"),
    Manner.GONE: gettext_lazy("410, the device is gone for good"),
}


@dataclass(frozen=True)
class Note:
    """What a device shows of one tag: the latest, and how many it took the place of."""

    pushed: Pushed
    earlier: int

    @property
    def buttons(self) -> list[str]:
        found = self.pushed.told.get("actions", ())
        labels = [one.get("label") for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return [str(label) for label in labels if label]

    @property
    def kept_for(self) -> str:
        return length_in_words(timedelta(seconds=self.pushed.ttl)) or _("not at all")


@dataclass(frozen=True)
class Screen:
    """A device, whose it is, what it shows, and what it does not show: `refused`."""

    device: Device
    owner: str
    notes: Sequence[Note]
    refused: Sequence[Pushed]
    gone: bool

    @property
    def is_dark(self) -> bool:
        return not (self.notes or self.refused or self.gone)


@csrf_exempt
@never_cache
@require_POST
def service(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Where pushes are sent to, as at a push service."""
    tenant = Tenant.objects.filter(slug=slug, active=True).first()
    device = demo_devices.named(tenant, name) if tenant else None
    if tenant is None or device is None:
        return HttpResponse(_("There is no such device here.") + "\n", status=404, content_type="text/plain")
    fields = {field.lower(): value for field, value in request.headers.items()}
    origin = f"{request.scheme}://{request.get_host()}"
    pushed = pushes.push(
        device, fields, request.read(BODY_MAX + 1), tenant_id=tenant.pk, origin=origin, key=_public_key()
    )
    answer = HttpResponse(pushed.said, status=pushed.status, content_type="text/plain")
    if pushed.status == pushes.THANKS:
        answer["Location"] = f"{device.path}{pushed.id}/"
    elif pushed.status == pushes.STATUS[Manner.LATER]:
        answer["Retry-After"] = str(PATIENCE)
    return answer


@require_safe
@for_watchers
def first(request: HttpRequest, tenant: Tenant | None) -> HttpResponse:
    """To the devices of one's own tenant, or for who runs the site to those of the first of all."""
    found = tenant or Tenant.objects.filter(active=True).order_by("pk").first()
    if found is None:
        return render(request, "catcher/nobody.html")
    return redirect("pushes", slug=found.slug)


@never_cache
@require_safe
@for_watchers
def page(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    tenant = _tenant(viewer, slug)
    screens = _screens(tenant)
    scripts = pushes.scripted(tenant.pk)
    context = {
        "tenant": tenant,
        "others": also_watched(viewer),
        "screens": [one for one in screens if not one.is_dark],
        "dark": [one for one in screens if one.is_dark],
        "there": [one for one in screens if not one.gone],
        "scripts": [
            (_in_words(one), MANNERS[scripts[name]]) for one in screens if (name := one.device.name) in scripts
        ],
        "manners": list(MANNERS.items()),
        "state": _state(tenant),
        "zone": zone_of(request),
    }
    return render(request, "pushes/pushes.html", context)


@never_cache
@require_safe
@for_watchers
def state(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """The page in a word; while it stays the same there is nothing new to show."""
    return HttpResponse(_state(_tenant(viewer, slug)), content_type="application/json")


@require_POST
@for_watchers
def answer(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """Choose how the next push for a device is answered."""
    tenant = _tenant(viewer, slug)
    name, manner = request.POST.get("device", ""), request.POST.get("manner", "")
    if manner not in {"", *Manner} or demo_devices.named(tenant, name) is None:
        raise Http404(_("There is no such device or answer."))
    pushes.answer_with(Manner(manner) if manner else None, name, tenant_id=tenant.pk)
    return redirect("pushes", slug=slug)


@require_POST
@for_watchers
def again(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    """Subscribe a device again that was gone."""
    tenant = _tenant(viewer, slug)
    device = demo_devices.named(tenant, request.POST.get("device", ""))
    if device is None:
        raise Http404(_("There is no such device or answer."))
    owner = Recipient.objects.get(tenant=tenant, external_id=device.name.rpartition("-")[0])
    pushes.back(device.name, tenant_id=tenant.pk)
    if demo_devices.subscribe(owner, device, origin=conf().site_url):
        messages.success(request, _("It takes pushes again."))
    else:
        messages.error(request, _("It cannot be added: this site does not know its own address."))
    return redirect("pushes", slug=slug)


@require_POST
@for_watchers
def clear(request: HttpRequest, viewer: Tenant | None, slug: str) -> HttpResponse:
    tenant = _tenant(viewer, slug)
    count = PUSHED.drop(lambda pushed: pushed.tenant_id == tenant.pk)
    messages.success(request, ngettext("%(n)d push is gone.", "%(n)d pushes are gone.", count) % {"n": count})
    return redirect("pushes", slug=slug)


def by_delivery(tenant: Tenant) -> dict[UUID, Pushed]:
    """Where each delivery can be seen: the one that the device shows in its place, if it was taken."""
    shown: dict[tuple[str, str], Pushed] = {}
    found: dict[UUID, Pushed] = {}
    for one in _of(tenant):
        latest = shown.setdefault((one.device, one.tag), one) if one.is_shown else one
        if one.delivery:
            found.setdefault(one.delivery, latest)
    return found


def _screens(tenant: Tenant) -> list[Screen]:
    """Those that are subscribed, those that got something and those that are gone; the newest push first."""
    by_device: dict[str, list[Pushed]] = {}
    for pushed in _of(tenant):
        by_device.setdefault(pushed.device, []).append(pushed)
    gone, here = pushes.gone(tenant.pk), _subscribed(tenant)
    owners = dict(Recipient.objects.filter(tenant=tenant).values_list("external_id", "name"))
    names = dict.fromkeys([*by_device, *sorted(gone), *here])
    return [
        _screen(
            Device(tenant.slug, name), owners.get(name.rpartition("-")[0], ""), by_device.get(name, []), name in gone
        )
        for name in names
    ]


def _screen(device: Device, owner: str, came: Sequence[Pushed], gone: bool) -> Screen:
    by_tag: dict[str, list[Pushed]] = {}
    for one in came:
        if one.is_shown:
            by_tag.setdefault(one.tag, []).append(one)
    notes = [Note(tries[0], len({one.delivery for one in tries}) - 1) for tries in by_tag.values()]
    return Screen(device, owner, notes[:SHOWN], [one for one in came if not one.is_shown][:REFUSED], gone)


def _subscribed(tenant: Tenant) -> list[str]:
    """The names of the devices that lead here, in the order in which they were added."""
    here = f"/pushes/{tenant.slug}/to/"
    rows = Endpoint.objects.filter(tenant=tenant, kind="push", address__contains=here).order_by("pk")
    return [address.rstrip("/").rpartition("/")[2] for address in rows.values_list("address", flat=True)]


def _of(tenant: Tenant) -> list[Pushed]:
    return [pushed for pushed in PUSHED.newest_first() if pushed.tenant_id == tenant.pk]


def _public_key() -> str:
    try:
        return identity_of(conf().vapid_private_key, conf().vapid_subject).public
    except NoKey:
        return ""


def _in_words(screen: Screen) -> str:
    return f"{screen.owner}, {screen.device.label}"


def _tenant(viewer: Tenant | None, slug: str) -> Tenant:
    return watched(viewer, slug, why=_("There are no devices of that name for you."))


def _state(tenant: Tenant) -> str:
    found = _of(tenant)
    said: dict[str, Any] = {
        "pushes": len(found),
        "newest": str(found[0].id) if found else "",
        "told": sorted(pushes.scripted(tenant.pk)),
        "gone": sorted(pushes.gone(tenant.pk)),
    }
    return JsonResponse(said).content.decode()
