"""Says something to sockets of other processes, in the ways that sites without us do.

{"do": "setup", "redis": "redis://…"}
{"do": "each", "by": "core", "count": 2000, "text": "…"}      core, pubsub: one `group_send` each; redis: PUBLISH
{"do": "everyone", "by": "pubsub", "text": "…"}
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from channels.layers import channel_layers
from django.conf import settings
from redis.asyncio import Redis

from .layers import BACKENDS, configured
from .lines import serve


class Speaker:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def setup(self, *, redis: str) -> dict[str, Any]:
        settings.configure(CHANNEL_LAYERS={name: configured(name, redis)["default"] for name in BACKENDS})
        self._redis = Redis.from_url(redis)
        return {}

    def each(self, *, by: str, count: int, text: str) -> dict[str, Any]:
        """Something for each of so many people."""
        return self._loop.run_until_complete(
            self._publish(count, text) if by == "redis" else self._send(by, count, text)
        )

    def everyone(self, *, by: str, text: str) -> dict[str, Any]:
        return self._loop.run_until_complete(self._say(by, text))

    async def _send(self, by: str, count: int, text: str) -> dict[str, Any]:
        began, layer = time.perf_counter(), channel_layers[by]
        for number in range(count):
            await layer.group_send(f"person.{number}", {"type": "say", "text": text})
        return {"began": began}

    async def _publish(self, count: int, text: str) -> dict[str, Any]:
        began = time.perf_counter()
        async with self._redis.pipeline(transaction=False) as pipeline:
            for number in range(count):
                pipeline.publish(f"bench.person.{number}", text)
            await pipeline.execute()
        return {"began": began}

    async def _say(self, by: str, text: str) -> dict[str, Any]:
        began = time.perf_counter()
        if by == "redis":
            await self._redis.publish("bench.everyone", text)
        else:
            await channel_layers[by].group_send("everyone", {"type": "say", "text": text})
        return {"began": began}


if __name__ == "__main__":
    speaker = Speaker()
    serve({"setup": speaker.setup, "each": speaker.each, "everyone": speaker.everyone})
