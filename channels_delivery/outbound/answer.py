"""What came of one request: an answer, or an error with a code. Both clients speak in these."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from http.client import BadStatusLine, HTTPException, LineTooLong
from socket import gaierror
from typing import Self

from django.utils.translation import gettext, gettext_noop

from ..masking import CREDENTIAL_MIN, without_credentials

READ_BYTES = 64 * 1024
KEEP_BYTES = 4 * 1024
KEEP_HEADERS = ("Content-Type", "Date", "Location", "Retry-After", "X-Request-Id")
KEEP_HEADER_CHARACTERS = 512
DETAIL_CHARACTERS = 300
HEADER_LINE_BYTES = 8 * 1024
OWN_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "notifyhub"}


class Code(StrEnum):
    """`DNS`: no such name, or no answer. `TOO_LARGE`: its header fields. `PROTOCOL`: not HTTP as we know it."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    DNS = "dns"
    NETWORK = "network"
    TLS = "tls"
    TOO_LARGE = "too_large"
    PROTOCOL = "protocol"


# Told apart, the first four would answer questions about the network that we stand in.
_UNREACHABLE = gettext_noop("The address could not be reached.")
_OUTSIDE = {
    Code.TLS: gettext_noop("The certificate of the address is not valid."),
    Code.TOO_LARGE: gettext_noop("The answer was too large."),
    Code.PROTOCOL: gettext_noop("The answer was not understood."),
}


@dataclass(frozen=True)
class Answer:
    """Any status at all, redirects included. `body` is the raw start of the answer, never inflated; `cut` says that
    there was more. `elapsed` is in seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float
    cut: bool = False

    @property
    def words(self) -> str:
        return self.body.decode("utf-8", "replace")

    def without(self, *credentials: str, least: int = CREDENTIAL_MIN) -> Self:
        """The same, in whose body none of these is repeated: what is kept of it can be read by many."""
        return replace(self, body=without_credentials(self.words, *credentials, least=least).encode())


class OutboundError(Exception):
    """No answer. `detail` is for logs and operators; `outside` is all that a tenant may be told. `begun`: something may
    have reached the other side."""

    def __init__(self, code: Code, detail: str = "", *, begun: bool = True) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.begun = begun and code not in {Code.REFUSED, Code.DNS, Code.TLS}

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    @property
    def outside(self) -> str:
        return gettext(_OUTSIDE.get(self.code, _UNREACHABLE))


class Blocked(OSError):
    """The policy forbids this address. An OSError, because HTTP clients treat those as a failed connection."""

    def __init__(self) -> None:
        super().__init__("refused by policy")


def kept_headers(given: Mapping[str, str]) -> dict[str, str]:
    """The few header fields worth keeping, cut and printable."""
    found = ((name, given.get(name)) for name in KEEP_HEADERS)
    return {name: _printable(value[:KEEP_HEADER_CHARACTERS]) for name, value in found if value is not None}


def failure(error: BaseException) -> OutboundError:
    """Find what went wrong in an error of a client, or in what it wraps.

    The detail is in the words of the innermost error: those of the clients name the URL, which may be a secret.
    """
    chain = list(_chain(error))
    words = f"{type(chain[-1]).__name__}: {chain[-1]}"
    code = next((found for one in chain if (found := _code(one))), Code.NETWORK)
    return OutboundError(code, _printable(words[:DETAIL_CHARACTERS]))


def _code(error: BaseException) -> Code | None:
    match error:
        case Blocked():
            return Code.REFUSED
        case gaierror():
            return Code.DNS
        case ssl.SSLError():
            return Code.TLS
        case TimeoutError():
            return Code.TIMEOUT
        case LineTooLong():
            return Code.TOO_LARGE
        case BadStatusLine() if not isinstance(error, ConnectionError):
            return Code.PROTOCOL
        case HTTPException() if "got more than" in str(error):
            return Code.TOO_LARGE
        case _:
            return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    for _depth in range(16):
        if current is None:
            return
        yield current
        current = current.__cause__ or current.__context__


def _printable(value: str) -> str:
    return value.encode("ascii", "replace").decode()
