"""A letter by a provider of mail: django-anymail writes the request, our guarded session sends it.

Blocks, so it runs in a thread (`blocking.py`). The message has the same id on every try, and the delivery's public id
goes along as metadata, so that what the provider reports later finds it.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext as _

from ..backend import Outlet
from ..masking import without_credentials
from ..outbound.answer import OutboundError
from ..outbound.outcomes import no_answer
from ..outcome import Accepted, Outcome, Permanent, Temporary
from ..retry import wait_asked
from . import replies
from .mime import Letter
from .providers import PROVIDERS, Provider
from .server import Sender
from .site import message_of

DELIVERY = "notifyhub_delivery"
"""The name of the metadata that says which delivery a report is about."""


def deliver(letter: Letter, sender: Sender, outlet: Outlet, *, delivery: UUID, seconds: float) -> Outcome:
    """Hand it over, or say why not."""
    provider = PROVIDERS.get(outlet.settings["provider"])
    if provider is None:
        return Permanent("config", _("The channel's provider of mail is not known here."), disable=True)
    try:
        message: Any = _message(letter, sender, delivery)
        backend = _backend(provider, outlet, seconds)
        backend.send_messages([message])
    except OutboundError as error:
        return no_answer(error)
    except ImportError:
        return Temporary("config", "This needs the extras `email` and `http`: pip install notifyhub[email,http].")
    except Exception as error:
        return _failed(error, outlet)
    answer = message.anymail_status.esp_response
    if answer is not None and answer.status_code >= 400:  # not an answer that anymail could read as a refusal
        return Permanent("provider", _clean(f"HTTP {answer.status_code} {answer.text}", outlet))
    return Accepted(_told(message, letter, outlet))


def _message(letter: Letter, sender: Sender, delivery: UUID) -> EmailMultiAlternatives:
    message = message_of(letter, sender)
    message.metadata = {DELIVERY: delivery.hex}  # type: ignore[attr-defined]
    return message


def _backend(provider: Provider, outlet: Outlet, seconds: float) -> Any:
    """Made anew for each letter: it takes longer to look one up than to make it. Every option that is a secret is
    given, as anymail would take the site's own for one that is missing."""
    from ..outbound.sync import site_client  # needs the extra `http`, which a site that sends none does without

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of providers whose makers let anymail down; the operator cannot change that
        module = importlib.import_module(f"anymail.backends.{provider.name}")
        given: dict[str, Any] = {theirs: outlet.secrets.get(ours, "") for ours, theirs in provider.secrets.items()}
        given |= {theirs: outlet.settings.get(ours) or None for ours, theirs in provider.settings.items()}
        if outlet.settings.get("api_url"):
            given["api_url"] = outlet.settings["api_url"]
        backend = module.EmailBackend(timeout=max(seconds, 0.001), debug_api_requests=False, **given)
    backend.send_defaults = {}  # the site's ANYMAIL settings are for the site's own mail
    backend.ignore_unsupported_features = True  # a provider without metadata sends all the same
    backend.session = site_client().session
    return backend


def _told(message: Any, letter: Letter, outlet: Outlet) -> str:
    """The provider's id of it, and what it says of the recipient."""
    status = message.anymail_status.recipients.get(str(letter.to))
    words = f"{status.message_id or ''} {status.status}" if status else ""
    return _clean(words.strip(), outlet)


def _failed(error: Exception, outlet: Outlet) -> Outcome:
    from anymail import exceptions as theirs

    detail = _clean(str(error) or type(error).__name__, outlet)
    match error:
        case theirs.AnymailRecipientsRefused():
            return _refused(error, detail)
        case theirs.AnymailAPIError(status_code=int(status)):
            return _by_status(status, detail, getattr(error.response, "headers", {}))
        case theirs.AnymailAPIError():
            return Temporary("provider", detail)
        case theirs.AnymailConfigurationError() | ImproperlyConfigured():
            return Permanent("config", detail, disable=True)
        case theirs.AnymailError() | ValueError():
            return Permanent("content", detail)
        case _:
            raise error


def _refused(error: Any, detail: str) -> Outcome:
    """By the address: none at all, or one that the provider itself does not write to any more."""
    found = getattr(error.email_message, "anymail_status", None)
    invalid = found is not None and found.status == {"invalid"}
    return Permanent("address", detail, suppress=invalid)


def _by_status(status: int, detail: str, headers: Mapping[str, str]) -> Outcome:
    wait = wait_asked(headers, now=datetime.now(UTC))
    if 200 <= status < 300:  # but nobody understands what it says
        return Temporary("provider", detail)
    if status in {401, 403}:
        return Permanent("auth", detail, disable=True)
    if status in {429, 503}:
        limited = status == 429
        return Temporary("rate_limited" if limited else "provider", detail, retry_after=wait, slow_lane=True)
    if status == 413:
        return Permanent("content", detail)
    if status in {408, 421, 425} or not 400 <= status < 500:
        return Temporary("provider", detail, retry_after=wait)
    return Permanent("provider", detail)


def _clean(words: str, outlet: Outlet) -> str:
    """Without what is secret, cut only then."""
    secrets = [str(one) for one in outlet.secrets.values() if one]
    said = replies.redacted(" ".join(words.split()), *secrets)
    return without_credentials(said, str(outlet.settings.get("api_url", "")), *secrets)[: replies.EXCERPT]
