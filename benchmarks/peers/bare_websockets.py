"""`websockets` and Redis pub/sub with nothing around them: `python -m benchmarks.peers.bare_websockets PORT REDIS`.

What is published to `bench.person.0` goes to the first socket, and so on; what is published to `bench.everyone` is
broadcast.
"""

from __future__ import annotations

import sys

import uvloop
from redis.asyncio import Redis
from websockets.asyncio.server import ServerConnection, broadcast, serve

sockets: list[ServerConnection] = []


async def joined(socket: ServerConnection) -> None:
    sockets.append(socket)
    await socket.wait_closed()


async def pass_on(redis: Redis) -> None:
    heard = redis.pubsub(ignore_subscribe_messages=True)
    await heard.psubscribe("bench.*")
    async for message in heard.listen():
        _, _, name = message["channel"].decode().rpartition(".")
        text = message["data"].decode()
        if name == "everyone":
            broadcast(sockets, text)
        else:
            await sockets[int(name)].send(text)


async def main(port: int, redis: str) -> None:
    async with serve(joined, "127.0.0.1", port):
        await pass_on(Redis.from_url(redis))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
