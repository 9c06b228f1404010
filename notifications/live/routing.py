"""The socket's place: for a host's `ProtocolTypeRouter`, or ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .socket import inbox_socket

PATH = "/ws/notifications/"

Asgi = Callable[..., Awaitable[None]]


async def sockets(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
    """An ASGI application for `websocket`: ours at its path, and nothing anywhere else.

    A host with sockets of its own calls `inbox_socket` from its own routes instead.
    """
    if scope["path"].removeprefix(scope.get("root_path", "")) == PATH:
        await inbox_socket(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.close", "code": 4004})
