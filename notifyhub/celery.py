"""The Celery app: queues by urgency, one beat entry, and what each worker process keeps alive.

Celery only carries hints. Every worker process runs a ticker of its own, so that due work is found
with the broker or Beat gone.
"""

from typing import Any

from celery import Celery, signals
from kombu import Exchange, Queue

from .interpreter import calm_collector, take_short_turns
from .settings import choose

choose()

QUEUES = ("live", "engine", "delivery", "bulk")
_exchange = Exchange("notifyhub", type="direct")

app = Celery("notifyhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_queues=[Queue(name, _exchange, routing_key=name) for name in QUEUES],
    task_default_queue="engine",
    task_default_exchange="notifyhub",
    task_default_routing_key="engine",
    task_create_missing_queues=False,
    beat_schedule={
        "notifyhub.sweep": {
            "task": "notifyhub.sweep",
            "schedule": 10.0,
            "options": {"queue": "engine", "expires": 10},
        },
    },
)
app.autodiscover_tasks()


@signals.worker_init.connect
def _prepare(**_kwargs: Any) -> None:
    """Before the first fork."""
    from django.apps import apps

    if apps.is_installed("channels_delivery"):
        from channels_delivery.backends import backends

        for backend in backends().values():
            backend.prepare()
    calm_collector()  # Celery collects garbage before each fork, and hands out no task for the 130 ms that it took


@signals.worker_process_init.connect
def _start_in_child(**_kwargs: Any) -> None:
    calm_collector()
    take_short_turns()
    start_ticker()


@signals.worker_process_shutdown.connect
def _stop_in_child(**_kwargs: Any) -> None:
    stop_ticker()
    stop_courier()


@signals.worker_ready.connect
def _start_in_worker(sender: Any, **_kwargs: Any) -> None:
    # Prefork children have tickers of their own; their parent never touches the database.
    if "prefork" not in type(sender.pool).__module__:
        take_short_turns()
        start_ticker()


@signals.worker_shutdown.connect
def _stop_in_worker(**_kwargs: Any) -> None:
    stop_ticker()
    stop_courier()


@signals.task_postrun.connect
def mend_connections(**_kwargs: Any) -> None:
    """Drop a connection that broke during the task; keep a sound one, whatever its age."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:  # a task called inline keeps its caller's transaction
            connection.close_at = None
            connection.close_if_unusable_or_obsolete()


def start_ticker() -> None:
    """Start the ticker of this process, once."""
    from notifications.kernel import ticker  # needs the app registry; this module is imported before it

    ticker.start_ticker()


def stop_ticker() -> None:
    """Stop it and wait for the verb in hand."""
    from notifications.kernel import ticker

    ticker.stop_ticker()


def stop_courier(*, patience: float | None = None) -> None:
    """Have this process send nothing more; what is under way gets `patience` seconds, or what the settings say."""
    from django.apps import apps

    if apps.is_installed("channels_delivery"):
        from channels_delivery import courier

        courier.stop(patience=patience)
