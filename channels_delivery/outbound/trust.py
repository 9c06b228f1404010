"""Which certificates are believed: the system's authorities, and those of the site's own file."""

from __future__ import annotations

import ssl
from functools import lru_cache


def client_context(ca_file: str = "") -> ssl.SSLContext:
    """TLS 1.2 or newer, certificate and host name checked. Load it once: it reads every authority of the system."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


@lru_cache(8)
def kept_context(ca_file: str = "") -> ssl.SSLContext:
    """The same, read once a process and shared: nobody may change it."""
    return client_context(ca_file)
