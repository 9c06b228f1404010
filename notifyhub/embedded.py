"""The whole hub in one process: web server in the main thread, worker and ticker in threads beside it.

Nothing is lost with the in-memory broker when the process ends: what is due is in the database, and the
sweep of the next start finds it.
"""

import logging
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.core.signals import setting_changed

from . import catcher
from .celery import QUEUES, app

logger = logging.getLogger(__name__)

_STOP_SECONDS = 2


class PortTaken(Exception):
    """Somebody else listens there already."""


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts, so that a second `make run` fails in its first second."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTaken(str(error)) from error
    return listener


def own_origin(host: str, port: int) -> str | None:
    """Under which address of this machine the hub reaches itself; None when it listens to the outside only."""
    if host in {"0.0.0.0", "127.0.0.1", "localhost", ""}:  # noqa: S104  compared, not bound
        return f"http://127.0.0.1:{port}"
    return f"http://[::1]:{port}" if host in {"::", "::1"} else None


def at_home(origin: str) -> None:
    """Let webhooks go to this origin, and links in mail lead there. It is known only now, when the port is; so settings
    are changed while nothing runs yet, and those who have read them are told."""
    given = settings.NOTIFYHUB["CHANNELS_DELIVERY"]
    known = {"ALLOW_ORIGINS": [*given.get("ALLOW_ORIGINS", ()), origin], "SITE_URL": origin}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {**given, **known}}
    setting_changed.send(sender=None, setting="NOTIFYHUB", value=settings.NOTIFYHUB, enter=True)


def serve(listener: socket.socket, *, on_ready: Callable[[], None]) -> None:
    """Run everything until Ctrl-C or SIGTERM; `on_ready` is called once requests are answered."""
    config = uvicorn.Config(
        "notifyhub.asgi:application", lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    worker = _Worker()
    worker.start()
    # uvicorn raises the signal again after its clean stop; what it finds then must not kill the rest of ours.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop_after_serving)
    try:
        _Server(config, on_ready).run(sockets=[listener])
    finally:
        catcher.hang_up()
        worker.stop()


def _stop_after_serving(number: int, frame: FrameType | None) -> None:
    logger.info("embedded.stopping signal=%d", number)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()


class _Worker(threading.Thread):
    """A Celery worker that runs one task after the other: SQLite has one writer anyway.

    Built inside its own thread: on the thread of the event loop Celery's Django fixup would meet
    SynchronousOnlyOperation and swallow it. The signals of notifyhub.celery start and stop the ticker.
    """

    def __init__(self) -> None:
        super().__init__(name="notifyhub-worker", daemon=True)

    def run(self) -> None:
        controller: Any = app.WorkController(
            pool="solo", concurrency=1, queues=list(QUEUES), without_gossip=True, without_mingle=True
        )
        controller.start()

    def stop(self) -> None:
        from celery.worker import state

        from .celery import stop_courier, stop_ticker

        state.should_stop = 0  # type: ignore[assignment]  # the exit code to stop with; None goes on
        # The worker sleeps in its broker for up to two seconds, and once more after it has seen that it should stop.
        # Two rings wake it; they are too old to do anything.
        for _ in range(2):
            app.send_task("notifyhub.sweep", queue="engine", expires=0.001)
        stop_ticker()
        stop_courier(patience=_STOP_SECONDS)
        self.join(timeout=_STOP_SECONDS)
