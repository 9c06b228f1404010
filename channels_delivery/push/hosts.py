"""The push services that messages may go to. A subscription is written by a browser, so its address is anybody's word:
it must name one of these hosts, when it is registered and again when something is sent to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from string import ascii_letters, digits
from urllib.parse import urlsplit

from ..conf import conf
from ..outbound import site
from ..outbound.policy import Refused, Rules, check_url

ADDRESS_MAX = 500


def permitted(url: str) -> bool:
    """Whether `url` is an address at a push service of `PUSH_HOSTS`: https on port 443, nothing odd in it, and written
    as browsers write it. An allowed origin of this machine counts too, where such origins count at all."""
    return _permitted(url, site.rules(), tuple(conf().push_hosts))


@lru_cache(maxsize=2_048)
def _permitted(url: str, rules: Rules, hosts: Sequence[str]) -> bool:
    target = check_url(url, rules)
    if len(url) > ADDRESS_MAX or isinstance(target, Refused):
        return False
    if url != target.url or not _is_plain(url):
        return False
    if rules.opens(target.scheme, target.host, target.port):
        return True
    named = any(_names(form, target.host) for form in hosts)
    return named and target.scheme == "https" and target.port == 443


@lru_cache(maxsize=2_048)
def origin_of(url: str) -> str:
    """The origin that a token is for, as RFC 6454 writes it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_plain(url: str) -> bool:
    """Whether path and query of this URL, in the normal form of `check_url`, have nothing in them that could be written
    in a plainer way. A device is known by its address, which therefore has one spelling."""
    path, mark, query = url.partition("://")[2].partition("/")[2].partition("?")
    if not _PATH.fullmatch(path) or (mark and not _QUERY.fullmatch(query)):
        return False
    return not ({".", ".."} & {*path.split("/")} or _escaped(path) & _OF_PATHS or _escaped(query) & _UNRESERVED)


def _escaped(text: str) -> set[str]:
    return {chr(int(code, 16)) for code in _ESCAPE.findall(text)}


def _names(form: str, host: str) -> bool:
    """`*.example.com` names every host below it, and not itself."""
    return host.endswith(form[1:]) if form.startswith("*.") else host == form


_UNRESERVED = frozenset(ascii_letters + digits + "-._~")
_OF_PATHS = _UNRESERVED | frozenset("/!$&'()*+,;=:@")
_ESCAPE = re.compile("%(..)")
_PATH = re.compile(rf"(?:[{re.escape(''.join(sorted(_OF_PATHS)))}]|%[0-9A-F]{{2}})*")
# A token of Windows has %2b and %2f in its query, in small letters.
_QUERY = re.compile(rf"(?:[?{re.escape(''.join(sorted(_OF_PATHS)))}]|%[0-9A-Fa-f]{{2}})+")
