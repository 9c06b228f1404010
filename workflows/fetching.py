"""Asking a server for JSON: one request, by the guarded way out, with a deadline; what came of it is a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from .payload import InvalidPayload, check_bounds

SECONDS_MAX = 10.0
BYTES_MAX = 64 * 1024 - 1
_LATER = {408, 425, 429}


@dataclass(frozen=True)
class Request:
    """`body` None is a GET."""

    url: str
    headers: Mapping[str, str]
    body: bytes | None
    seconds: float


@dataclass(frozen=True)
class Brought:
    """What the server answered."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """No answer, or none that is one. `again`: it may be another next time."""

    detail: str
    again: bool = False


Asker = Callable[[Request], Brought | Failed]
_asker: ContextVar[Asker | None] = ContextVar("notifyhub_fetch_asker", default=None)


@contextmanager
def answered_by(asker: Asker) -> Iterator[None]:
    """Within the block this function answers instead of the network: for simulations, and for tests of workflows."""
    token = _asker.set(asker)
    try:
        yield
    finally:
        _asker.reset(token)


def stand_in() -> Asker | None:
    """The function that answers instead of the network here, if one does."""
    return _asker.get()


def ask(request: Request) -> Brought | Failed:
    """Ask the network. Raises nothing that a server could be the cause of."""
    from channels_delivery.outbound.answer import Code, OutboundError
    from channels_delivery.outbound.sync import site_client

    method = "GET" if request.body is None else "POST"
    try:
        answer = site_client().session.request(
            method, request.url, headers=dict(request.headers), data=request.body, timeout=request.seconds
        )
    except OutboundError as error:
        return Failed(error.outside, again=error.code not in {Code.REFUSED, Code.TLS, Code.TOO_LARGE, Code.PROTOCOL})
    if not 200 <= answer.status_code < 300:
        later = answer.status_code in _LATER or answer.status_code >= 500
        return Failed(f"The server answered {answer.status_code}.", again=later)
    return read(answer.content)


def read(content: bytes) -> Brought | Failed:
    """The JSON of an answer, within the bounds of a payload."""
    if len(content) > BYTES_MAX:
        return Failed(f"The answer has more than {BYTES_MAX // 1024 + 1} KB.")
    try:
        value = json.loads(content)
        check_bounds({"value": value})
    except InvalidPayload as error:
        return Failed(f"The answer is not usable: {error}"[:300])
    except (ValueError, RecursionError):
        return Failed("The answer is not JSON.")
    return Brought(value)
