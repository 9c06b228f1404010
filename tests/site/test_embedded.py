"""`make run`: one process that serves, works and stops as it should."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels_delivery.conf import conf
from channels_delivery.outbound.policy import Refused, Target, check_url
from channels_delivery.outbound.site import rules
from notifyhub import embedded
from tests.services import free_port

from .processes import ROOT, environment, get, manage, wait_until

pytestmark = pytest.mark.once


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(NOTIFYHUB_VAR_DIR=str(tmp_path), PYTHONUNBUFFERED="1")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def hub(env: dict[str, str], port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "notifyhub_run", "--port", str(port)],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        yield process
        process.kill()
        process.wait()


def test_it_serves_says_how_to_sign_in_and_stops_cleanly(
    hub: subprocess.Popen[bytes], port: int, tmp_path: Path
) -> None:
    output = tmp_path / "output.txt"
    address = f"http://127.0.0.1:{port}"

    wait_until(lambda: hub.poll() is not None or get(f"{address}/readyz") == 200, seconds=60)
    assert hub.poll() is None, output.read_text()
    assert wait_until(lambda: "API key" in output.read_text(), seconds=5)
    pages = {
        page: get(address + page)
        for page in ("/healthz", "/api/docs/", "/api/v1/schema/", "/admin/login/", "/mailbox/")
    }
    asked_at = time.monotonic()
    hub.send_signal(signal.SIGTERM)
    code = hub.wait(timeout=10)

    assert set(pages.values()) == {200}, pages
    assert code == 0, output.read_text()
    assert time.monotonic() - asked_at < 5
    assert "Traceback" not in output.read_text()
    assert os.stat(tmp_path / "secret_key").st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1", "http://127.0.0.1:8001"),
        ("localhost", "http://127.0.0.1:8001"),
        ("0.0.0.0", "http://127.0.0.1:8001"),  # noqa: S104  a question, not a binding
        ("::1", "http://[::1]:8001"),
        ("::", "http://[::1]:8001"),
        ("192.168.1.5", None),
    ],
)
def test_it_knows_where_it_reaches_itself(host: str, origin: str | None) -> None:
    assert embedded.own_origin(host, 8001) == origin


def test_only_its_own_origin_is_opened(settings: Any) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"DNS_THREADS": 2}}

    embedded.at_home("http://127.0.0.1:8001")

    assert isinstance(check_url("http://127.0.0.1:8001/catcher/acme/", rules()), Target)
    assert isinstance(check_url("http://127.0.0.1:8002/", rules()), Refused)
    assert (conf().dns_threads, conf().site_url) == (2, "http://127.0.0.1:8001")


def test_a_taken_port_is_told_with_a_way_out(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        done = manage("notifyhub_run", "--port", str(port), env=env)

    assert done.returncode == 1
    assert f"make run PORT={port + 1}" in done.stdout


def test_it_refuses_to_run_on_the_database_of_production(env: dict[str, str]) -> None:
    production = env | {"DATABASE_URL": "postgres://hub@db.invalid/hub", "REDIS_URL": "redis://redis.invalid/0"}

    done = manage("notifyhub_run", env=production)

    assert done.returncode == 1
    assert "make up" in done.stdout
