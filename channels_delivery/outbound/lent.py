"""A stand-in for the module `requests`, lent to a library that calls it: what it asks leaves by our guarded session.

Nothing of what the library wants about redirects, certificates or time is obeyed. It has one answer: whatever it asks
after one that was no success, or that never came, is not sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from .answer import KEEP_BYTES, Answer, OutboundError, kept_headers
from .sync import site_client


@dataclass
class Call:
    """What one use of the library comes to: the last answer, or why there was none."""

    until: float
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: Answer | None = None
    error: OutboundError | None = None

    @property
    def over(self) -> bool:
        return self.error is not None or (self.answer is not None and not 200 <= self.answer.status < 300)


class Requests:
    """The part of `requests` that such a library uses."""

    RequestException = requests.RequestException
    exceptions = requests.exceptions
    codes = requests.codes

    def request(self, method: str, url: str, **given: Any) -> requests.Response:
        call: Call | None = getattr(_now, "call", None)
        if call is None or call.over or (left := call.until - time.monotonic()) <= 0:
            raise requests.RequestException("Nothing is asked now.")
        given |= {"headers": {**(given.get("headers") or {}), **call.headers}, "timeout": left}
        try:
            response = site_client().session.request(method, url, **given)
        except OutboundError as error:
            call.error = error
            raise requests.ConnectionError("There was no answer.") from None
        call.answer = _answer(response)
        return response

    def get(self, url: str, **given: Any) -> requests.Response:
        return self.request("GET", url, **given)

    def post(self, url: str, data: Any = None, **given: Any) -> requests.Response:
        return self.request("POST", url, data=data, **given)

    def put(self, url: str, data: Any = None, **given: Any) -> requests.Response:
        return self.request("PUT", url, data=data, **given)


@contextmanager
def calling(*, deadline: float, headers: Mapping[str, str]) -> Iterator[Call]:
    """Within it, what this thread asks by `LENT` is sent, with these header fields, for so many seconds in all."""
    call = _now.call = Call(time.monotonic() + deadline, headers)
    try:
        yield call
    finally:
        _now.call = None


def _answer(response: requests.Response) -> Answer:
    body = response.content
    spent = response.elapsed.total_seconds()
    return Answer(
        response.status_code, kept_headers(response.headers), body[:KEEP_BYTES], spent, len(body) > KEEP_BYTES
    )


LENT = Requests()
_now = threading.local()
