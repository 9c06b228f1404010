"""Telling a receiver of the embedded mode how to answer, and what it was told, in words."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.models import Tenant
from notifyhub.script import TIMES_MAX, Scripts

M = TypeVar("M", bound=StrEnum)


def follow(
    request: HttpRequest, scripts: Scripts[M], manners: type[M], words: Callable[[M], str], *, tenant: Tenant
) -> None:
    """Do as the form says: the next so many requests in that manner, or with none as they deserve."""
    manner, times = request.POST.get("manner", ""), request.POST.get("times", "1")
    if manner not in {"", *manners} or not (times.isascii() and times.isdigit() and 1 <= int(times) <= TIMES_MAX):
        messages.error(request, _("Choose an answer, and for how many requests: 1 to %(n)d.") % {"n": TIMES_MAX})
        return
    scripts.put(manners(manner) if manner else None, tenant_id=tenant.pk, times=int(times))
    messages.success(request, in_words(scripts, words, tenant=tenant) or _("Requests are answered as they deserve."))


def in_words(scripts: Scripts[M], words: Callable[[M], str], *, tenant: Tenant) -> str:
    """What it was told; nothing when that is nothing."""
    plan = scripts.of(tenant.pk)
    if plan is None:
        return ""
    said = ngettext("The next request gets: %(how)s", "The next %(n)d requests get: %(how)s", plan.left)
    return said % {"n": plan.left, "how": words(plan.manner)}
