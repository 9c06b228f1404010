"""The channel layer of a site with several processes."""

from typing import Any
from urllib.parse import parse_qs, urlsplit


def pubsub(url: str, *, prefix: str = "") -> dict[str, Any]:
    """Redis pub/sub. A web process listens to one channel, and a message that nobody hears is gone: that is all the hub
    needs, since it reads rows and asks again every 25 s. The core layer works too, but keeps a list for each channel,
    drops what does not fit into it without a word, and forgets its groups when Redis is flushed.

    Pub/sub knows no databases of a Redis: all that listen to a channel hear each other. So the number of the database
    is part of the channels' names, and two sites that share a Redis do not show each other's toasts.
    """
    place = urlsplit(url)
    number = parse_qs(place.query).get("db", [place.path.strip("/") if place.scheme != "unix" else ""])[0]
    named = prefix or f"nh{number or 0}"
    return {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [url], "prefix": named}}
