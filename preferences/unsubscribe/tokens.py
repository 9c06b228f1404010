"""The token in an unsubscribe link: a scope and its signature, in as few characters as a mail header likes. Pure, but
for the keys, which are the site's `SECRET_KEY` and its `SECRET_KEY_FALLBACKS`.

    base64url( version | tenant | recipient | kind NUL ("c" category | "w" workflow) | HMAC-SHA256, first 128 bits )

The numbers are in base 128, as in Protocol Buffers. The key of the HMAC is derived from the site's for this use alone,
so nothing else that the site signs is a token, and no token is anything else. There is no time limit: a mail may be
opened after years, and what a token allows is to be left alone.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.conf import settings

from .scope import Scope

VERSION = 1
LONGEST = 600
"""Characters of the longest token: keys have up to 100 characters, of up to four bytes."""

_MAC = 16
_PURPOSE = b"notifyhub.unsubscribe"


def token_of(scope: Scope) -> str:
    return dict(tokens_of(scope, [scope.recipient]))[scope.recipient]


def tokens_of(scope: Scope, recipients: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Each of these people and the token for what `scope` speaks of, their own instead of its recipient. In memory:
    some microseconds each."""
    key = _key(settings.SECRET_KEY)
    head = bytes([VERSION]) + _number(scope.tenant_id)
    topic = f"c{scope.category}" if scope.category else f"w{scope.workflow}"
    tail = f"{scope.kind}\0{topic}".encode()
    for recipient in recipients:
        said = head + _number(recipient) + tail
        yield recipient, urlsafe_b64encode(said + _signature(key, said)).rstrip(b"=").decode()


def scope_of(token: str) -> Scope | None:
    """What the token speaks of; None when a single bit of it is not ours. Looks at all keys in the same time."""
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4)) if token.isascii() and len(token) <= LONGEST else b""
    except (Error, ValueError):
        return None
    said, given = data[:-_MAC], data[-_MAC:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    matches = [hmac.compare_digest(_signature(_key(key), said), given) for key in keys]
    if not any(matches) or urlsafe_b64encode(data).rstrip(b"=").decode() != token:  # one way to write it
        return None
    return _read(said)


def _read(said: bytes) -> Scope | None:
    """We have signed it, so it is well formed, if it is of this version."""
    if said[0] != VERSION:
        return None
    tenant, place = _number_at(said, 1)
    recipient, place = _number_at(said, place)
    kind, topic = said[place:].decode().split("\0")
    of_category, name = topic[0] == "c", topic[1:]
    return Scope(tenant, recipient, kind, category=name if of_category else "", workflow="" if of_category else name)


def _signature(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, "sha256")[:_MAC]


@lru_cache(maxsize=16)
def _key(secret: str | bytes) -> bytes:
    return hmac.digest(secret.encode() if isinstance(secret, str) else secret, _PURPOSE, "sha256")


def _number(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _number_at(data: bytes, place: int) -> tuple[int, int]:
    """The number that begins there, and the place behind it."""
    number = shift = 0
    while True:
        byte = data[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place
