from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from tests.cast import *  # noqa: F403  the cast is on every stage
from tests.cast import _nothing_remembered  # noqa: F401

from .cluster import Cluster, binaries, clear, furnish, moved_to
from .hands import Nursery
from .outbox_rig import Rig
from .reckoning import REPORTS
from .rig import SEED, OwnRedis, listen_again, own_redis
from .sink import Sink


@pytest.fixture(scope="session")
def cluster(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cluster]:
    try:
        binaries()
    except LookupError as error:
        pytest.skip(str(error))
    with Cluster() as running:
        with django_db_blocker.unblock(), moved_to(running):
            furnish()
        yield running


@pytest.fixture(scope="session")
def nursery(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(cluster.url(), tmp_path_factory.mktemp("hands") / "log") as running:
        yield running


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[OwnRedis]:
    """A Redis of our own, and this process rings through it."""
    before = current_app.conf.broker_url, current_app.conf.broker_transport_options
    with own_redis(tmp_path) as server:
        current_app.conf.update(broker_url=server.url, broker_transport_options={})
        listen_again()
        yield server
    current_app.conf.update(broker_url=before[0], broker_transport_options=before[1])
    listen_again()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as listening:
        yield listening


@pytest.fixture
def rig(
    cluster: Cluster,
    nursery: Nursery,
    sink: Sink,
    django_db_blocker: Any,
    settings: Any,
    request: pytest.FixtureRequest,
) -> Iterator[Rig]:
    """The outbox on a database of its own, which a test may restart."""
    section = {"ALLOW_ORIGINS": [sink.origin], "BACKENDS": ["tests.faults.hasty.BACKEND", "tests.faults.hasty.MAIL"]}

    def apply(given: Mapping[str, Any]) -> None:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}

    apply(section)
    with django_db_blocker.unblock(), moved_to(cluster):
        clear()
        yield Rig(cluster, nursery, sink, section, apply, request.node.name)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the reckonings found, and how to have the same chances again."""
    if REPORTS:
        terminalreporter.section(f"reckonings (NOTIFYHUB_SEED={SEED})")
        for line in REPORTS:
            terminalreporter.write_line(line)
