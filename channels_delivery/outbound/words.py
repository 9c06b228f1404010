"""What is wrong with a URL or a header field that a tenant wrote, in sentences that say what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from . import site
from .headers import FIELDS_MAX, VALUE_CHARACTERS_MAX, Fault, check_headers
from .policy import Reason, Refused, check_url


def url_advice(url: str) -> str | None:
    """Why nothing may be sent to `url` from this site, or None. As far as can be told without asking DNS: what a name
    leads to is looked at when it is dialled."""
    found = check_url(url, site.rules())
    return _of_url(found.reason) if isinstance(found, Refused) else None


def headers_advice(headers: Mapping[str, str], *, within: str) -> dict[str, str]:
    """What is wrong with these header fields, by `within.Name`."""
    return {f"{within}.{one.name}" if one.name else within: _of_header(one.fault) for one in check_headers(headers)}


def _of_url(reason: Reason) -> str:
    match reason:
        case Reason.SCHEME:
            return _("Must start with https://.")
        case Reason.PORT:
            return _("Leave the port out, or use 443 or 8443.")
        case Reason.USERINFO:
            return _("Take the user name and password out; a secret belongs into a header field.")
        case Reason.FRAGMENT:
            return _("Take out the part after #; it is never sent.")
        case Reason.HOST:
            return _("Must name a public host in full, like hooks.example.com.")
        case Reason.ADDRESS:
            return _("Must lead to a public address; this one is private or reserved.")
        case Reason.SYNTAX | Reason.HEADER:
            return _("Is not a URL that can be asked: use https://host/path with printable ASCII characters only.")


def _of_header(fault: Fault) -> str:
    match fault:
        case Fault.NAME:
            return _("A name has 1 to 64 letters, digits and hyphens.")
        case Fault.VALUE:
            return _("A value has at most %(limit)s printable ASCII characters and no spaces around them.") % {
                "limit": VALUE_CHARACTERS_MAX
            }
        case Fault.RESERVED:
            return _("This field is written by us; choose another name, like X-Team.")
        case Fault.TWICE:
            return _("This field is there twice, in other capitals; keep one.")
        case Fault.TOO_MANY:
            return _("At most %(limit)s header fields fit.") % {"limit": FIELDS_MAX}
