"""Reports of mail providers, read by django-anymail with the channel's own secrets; none of the site's count here.

Some sign the raw body, the others show a user and a password. Mailgun signs a time, which may be five minutes off, and
a token, which counts once. What others told before is known by its id.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.core.handlers.wsgi import WSGIRequest

from ..mail.by_provider import DELIVERY
from ..mail.providers import PROVIDERS, Provider
from ..models import Channel, Delivery, Event
from . import bounces
from .event import WINDOW, Heard, Reply, Scheme, Told, Untrusted

_EVENTS = {
    "sent": Event.SENT,
    "delivered": Event.DELIVERED,
    "bounced": Event.BOUNCED,
    "rejected": Event.FAILED,
    "failed": Event.FAILED,
    "complained": Event.COMPLAINED,
    "unsubscribed": Event.STOPPED,
}


class ByAnymail(Scheme):
    def read(self, heard: Heard, channel: Channel, delivery: Delivery | None) -> Reply:
        provider = PROVIDERS[str(channel.settings["provider"])]
        secret = str(channel.secrets.get("webhook", ""))
        if not secret:
            raise Untrusted
        found = _events(provider, heard, secret)
        return Reply([told for one in found if (told := _told(provider, one)) is not None])


def _events(provider: Provider, heard: Heard, secret: str) -> Sequence[Any]:
    """What anymail reads. Raises Untrusted."""
    from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure

    view, request = _view(provider, secret), _request(heard)
    try:
        view.run_validators(request)
        if provider.name == "mailgun":
            _check_time(request, heard.now)
    except (AnymailWebhookValidationFailure, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise Untrusted from error
    try:
        return list(view.parse_events(request))
    except (AnymailError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return []  # theirs, and not understood: to be told once more would not help


def _view(provider: Provider, secret: str) -> Any:
    """Every option is given: anymail takes the site's own for one that is missing."""
    module = importlib.import_module(f"anymail.webhooks.{provider.name}")
    kind = getattr(module, provider.view)
    given: dict[str, Any] = {"webhook_secret": []}
    if provider.name == "sendgrid":
        given[kind.key_setting_name] = None
    given[provider.proof] = [secret] if provider.user_and_password else secret
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(**given)


def _request(heard: Heard) -> WSGIRequest:
    """What came, as a request of Django's."""
    fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in heard.headers.items()}
    url = urlsplit(heard.url)
    return WSGIRequest(
        {
            **fields,
            "REQUEST_METHOD": "POST",
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": heard.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(heard.body)),
            "wsgi.input": io.BytesIO(heard.body),
            "wsgi.url_scheme": url.scheme,
        }
    )


def _check_time(request: WSGIRequest, now: datetime) -> None:
    """Of the signature that was checked: of a form, which only Mailgun's old reports are, that would be another one.
    Raises ValueError."""
    if request.content_type != "application/json":
        raise ValueError("not JSON")
    stamp = json.loads(request.body)["signature"]["timestamp"]
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > WINDOW:
        raise ValueError("not from now")


def _told(provider: Provider, one: Any) -> Told | None:
    raw: Mapping[str, Any] = one.esp_event if isinstance(one.esp_event, Mapping) else {}
    event = _event(provider, one, raw)
    if event is None or not one.recipient:
        return None
    detail = " ".join(str(part) for part in (one.mta_response or one.description, one.reject_reason) if part)
    return Told(
        event,
        key=_key(provider, one, raw),
        delivery=_delivery(one.metadata),
        address=str(one.recipient),
        provider_id=str(one.message_id or ""),
        detail=f"STOP: {detail}" if event is Event.STOPPED else detail,
        suppress=event in {Event.BOUNCED, Event.COMPLAINED, Event.STOPPED},
    )


def _key(provider: Provider, one: Any, raw: Mapping[str, Any]) -> str:
    """Mailgun signs a time and a token, and nothing of what it says: each token is good for one event, whichever it is.
    https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks"""
    if provider.name == "mailgun":
        return f"token {one.event_id}"
    return f"{one.event_type} {one.event_id or _fingerprint(raw)} {one.recipient}"


def _event(provider: Provider, one: Any, raw: Mapping[str, Any]) -> Event | None:
    """None: nothing that is of interest here."""
    match _EVENTS.get(one.event_type):
        case Event.BOUNCED:
            return bounces.meaning(provider.name, one.reject_reason, raw, one.mta_response, one.description)
        case Event.COMPLAINED if not bounces.is_complaint(raw):
            return None
        case event:
            return event


def _fingerprint(raw: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()


def _delivery(metadata: Any) -> UUID | None:
    try:
        return UUID(str(metadata[DELIVERY]))
    except (KeyError, TypeError, ValueError):
        return None
