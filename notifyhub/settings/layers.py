"""The channel layer of a site with several processes."""

from typing import Any


def pubsub(url: str, *, prefix: str = "nh") -> dict[str, Any]:
    """Redis pub/sub. A web process listens to one channel, and a message that nobody hears is gone: that is all the hub
    needs, since it reads rows and asks again every 25 s. The core layer works too, but keeps a list for each channel,
    drops what does not fit into it without a word, and forgets its groups when Redis is flushed.
    """
    return {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [url], "prefix": prefix}}
