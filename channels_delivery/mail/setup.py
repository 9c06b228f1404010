"""A channel for mail: its settings and secrets, and what is wrong with them, for whoever sets it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ..outbound import site
from ..outbound.policy import Reason, check_server
from ..outbound.words import url_advice
from .addresses import mailbox
from .headers import is_one_line
from .providers import PROVIDERS
from .server import PORTS, TOPIC, by_amazon, host_of

_ADDRESS = {"type": "string", "minLength": 3, "maxLength": 254}

_SECRET = {"type": "string", "minLength": 1, "maxLength": 500}

SETTINGS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "host": {
            "type": "string",
            "minLength": 1,
            "maxLength": 253,
            "title": gettext_noop("Server"),
            "description": gettext_noop(
                "Yours for outgoing mail, like smtp.example.com; without one, the site's is used."
            ),
        },
        "port": {
            "type": "integer",
            "minimum": 1,
            "maximum": 65535,
            "title": gettext_noop("Port"),
            "description": gettext_noop("587 with STARTTLS, 465 with TLS, or 25 or 2525; usually left out."),
        },
        "security": {
            "enum": list(PORTS),
            "title": gettext_noop("Security"),
            "description": gettext_noop("STARTTLS where nothing is said."),
        },
        "user": {"type": "string", "maxLength": 254, "title": gettext_noop("User")},
        "provider": {
            "enum": list(PROVIDERS),
            "title": gettext_noop("Provider"),
            "description": gettext_noop("Takes mail by HTTP, in place of a server."),
        },
        "domain": {
            "type": "string",
            "maxLength": 253,
            "title": gettext_noop("Domain"),
            "description": gettext_noop("Mailgun: the sending domain, where it is not that of the sender."),
        },
        "api_url": {
            "type": "string",
            "format": "uri",
            "maxLength": 300,
            "title": gettext_noop("Address of the provider"),
            "description": gettext_noop("Only where it is not the usual one, like https://api.eu.mailgun.net/v3."),
        },
        "from": _ADDRESS
        | {
            "title": gettext_noop("From"),
            "description": gettext_noop("The address that mails come from; your server has to accept it."),
        },
        "from_name": {
            "type": "string",
            "maxLength": 100,
            "title": gettext_noop("Name of the sender"),
        },
        "reply_to": _ADDRESS | {"title": gettext_noop("Answers go to")},
        "to": {
            "type": "array",
            "items": _ADDRESS,
            "maxItems": 100,
            "uniqueItems": True,
            "title": gettext_noop("Addresses of the team"),
            "description": gettext_noop("One a line, up to 100; each gets a mail of its own."),
        },
    },
    "additionalProperties": False,
}
SECRETS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "password": {"type": "string", "minLength": 1, "maxLength": 500, "title": gettext_noop("Password")},
        "api_key": _SECRET
        | {
            "title": gettext_noop("API key"),
            "description": gettext_noop("Of the provider; Postmark calls it server token, MailerSend API token."),
        },
        "secret_key": _SECRET | {"title": gettext_noop("Secret key"), "description": gettext_noop("Mailjet only.")},
        "webhook": _SECRET
        | {
            "title": gettext_noop("Webhook secret"),
            "description": gettext_noop(
                "Shows that reports are the provider's: its signing key, or user:password."
                " Amazon SES: the ARN of its topic."
            ),
        },
    },
    "additionalProperties": False,
}


def faults(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, str]:
    """Nothing where it can be used, as far as can be told without asking the network."""
    if settings.get("provider"):
        of_server = _of_provider(settings, secrets)
    else:
        of_server = _of_server(settings, secrets) if settings.get("host") else _without_server(settings)
    found: dict[str, str] = {}
    for field, words in (*of_server, *_texts(settings, secrets), *_addresses(settings)):
        found.setdefault(field, words)
    return found


def _of_server(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    port = settings.get("port") or PORTS[settings.get("security", "starttls")]
    if reason := check_server(host_of(settings), port, site.mail_rules()):
        yield "settings.port" if reason is Reason.PORT else "settings.host", _advice(reason)
    if not settings.get("from"):
        yield "settings.from", _("A server needs the address that mails come from.")
    if settings.get("user") and settings.get("security") == "none":
        yield "settings.security", _("A password is sent over TLS only.")
    if settings.get("user") and not secrets.get("password"):
        yield "secrets.password", _("A user needs a password.")
    if by_amazon(settings) and secrets.get("webhook") and not TOPIC.fullmatch(secrets["webhook"]):
        yield "secrets.webhook", _("For Amazon SES, write the ARN of the topic: arn:aws:sns:region:account:name.")


def _of_provider(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    provider = PROVIDERS[settings["provider"]]
    for name in ("host", "port", "security", "user"):
        if settings.get(name):
            yield f"settings.{name}", _("A channel has a server or a provider, not both.")
    if not settings.get("from"):
        yield "settings.from", _("A provider needs the address that mails come from.")
    for name in provider.secrets:
        if not secrets.get(name):
            yield f"secrets.{name}", _("Is missing: this provider needs it.")
    if settings.get("api_url") and (advice := url_advice(str(settings["api_url"]))):
        yield "settings.api_url", advice
    if provider.user_and_password and ":" not in secrets.get("webhook", ":"):
        yield "secrets.webhook", _("For this provider, write user:password.")


def _advice(reason: Reason) -> str:
    match reason:
        case Reason.PORT:
            return _("Mail is taken on 587, 465, 25 or 2525.")
        case Reason.ADDRESS:
            return _("Must lead to a public address; this one is private or reserved.")
        case _:
            return _("Must name a public host in full, like smtp.example.com.")


def _without_server(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("port", "security", "user", "from", "domain", "api_url"):
        if settings.get(field):
            yield f"settings.{field}", _("This needs a server (host).")


def _texts(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    texts = {
        "settings.user": settings.get("user", ""),
        "settings.from_name": settings.get("from_name", ""),
        **{f"secrets.{name}": secrets.get(name, "") for name in ("password", "api_key", "secret_key", "webhook")},
    }
    for field, text in texts.items():
        if not is_one_line(text):
            yield field, _("This has to be one line.")


def _addresses(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    given = [(field, settings[field]) for field in ("from", "reply_to") if settings.get(field)]
    for field, address in (*given, *((f"to[{place}]", one) for place, one in enumerate(settings.get("to", ())))):
        try:
            mailbox(address)
        except ValueError as error:
            yield f"settings.{field}", str(error)
