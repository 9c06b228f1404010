"""Who may open a socket: from an origin of ours, with a session's cookie or a ticket.

Without the check of the origin any page could open one with the cookies of whoever looks at it. A ticket comes as a
subprotocol and not in the address, which is written to logs.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error
from django.http.request import split_domain_port, validate_host

from ..conf import conf
from . import credentials, tickets
from .credentials import Identity

logger = logging.getLogger(__name__)

PROTOCOL = "notifyhub.v1"
TICKET = "ticket."


@dataclass(frozen=True)
class Door:
    """Open for `identity`, or closed. `protocol` is the subprotocol to agree on, if one was offered."""

    identity: Identity | None = None
    protocol: str | None = None


async def open_door(scope: Mapping[str, Any], read: Callable[..., Awaitable[Any]]) -> Door:
    """Look at origin and credentials. `read` calls a verb where the database is."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if not origin_is_ours(headers.get("origin", ""), host=headers.get("host", "")):
        logger.info("live.origin_refused")
        return Door()
    offered = list(scope.get("subprotocols", ()))
    ticket = next((one.removeprefix(TICKET) for one in offered if one.startswith(TICKET)), None)
    try:
        identity = await (read(tickets.use, ticket) if ticket is not None else read(credentials.of_session, scope))
    except Error as error:
        logger.warning("live.database_away error=%s", type(error).__name__)
        return Door()
    return Door(identity, PROTOCOL if PROTOCOL in offered else None)


def origin_is_ours(origin: str, *, host: str) -> bool:
    """Whether a page of this origin may open a socket here: this very host, or one that the site named."""
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
        return False
    if origin in conf().live_origins:
        return True
    domain, _ = split_domain_port(host)
    allowed = settings.ALLOWED_HOSTS or (["localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    return parts.netloc.lower() == host.lower() and bool(domain) and validate_host(domain, allowed)
