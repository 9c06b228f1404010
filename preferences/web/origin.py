"""Where a request comes from, for the history of a change."""

from __future__ import annotations

from ipaddress import ip_address

from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """As the web server gives it; a site behind a proxy tells its server to believe the proxy. None where it is no IP
    address, as of a socket of the file system."""
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None
