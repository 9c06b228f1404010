"""The push services that messages may go to. A subscription is written by a browser, so its address is anybody's word:
it must name one of these hosts, when it is registered and again when something is sent to it."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from ..conf import conf
from ..outbound import site
from ..outbound.policy import Refused, check_url

ADDRESS_MAX = 500


def permitted(url: str) -> bool:
    """Whether `url` is an address at a push service of `PUSH_HOSTS`: https on port 443, and nothing odd in it. An
    allowed origin of this machine counts too, where such origins count at all."""
    rules = site.rules()
    target = check_url(url, rules)
    if len(url) > ADDRESS_MAX or isinstance(target, Refused):
        return False
    if rules.opens(target.scheme, target.host, target.port):
        return True
    named = any(_names(form, target.host) for form in conf().push_hosts)
    return named and target.scheme == "https" and target.port == 443


@lru_cache(maxsize=2_048)
def origin_of(url: str) -> str:
    """The origin that a token is for, as RFC 6454 writes it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _names(form: str, host: str) -> bool:
    """`*.example.com` names every host below it, and not itself."""
    return host.endswith(form[1:]) if form.startswith("*.") else host == form
