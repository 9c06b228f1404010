"""What is wrong with a channel for mail, by field: for whoever sets it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from ..outbound import site
from ..outbound.policy import Reason, check_server
from .addresses import mailbox
from .headers import is_one_line
from .server import PORTS, host_of


def faults(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, str]:
    """Nothing where it can be used, as far as can be told without asking the network."""
    of_server = _of_server(settings, secrets) if settings.get("host") else _without_server(settings)
    found: dict[str, str] = {}
    for field, words in (*of_server, *_texts(settings, secrets), *_addresses(settings)):
        found.setdefault(field, words)
    return found


def _of_server(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    port = settings.get("port") or PORTS[settings.get("security", "starttls")]
    if reason := check_server(host_of(settings), port, site.mail_rules()):
        field = "port" if reason is Reason.PORT else "host"
        yield f"settings.{field}", _("This server cannot be used.")
    if not settings.get("from"):
        yield "settings.from", _("A server needs the address that mails come from.")
    if settings.get("user") and settings.get("security") == "none":
        yield "settings.security", _("A password is sent over TLS only.")
    if bool(settings.get("user")) != bool(secrets.get("password")):
        yield "secrets.password", _("User and password go together.")


def _without_server(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("port", "security", "user", "from"):
        if settings.get(field):
            yield f"settings.{field}", _("This needs a server (host).")


def _texts(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    texts = {
        "settings.user": settings.get("user", ""),
        "settings.from_name": settings.get("from_name", ""),
        "secrets.password": secrets.get("password", ""),
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
