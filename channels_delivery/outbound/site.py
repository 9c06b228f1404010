"""What the site allows: from its settings to the rules of the policy, and what `manage.py check` says of them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core import checks

from ..conf import ChannelsDeliverySettings, conf
from .addresses import forbidden_part
from .policy import Origin, Rules


def rules() -> Rules:
    """The rules of this site for HTTP. Origins on this machine count in tests and the embedded mode only, whatever is
    set."""
    return _given().web


def mail_rules() -> Rules:
    """The rules of this site for the mail servers of tenants."""
    return _given().mail


def loopback_permitted() -> bool:
    """`NOTIFYHUB_LOOPBACK`, set by the settings modules of the tests and the embedded mode, never by an environment."""
    return bool(getattr(settings, "NOTIFYHUB_LOOPBACK", False))


def check_outbound(**_: Any) -> list[checks.CheckMessage]:
    """`notifyhub.E020` origins of this machine on a public site or not of it, `E021` networks, `E022` ports."""
    given = conf()
    return [
        *_origins(_tuple(given.allow_origins)),
        *_networks(_tuple(given.allow_cidrs)),
        *_ports(_tuple(given.allow_ports)),
    ]


def _tuple(given: object) -> tuple[Any, ...]:
    """Nothing for a value of another type: `notifyhub.E001` says so already."""
    return given if isinstance(given, tuple) else ()


def _given() -> Rules:
    """Made anew when the settings are others than last time: it is asked for each request."""
    global _last
    given, loopback = conf(), loopback_permitted()
    if _last is None or _last[0] is not given or _last[1] != loopback:
        origins = given.allow_origins if loopback else ()
        _last = given, loopback, Rules.of(cidrs=given.allow_cidrs, origins=origins, ports=given.allow_ports)
    return _last[2]


_last: tuple[ChannelsDeliverySettings, bool, Rules] | None = None


def _origins(texts: tuple[str, ...]) -> Iterator[checks.CheckMessage]:
    if texts and not loopback_permitted():
        yield _error("ALLOW_ORIGINS opens this machine to tenants.", "Remove it: it is for tests and demos.", "E020")
    for text in texts:
        try:
            Origin.of(text)
        except ValueError as error:
            yield _error(f"ALLOW_ORIGINS: {error}", "Give scheme, loopback host and port, nothing else.", "E020")


def _networks(texts: tuple[str, ...]) -> Iterator[checks.CheckMessage]:
    for text in texts:
        try:
            network = ip_network(text)
        except ValueError as error:
            yield _error(f"ALLOW_CIDRS: {error}", "Write a network, like 10.20.0.0/16.", "E021")
            continue
        if part := forbidden_part(network):
            hint = "Name only your own networks; this part stays closed."
            yield _error(f"ALLOW_CIDRS: {text} covers {part} (loopback, link-local, metadata …).", hint, "E021")


def _ports(ports: tuple[int, ...]) -> Iterator[checks.CheckMessage]:
    if wrong := [port for port in ports if not 0 < port < 65536]:
        yield _error(f"ALLOW_PORTS: {wrong} are no ports.", "Ports are 1 to 65535.", "E022")


def _error(message: str, hint: str, number: str) -> checks.Error:
    return checks.Error(f"NOTIFYHUB['CHANNELS_DELIVERY'] {message}", hint=hint, id=f"notifyhub.{number}")
