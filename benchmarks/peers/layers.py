"""The channel layers that peers use, with the settings of their documentation."""

from __future__ import annotations

from typing import Any

BACKENDS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}


def configured(name: str, redis: str) -> dict[str, Any]:
    """CHANNEL_LAYERS with this one, or with none."""
    if not name:
        return {}
    return {"default": {"BACKEND": BACKENDS[name], "CONFIG": {"hosts": [redis], "prefix": f"bench-{name}"}}}
