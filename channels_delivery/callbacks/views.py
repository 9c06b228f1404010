"""The addresses that providers post to. Nobody signs in here: what counts is the signature, over what came as it is."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .. import receipts
from ..conf import conf
from ..models import Channel, Delivery
from . import patience
from .event import Heard, Reply, Untrusted
from .schemes import scheme_of

logger = logging.getLogger(__name__)

BODY_MAX = 512 * 1024


@csrf_exempt
@never_cache
@require_http_methods(["POST"])
def of_delivery(request: HttpRequest, key: str) -> HttpResponse:
    """What became of one delivery."""
    delivery = Delivery.objects.across_tenants().filter(public_id=UUID(key), channel__isnull=False).first()
    if delivery is None:
        return _said("There is no such delivery.", 404)
    return _hear(request, _channel(tenant=delivery.tenant_id, pk=delivery.channel_id), delivery)


@csrf_exempt
@never_cache
@require_http_methods(["HEAD", "POST"])
def of_channel(request: HttpRequest, key: str) -> HttpResponse:
    """Replies, and reports on any delivery of a channel. Some providers ask by HEAD whether anybody is there."""
    if request.method == "HEAD":
        return HttpResponse()
    return _hear(request, _channel(public_id=UUID(key)), None)


def _channel(**which: Any) -> Channel | None:
    try:
        return Channel.objects.across_tenants().filter(**which).first()
    except ImproperlyConfigured:  # its secrets cannot be read, so nothing can be checked
        return None


def _hear(request: HttpRequest, channel: Channel | None, delivery: Delivery | None) -> HttpResponse:
    scheme = scheme_of(channel) if channel else None
    if channel is None or scheme is None:
        return _said("There is no such channel, or its provider reports nothing.", 404)
    try:
        heard = _heard(request)
        if heard is None:
            return _said("More than 512 KB.", 413)
        reply = scheme.read(heard, channel, delivery)
    except Untrusted:
        return _refused(request, channel)
    receipts.record(channel, reply.told, now=datetime.now(UTC))
    return _answer(reply)


def _heard(request: HttpRequest) -> Heard | None:
    try:
        body = request.read(BODY_MAX + 1)
    except (OSError, RawPostDataException) as error:
        raise Untrusted from error
    if len(body) > BODY_MAX:
        return None
    headers = {name.lower(): value for name, value in request.headers.items()}
    base = conf().site_url.rstrip("/")
    url = base + request.get_full_path() if base else request.build_absolute_uri()
    return Heard(url, headers, body, datetime.now(UTC))


def _refused(request: HttpRequest, channel: Channel) -> HttpResponse:
    if patience.is_over(str(request.META.get("REMOTE_ADDR", "")), channel.pk, now=datetime.now(UTC)):
        said = _said("Refused too often: try again in a minute.", 429)
        said["Retry-After"] = str(patience.SECONDS)
        return said
    logger.warning("callback.untrusted channel=%s", channel.pk)
    return _said("The signature does not fit, or is too old.", 403)


def _answer(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, content_type=reply.content_type) if reply.body else HttpResponse(status=204)


def _said(words: str, status: int) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain")
