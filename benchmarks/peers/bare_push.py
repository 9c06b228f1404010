"""Pushes with nothing around them: aiohttp with one session, a hundred at a time, one encryption each and one token for
each origin; and `pywebpush.webpush()` with a session of requests, as its documentation shows it.

    {"do": "setup", "devices": [{"endpoint": "...", "keys": {...}}], "private": "...", "payload": "...", "at_once": 100}
    {"do": "slice", "by": "aiohttp" or "pywebpush", "count": 2000}
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import requests
from py_vapid import Vapid02
from pywebpush import webpush

from .lines import serve
from .plain_sealing import seal

SUBJECT = "mailto:ops@acme.example"
FIELDS = {"Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "TTL": "86400"}


@dataclass(frozen=True)
class Target:
    url: str
    point: bytes
    auth: bytes
    headers: Mapping[str, str]


class Bare:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def setup(self, *, devices: Sequence[dict[str, Any]], private: str, payload: str, at_once: int) -> dict[str, Any]:
        self._devices, self._private, self._payload, self._at_once = devices, private, payload, at_once
        key = Vapid02.from_string(private)
        tokens = {origin_of(one): key.sign(claims(origin_of(one))) for one in devices}
        self._targets = [
            Target(
                one["endpoint"],
                decoded(one["keys"]["p256dh"]),
                decoded(one["keys"]["auth"]),
                {**FIELDS, **tokens[origin_of(one)]},
            )
            for one in devices
        ]
        self._requests = requests.Session()
        self._loop.run_until_complete(self._open())
        return {name: version(name) for name in ("aiohttp", "pywebpush", "requests")}

    def slice(self, *, by: str, count: int) -> dict[str, Any]:
        seconds = self._loop.run_until_complete(self._post(count)) if by == "aiohttp" else self._webpush(count)
        return {"units": count, "seconds": seconds}

    def close(self) -> None:
        self._loop.run_until_complete(self._session.close())

    async def _open(self) -> None:
        connector = aiohttp.TCPConnector(limit=self._at_once)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def _post(self, count: int) -> float:
        targets = iter([self._targets[n % len(self._targets)] for n in range(count)])
        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._post_each(targets))
        return time.perf_counter() - start

    async def _post_each(self, targets: Iterator[Target]) -> None:
        payload = self._payload.encode()
        for one in targets:
            body = seal(payload, point=one.point, auth=one.auth)
            async with self._session.post(one.url, data=body, headers=one.headers) as response:
                await response.read()
                response.raise_for_status()

    def _webpush(self, count: int) -> float:
        start = time.perf_counter()
        for n in range(count):
            webpush(
                self._devices[n % len(self._devices)],
                self._payload,
                vapid_private_key=self._private,
                vapid_claims={"sub": SUBJECT},
                ttl=86_400,
                requests_session=self._requests,
            )
        return time.perf_counter() - start


def claims(origin: str) -> dict[str, str | int]:
    return {"sub": SUBJECT, "aud": origin, "exp": int(time.time()) + 11 * 3600}


def origin_of(device: Mapping[str, Any]) -> str:
    parts = urlsplit(device["endpoint"])
    return f"{parts.scheme}://{parts.netloc}"


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


if __name__ == "__main__":
    bare = Bare()
    serve({"setup": bare.setup, "slice": bare.slice})
    bare.close()
