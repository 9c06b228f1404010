"""Workers keep a sound database connection between tasks and replace a broken one; and what they load stays."""

import subprocess
import sys

import psycopg
import pytest
from django.db import Error, connection

from notifyhub.celery import mend_connections

from .processes import ROOT, environment


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _cut(backend: int) -> None:
    params = connection.get_connection_params()
    with psycopg.connect(host=params["host"], port=params["port"], user=params["user"], dbname="postgres") as other:
        other.execute("SELECT pg_terminate_backend(%s)", [backend])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_sound_connection_survives_the_end_of_a_task() -> None:
    before = _backend()

    mend_connections()

    assert _backend() == before


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_during_a_task_is_replaced() -> None:
    before = _backend()
    _cut(before)
    with pytest.raises(Error):
        _backend()

    mend_connections()

    assert _backend() != before


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_connection_cut_while_idle_is_replaced_before_its_next_use() -> None:
    before = _backend()
    mend_connections()
    _cut(before)

    assert _backend() != before


def test_what_a_worker_loads_before_its_first_fork_is_no_garbage_to_look_through() -> None:
    look = (
        "import gc; from celery import signals; from notifyhub.celery import app; app.loader.import_default_modules()\n"
        "signals.worker_init.send(app); frozen = gc.get_freeze_count(); print(frozen > 20 * len(gc.get_objects()))"
    )
    env = environment(DJANGO_SETTINGS_MODULE="notifyhub.settings.test", NOTIFYHUB_TEST_DATABASE_URL="")

    said = subprocess.check_output([sys.executable, "-c", look], cwd=ROOT, env=env, text=True, timeout=60)

    assert said.strip() == "True"
