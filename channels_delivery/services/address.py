"""What is wrong with the URL of a service, for whoever sets a channel up. Looks at the site's rules, never at the
network."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from django.utils.translation import gettext as _

from ..outbound.words import url_advice
from . import library

OPTIONS = {"channel", "device", "format", "priority", "region", "silent", "sound", "thread", "to", "topic"}
"""What may stand behind the `?`. Of others, some name files of this machine or further servers."""


def fault(url: str) -> str | None:
    """Nothing where a message may be sent by it."""
    if not url:
        return _("Is missing: write the URL of the service, like discord://id/token.")
    if library.scheme_of(url) not in library.allowed():
        return _("Must start with one of: %(names)s.") % {"names": ", ".join(f"{one}://" for one in library.allowed())}
    if not _plain(url):
        return _("Behind the ? only these fit: %(names)s.") % {"names": ", ".join(sorted(OPTIONS))}
    try:
        service = library.service_of(url)
    except library.NotAllowed:
        return _("This service cannot be sent to from here: it does not keep to our rules for addresses.")
    if service is None:
        return _("Cannot be read: look up how the URL of this service is written.")
    return _host(service) or _count(service)


def _plain(url: str) -> bool:
    """`;` and `#` begin parts that some parsers read and others do not."""
    query = url.partition("?")[2]
    names = [name for name, _value in parse_qsl(query, keep_blank_values=True)]
    return url.isprintable() and "#" not in url and url.count("?") <= 1 and set(names) <= OPTIONS


def _host(service: Any) -> str | None:
    """Of a service that is a server of somebody's: where that may stand is the site's rule."""
    if "host" not in service.template_tokens:
        return None
    scheme, port = ("https" if service.secure else "http"), (f":{service.port}" if service.port else "")
    if advice := url_advice(f"{scheme}://{service.host}{port}/"):
        return advice if service.secure else _("Write its secure form, and a public host: %s") % advice
    return None


def _count(service: Any) -> str | None:
    """Of two, one may fail: it could not be told again without the other."""
    return None if len(service) == 1 else _("Must name exactly one receiver; make a channel for each.")
