"""aiohttp with nothing around it: one session whose connections are kept, a hundred requests at a time.

What it posts is made before the clock starts: the same bytes and fields that our webhooks have, signed once. An answer
that is not 2xx ends it.

    {"do": "setup", "urls": [...], "headers": {...}, "body": "...", "at_once": 100, "ca_file": ""}
    {"do": "slice", "count": 4000}
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from typing import Any

import aiohttp

from .lines import serve


class Bare:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def setup(
        self, *, urls: list[str], headers: dict[str, str], body: str, at_once: int, ca_file: str
    ) -> dict[str, Any]:
        self._urls, self._headers, self._body, self._at_once = urls, headers, body.encode(), at_once
        self._loop.run_until_complete(self._open(ca_file))
        return {"aiohttp": aiohttp.__version__}

    def slice(self, *, count: int) -> dict[str, Any]:
        seconds = self._loop.run_until_complete(self._post(count))
        return {"units": count, "seconds": seconds}

    def close(self) -> None:
        self._loop.run_until_complete(self._session.close())

    async def _open(self, ca_file: str) -> None:
        tls = ssl.create_default_context(cafile=ca_file or None)
        connector = aiohttp.TCPConnector(limit=self._at_once, ssl=tls)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def _post(self, count: int) -> float:
        urls = iter([self._urls[n % len(self._urls)] for n in range(count)])
        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._post_each(urls))
        return time.perf_counter() - start

    async def _post_each(self, urls: Iterator[str]) -> None:
        for url in urls:
            async with self._session.post(url, data=self._body, headers=self._headers) as response:
                await response.read()
                response.raise_for_status()


if __name__ == "__main__":
    bare = Bare()
    serve({"setup": bare.setup, "slice": bare.slice})
    bare.close()
