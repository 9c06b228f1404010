"""Django Channels with nothing around it: a consumer that lets anybody in and passes on what its groups are told. For
uvicorn: `benchmarks.peers.bare_consumer:application`.

PEER_LAYER is `core`, `pubsub`, or empty for a consumer without a layer; PEER_GROUP `each` puts the first socket into
the group `person.0`, the next into `person.1`, …, and `all` puts every one into `everyone`.
"""

from __future__ import annotations

import os
from itertools import count

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from .layers import configured

settings.configure(
    SECRET_KEY="benchmark",  # noqa: S106 - signs nothing
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS=configured(os.environ["PEER_LAYER"], os.environ["REDIS_URL"]),
)
django.setup()

numbers = count()


class Bare(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        if self.channel_layer is not None:
            group = f"person.{next(numbers)}" if os.environ["PEER_GROUP"] == "each" else "everyone"
            self.groups.append(group)
            await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()

    async def say(self, event: dict[str, str]) -> None:
        await self.send(text_data=event["text"])


application = Bare.as_asgi()
