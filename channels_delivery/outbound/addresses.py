"""Which IP addresses a request may reach. A list of our own: `is_global` of the standard library calls NAT64, 6to4,
multicast and some metadata addresses global, and changes between versions.

Sources: the IANA special-purpose registries for IPv4 and IPv6; the metadata addresses of the cloud providers.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def parse_address(text: str) -> Address | None:
    """Read the one canonical spelling of an address: no `127.1`, `0x7f000001`, `0177.0.0.1`, zone or brackets."""
    if "%" in text:
        return None
    try:
        return unwrap(ip_address(text))
    except ValueError:
        return None


def unwrap(ip: Address) -> Address:
    """An IPv4 address in IPv6 clothes (`::ffff:a.b.c.d`) is judged as what it is."""
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def reachable(ip: Address, *, allow: Iterable[Network] = ()) -> bool:
    """Whether a request may go to `ip`; `allow` opens networks of the site's own, but nothing of `NEVER`."""
    ip = unwrap(ip)
    if within(ip, NEVER):
        return False
    if within(ip, allow):
        return True
    return not within(ip, SPECIAL) and (ip.version == 4 or ip in GLOBAL_IPV6)


def within(ip: Address, networks: Iterable[Network]) -> bool:
    return any(ip in network for network in networks)


def forbidden_part(network: Network) -> Network | None:
    """What `network` holds that no setting may open, if anything."""
    return next((one for one in NEVER if one.version == network.version and one.overlaps(network)), None)


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


GLOBAL_IPV6 = IPv6Network("2000::/3")

METADATA = _networks(
    "169.254.169.254/32",  # AWS, Google, Azure, DigitalOcean, Hetzner, OpenStack
    "169.254.170.2/32",  # AWS containers
    "100.100.100.200/32",  # Alibaba
    "168.63.129.16/32",  # Azure's host, an address of the public range
    "192.0.0.192/32",  # Oracle
    "fd00:ec2::/32",  # AWS: metadata, names, time, pod identity
    "fd20:ce::254/128",  # Google
    "fd00:42::42/128",  # Scaleway
)

# Closed for good: this host, this link, everybody at once, and IPv4 addresses hidden in IPv6.
NEVER = METADATA + _networks(
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/8",  # unspecified, loopback, IPv4-compatible, IPv4-translated, NAT64 (64:ff9b::/96, 64:ff9b:1::/48)
    "100::/64",  # discard
    "2001::/32",  # Teredo
    "2002::/16",  # 6to4
    "fe80::/10",
    "fec0::/10",  # site-local
    "ff00::/8",
)

# Not of the public internet; a site may open its own part.
SPECIAL = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
)
