"""A PostgreSQL of our own on a free port, fsync on, that may be stopped and started in the middle of things."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections, transaction

from tests.services import free_port


class Cluster:
    """`with Cluster() as cluster`: initialised, started, and gone afterwards. Root runs it as `postgres`."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="notifyhub-faults-"))  # pytest's own folders are closed to others
        self._data = self._folder / "data"

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        self._run("initdb", "--pgdata", str(self._data), "--auth", "trust", "--username", "postgres", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, *, port: int = 0, name: str = "postgres") -> str:
        """`port`: that of a proxy in front of it."""
        return f"postgres://postgres@127.0.0.1:{port or self.port}/{name}"

    def start(self) -> None:
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=on -c max_connections=200"
        self._control("start", "--log", str(self._folder / "log"), "--options", options)

    def stop(self) -> None:
        """As if the power had gone: nobody's transaction is waited for."""
        self._control("stop", "--mode", "immediate")

    def restart(self) -> None:
        self._control("restart", "--mode", "immediate", "--log", str(self._folder / "log"))

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "--pgdata", str(self._data), "--wait", "--silent", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        command = [*as_postgres, str(binaries() / program), *arguments]
        # The server inherits what it is started with: a pipe would be read until the server ends.
        with tempfile.TemporaryFile() as said:
            if subprocess.run(command, stdout=said, stderr=said, check=False, cwd="/").returncode:
                said.seek(0)
                raise RuntimeError(f"{program} {arguments}: {said.read().decode()}")


def binaries() -> Path:
    """Where `initdb` and `pg_ctl` are: on the path, or where Debian keeps them; the newest. Raises LookupError."""
    if found := shutil.which("pg_ctl"):
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name))
    if not versions:
        raise LookupError("PostgreSQL's initdb and pg_ctl are not on this machine")
    return versions[-1]


@contextmanager
def moved_to(cluster: Cluster, *, port: int = 0) -> Iterator[None]:
    """This process, all its threads and the processes it forks have their database in the cluster for a while."""
    given = {"HOST": "127.0.0.1", "PORT": str(port or cluster.port), "USER": "postgres", "PASSWORD": ""}
    given["NAME"] = "postgres"
    connections.close_all()
    place = connections["default"].settings_dict  # the very dict that new threads make their connections from
    before = {name: place[name] for name in given}
    place.update(given)
    try:
        yield
    finally:
        connections.close_all()
        place.update(before)


def furnish() -> None:
    """All tables, and the journal that the reckoning reads."""
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(_JOURNAL)


def clear() -> None:
    """Every row of the hub. Deleted, because each TRUNCATE of a table writes files."""
    ours = [model._meta.db_table for model in apps.get_models() if model._meta.app_label.startswith("notifyhub_")]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no foreign keys, so in any order
        for table in [*ours, "faults_journal"]:
            cursor.execute(f"DELETE FROM {table}")


_JOURNAL = """
CREATE TABLE faults_journal (id bigserial PRIMARY KEY, delivery bigint, was text, became text);

CREATE FUNCTION faults_of_delivery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO faults_journal (delivery, was, became) VALUES (NEW.id, OLD.state, NEW.state); RETURN NULL;
END $$;
CREATE TRIGGER faults_of_delivery AFTER UPDATE ON notifyhub_channels_delivery_delivery FOR EACH ROW
    WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION faults_of_delivery();

CREATE FUNCTION faults_of_attempt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO faults_journal (delivery, was, became) VALUES (NEW.delivery_id, 'settled', 'settled'); RETURN NULL;
END $$;
CREATE TRIGGER faults_of_attempt AFTER UPDATE ON notifyhub_channels_delivery_attempt FOR EACH ROW
    WHEN (OLD.finished_at IS NOT NULL) EXECUTE FUNCTION faults_of_attempt();
"""
