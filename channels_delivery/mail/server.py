"""Which server takes a letter, and in whose name: read from a tenant's channel, or from the site's own settings."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from functools import cache, lru_cache
from typing import Any

from django.conf import settings as site
from django.utils.translation import gettext as _

from ..backend import Outlet
from ..conf import conf
from ..outbound.trust import client_context
from .addresses import Mailbox, mailbox
from .headers import is_one_line
from .unsendable import Unsendable

DJANGO_SMTP = "django.core.mail.backends.smtp.EmailBackend"
PORTS = {"starttls": 587, "tls": 465, "none": 25}
_REGION = r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}"
_AMAZON = re.compile(rf"email-smtp(?:-fips)?\.{_REGION}\.amazonaws\.com(?:\.cn)?", re.ASCII)
TOPIC = re.compile(rf"arn:aws(?:-cn|-us-gov)?:sns:(?P<region>{_REGION}):[0-9]{{12}}:[\w.-]{{1,256}}", re.ASCII)
"""The topic by which Amazon SES reports."""


@dataclass(frozen=True)
class Server:
    """A server and how to sign in: what connections are kept by. `tenant` None: the site's own, which may be anywhere.
    `security`: `starttls`, `tls` or `none`. `certificate` and `key` are files with which we prove who we are."""

    tenant: int | None
    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    certificate: str = ""
    key: str = ""

    @property
    def tls(self) -> ssl.SSLContext | None:
        return None if self.security == "none" else _trust(conf().ca_file, self.certificate, self.key)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be said of it."""
        return (f"\0{self.user}\0{self.password}", self.password) if self.password else ()


@dataclass(frozen=True)
class Sender:
    box: Mailbox
    name: str
    reply_to: Mailbox | None


def server_of(outlet: Outlet, tenant: int) -> Server | None:
    """Where letters of this channel go; None: to the site's `EMAIL_BACKEND`, which is not SMTP."""
    given = outlet.settings
    if not given.get("host"):
        return _of_site() if site.EMAIL_BACKEND == DJANGO_SMTP else None
    security = given.get("security", "starttls")
    user, password = given.get("user", ""), outlet.secrets.get("password", "")
    if user and security == "none":
        raise Unsendable.by_this_channel(_("A password is sent over TLS only."))
    return Server(tenant, host_of(given), given.get("port") or PORTS[security], security, user, password)


def has_own_way(given: Mapping[str, Any]) -> bool:
    """Whether a channel with these settings has a server or a provider of its own."""
    return bool(given.get("host") or given.get("provider"))


def by_amazon(settings: Mapping[str, Any]) -> bool:
    """Whether mail leaves by a server of Amazon SES, which reports through a topic of SNS."""
    return bool(_AMAZON.fullmatch(host_of(settings)))


def host_of(given: Mapping[str, Any]) -> str:
    """The server's name as the address policy reads it."""
    return str(given.get("host", "")).lower().removesuffix(".")


def sender_of(outlet: Outlet) -> Sender:
    """In whose name a letter of this channel goes. A tenant without a server of its own sends by the site's address:
    whoever uses the site's server vouches for nobody else's name."""
    given = outlet.settings
    name, address = _of_django(site.DEFAULT_FROM_EMAIL)
    if has_own_way(given):
        name, address = "", given.get("from", "")
    try:
        sender = _sender(given.get("from_name") or name, address, given.get("reply_to") or "")
    except ValueError as error:
        raise Unsendable.by_this_channel(error) from error
    if not is_one_line(sender.name):
        raise Unsendable.by_this_channel(_("The sender's name has to be one line."))
    return sender


@lru_cache(1024)
def _sender(name: str, address: str, reply_to: str) -> Sender:
    return Sender(mailbox(address), name, mailbox(reply_to) if reply_to else None)


@cache
def _of_django(default: str) -> tuple[str, str]:
    return parseaddr(default)


def _of_site() -> Server:
    security = "tls" if site.EMAIL_USE_SSL else "starttls" if site.EMAIL_USE_TLS else "none"
    return Server(
        tenant=None,
        host=site.EMAIL_HOST,
        port=site.EMAIL_PORT,
        security=security,
        user=site.EMAIL_HOST_USER or "",
        password=site.EMAIL_HOST_PASSWORD or "",
        certificate=site.EMAIL_SSL_CERTFILE or "",
        key=site.EMAIL_SSL_KEYFILE or "",
    )


@cache
def _trust(ca_file: str, certificate: str, key: str) -> ssl.SSLContext:
    context = client_context(ca_file)
    if certificate:
        context.load_cert_chain(certificate, key or None)
    return context
