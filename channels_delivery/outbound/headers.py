"""Header fields that a tenant adds to its webhooks. Checked when they are written, once more when they are sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

FIELDS_MAX = 20
VALUE_CHARACTERS_MAX = 1024


class Fault(StrEnum):
    NAME = "name"
    VALUE = "value"
    RESERVED = "reserved"
    TWICE = "twice"
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class Problem:
    """What is wrong with the field `name`."""

    name: str
    fault: Fault


def check_headers(given: Mapping[str, str]) -> tuple[Problem, ...]:
    """Everything that is wrong with header fields of a tenant, in their order; nothing when they may be stored.

    Names are letters, digits and hyphens, at most 64; values are printable ASCII, at most 1,024 characters, without
    spaces around them. Names that say where a request goes, how long it is, who sends it or how the connection is
    used are ours.
    """
    many = (Problem("", Fault.TOO_MANY),) if len(given) > FIELDS_MAX else ()
    return many + tuple(_problems(given))


def sendable(given: Mapping[str, str]) -> bool:
    """Whether fields can be put on the wire without becoming other fields; our own names included."""
    return all(_VALUE.fullmatch(value) and _is_sendable(name) for name, value in given.items())


@lru_cache(1024)
def _is_sendable(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name.lower() not in _FRAMING


def _problems(given: Mapping[str, str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for name, value in given.items():
        plain = name.lower()
        if not _NAME.fullmatch(name):
            yield Problem(name, Fault.NAME)
        elif plain in _RESERVED or plain.startswith(_RESERVED_STARTS):
            yield Problem(name, Fault.RESERVED)
        elif plain in seen:
            yield Problem(name, Fault.TWICE)
        elif not _VALUE.fullmatch(value) or len(value) > VALUE_CHARACTERS_MAX:
            yield Problem(name, Fault.VALUE)
        seen.add(plain)


_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|")

# Where a message ends and to whom it goes: these only the client writes.
_FRAMING = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
)
_RESERVED = _FRAMING | {
    "accept-encoding",
    "cookie",
    "cookie2",
    "date",
    "forwarded",
    "http2-settings",
    "keep-alive",
    "metadata",
    "metadata-flavor",
    "set-cookie",
    "user-agent",
    "via",
    "x-real-ip",
}
# The metadata services of clouds ask for a header field of their own, so that a mere GET cannot read them.
_RESERVED_STARTS = ("content-", "webhook-", "proxy-", "sec-", "x-forwarded-", "x-aws-ec2-", "x-google-metadata")
