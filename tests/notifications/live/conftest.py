"""A web server of this process with the socket's route, and clients with real sockets."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from notifications.live.hub import Hub, hub
from notifications.live.routing import sockets
from tests.cast import *  # noqa: F403  the cast is on every stage
from tests.notifications.live.browser import Browser


class Server:
    """Runs in a thread. `hub` is the one that its sockets share."""

    def __init__(self) -> None:
        config = uvicorn.Config(sockets, port=0, lifespan="off", log_config=None, ws="auto")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> "Server":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()

    @property
    def address(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"127.0.0.1:{port}"

    def on_loop(self, what: str) -> None:
        """Have the hub `beat` or `recheck` now."""
        asyncio.run_coroutine_threadsafe(getattr(self.hub, what)(), self.loop).result(10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub: Hub = hub()
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.005)
        self._ready.set()
        await serving
        await self.hub.close()


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def browser(server: Server) -> Iterator[type[Browser]]:
    """Opens sockets to the server; all are closed at the end."""
    opened: list[Browser] = []

    class Opened(Browser):
        def __init__(self, *args: object, **given: object) -> None:
            super().__init__(server.address, *args, **given)  # type: ignore[arg-type]
            opened.append(self)

    yield Opened  # type: ignore[misc]
    for one in opened:
        one.close()
