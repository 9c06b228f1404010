"""Where a request may go: pure rules over URLs, names, addresses and ports. No I/O, no settings.

A URL is read by one strict pattern instead of a lenient parser, so that no client behind it can read another host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from ipaddress import ip_network
from urllib.parse import quote

from .addresses import Address, Network, parse_address, reachable

PORTS = frozenset({443, 8443})
MAIL_PORTS = frozenset({25, 465, 587, 2525})


class Reason(StrEnum):
    """Why a URL or an address is refused. A fact of what the tenant wrote, except ADDRESS, which can come from DNS."""

    SYNTAX = "syntax"
    SCHEME = "scheme"
    USERINFO = "userinfo"
    FRAGMENT = "fragment"
    HOST = "host"
    PORT = "port"
    ADDRESS = "address"
    HEADER = "header"


@dataclass(frozen=True)
class Origin:
    """One scheme, host and port of this machine."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Origin:
        """Read `http://127.0.0.1:8000`, or `smtp://127.0.0.1:1025` for a mail server. Raises ValueError unless it is an
        exact origin on loopback."""
        match = _URL.fullmatch(text)
        if not match or match["rest"] or not match["port"] or match["scheme"].lower() not in {"http", "https", "smtp"}:
            raise ValueError(f"{text!r} is not of the form http://127.0.0.1:8000.")
        host = match["host"].strip("[]").lower()
        address = parse_address(host)
        if host != "localhost" and (address is None or not address.is_loopback):
            raise ValueError(f"{text!r} is not on this machine: only localhost and loopback addresses are.")
        return cls(match["scheme"].lower(), host, int(match["port"]))

    def covers(self, ip: Address, port: int, scheme: str | None) -> bool:
        own = ip.is_loopback and (self.host == "localhost" or parse_address(self.host) == ip)
        return own and port == self.port and scheme in {self.scheme, None}


@dataclass(frozen=True)
class Rules:
    """What a site allows beyond https to public addresses on 443 and 8443 (`web`), or mail to those on its ports
    (`mail`)."""

    allow_cidrs: tuple[Network, ...] = ()
    allow_origins: tuple[Origin, ...] = ()
    allow_ports: frozenset[int] = field(default_factory=frozenset)
    ports: frozenset[int] = PORTS

    @classmethod
    def of(cls, *, cidrs: Iterable[str] = (), origins: Iterable[str] = (), ports: Iterable[int] = ()) -> Rules:
        """Make rules from texts. Raises ValueError."""
        networks = tuple(ip_network(cidr) for cidr in cidrs)
        return cls(networks, tuple(Origin.of(origin) for origin in origins), frozenset(ports))

    @cached_property
    def web(self) -> Rules:
        """What of it counts for HTTP: a mail server of this machine is no place for a webhook."""
        return replace(self, allow_origins=tuple(one for one in self.allow_origins if one.scheme != "smtp"))

    @cached_property
    def mail(self) -> Rules:
        """What of it counts for mail servers."""
        servers = tuple(one for one in self.allow_origins if one.scheme == "smtp")
        return replace(self, allow_origins=servers, ports=MAIL_PORTS)

    @cached_property
    def strict(self) -> Rules:
        """The same without origins of this machine: for every host that is not one of them."""
        return replace(self, allow_origins=())

    def opens(self, scheme: str, host: str, port: int) -> bool:
        """Whether this is one of the allowed origins of this machine."""
        return (scheme, host, port) in self._opened

    @cached_property
    def _opened(self) -> frozenset[tuple[str, str, int]]:
        return frozenset((one.scheme, one.host, one.port) for one in self.allow_origins)

    def for_host(self, host: str) -> Rules:
        """A name that merely resolves to loopback gains nothing from an allowed origin."""
        return self if any(origin.host == host for origin in self.allow_origins) else self.strict


@dataclass(frozen=True)
class Target:
    """A URL that may be asked. `url` is the normal form and the only one to pass on; `host` has no brackets."""

    scheme: str
    host: str
    port: int
    url: str


@dataclass(frozen=True)
class Refused:
    reason: Reason


def allowed(ip: str | Address, port: int, scheme: str | None, *, rules: Rules) -> bool:
    return refusal(ip, port, scheme, rules=rules) is None


def refusal(ip: str | Address, port: int, scheme: str | None, *, rules: Rules) -> Reason | None:
    """Why no connection may be made to `ip`, or None. `scheme` None: at a socket, where it is not known any more."""
    address = parse_address(str(ip))
    if address is None:
        return Reason.ADDRESS
    if any(origin.covers(address, port, scheme) for origin in rules.allow_origins):
        return None
    if scheme not in {"https", None}:
        return Reason.SCHEME
    if port not in rules.ports | rules.allow_ports:
        return Reason.PORT
    return None if reachable(address, allow=rules.allow_cidrs) else Reason.ADDRESS


def check_url(url: str, rules: Rules) -> Target | Refused:
    """Read a URL given by a tenant, as far as can be told without asking DNS."""
    if len(url) > 2048 or _UNPRINTABLE.search(url):
        return Refused(Reason.SYNTAX)
    match = _URL.fullmatch(url)
    if match is None:
        return Refused(_complaint(url))
    scheme, host = match["scheme"].lower(), match["host"].strip("[]").lower()
    if scheme not in {"http", "https"}:
        return Refused(Reason.SCHEME)
    port = int(match["port"] or (443 if scheme == "https" else 80))
    if (match["host"][0] == "[") != (":" in host) or port > 65535:
        return Refused(Reason.SYNTAX)
    if not rules.opens(scheme, host, port) and (reason := _refused(scheme, host, port, rules)):
        return Refused(reason)
    return Target(scheme, host, port, _normal(scheme, host, port, match["rest"] or "/"))


def _normal(scheme: str, host: str, port: int, rest: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    at = "" if (scheme, port) in {("https", 443), ("http", 80)} else f":{port}"
    return f"{scheme}://{shown}{at}{'' if rest[0] == '/' else '/'}{quote(rest, safe=_PRINTABLE)}"


def check_server(host: str, port: int, rules: Rules) -> Reason | None:
    """Why no server of this name or address (no brackets, lower case) may be dialled, as far as can be told without
    asking DNS, or None."""
    if any((one.host, one.port) == (host, port) for one in rules.allow_origins):
        return None
    return _refused(None, host, port, rules)


def _refused(scheme: str | None, host: str, port: int, rules: Rules) -> Reason | None:
    if (address := parse_address(host)) is not None:
        return refusal(address, port, scheme, rules=rules)
    if scheme not in {"https", None}:
        return Reason.SCHEME
    if port not in rules.ports | rules.allow_ports:
        return Reason.PORT
    return None if _public_name(host, rules) else Reason.HOST


def _public_name(host: str, rules: Rules) -> bool:
    """A full name of DNS. Names of a site's own network count only where the site has opened one."""
    if not _NAME.fullmatch(host) or len(host) > 253 or _under(host, _NEVER_NAMES):
        return False
    return bool(rules.allow_cidrs) or not _under(host, _LOCAL_NAMES)


def _under(host: str, names: Iterable[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)


def _complaint(url: str) -> Reason:
    """The most helpful reason for a URL that does not fit the pattern."""
    scheme, found, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not found or scheme.lower() not in {"http", "https"}:
        return Reason.SCHEME
    if "@" in authority:
        return Reason.USERINFO
    if "#" in url:
        return Reason.FRAGMENT
    return Reason.HOST


# ASCII throughout the authority: full-width digits, circled digits and look-alike dots never reach a resolver.
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?(?P<rest>[/?][^#]*)?",
    re.IGNORECASE | re.ASCII,
)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label starts with a letter: a resolver would read `127.1` and `0x7f.1` as numbers.
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])", re.ASCII)

_NEVER_NAMES = (
    "localhost",
    "localhost.localdomain",
    "onion",
    "arpa",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "metadata.azure.com",
    "metadata.tencentyun.com",
    "metadata.oraclecloud.com",
    "instance-data.ec2.internal",
    "kubernetes.default.svc",
    "cluster.local",
    "docker.internal",
)
_LOCAL_NAMES = ("local", "internal", "localdomain", "lan", "home", "corp", "intranet", "private")
