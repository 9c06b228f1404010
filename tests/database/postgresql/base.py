"""Django's backend with another way to empty tables, on a database that does not wait for the disk."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL
from django.db.backends.postgresql.creation import DatabaseCreation as PostgreSQLCreation
from django.db.backends.postgresql.operations import DatabaseOperations as PostgreSQLOperations

from .. import STAY


class DatabaseOperations(PostgreSQLOperations):
    def sql_flush(self, style: Any, tables: Iterable[str], **_: Any) -> list[str]:
        """TRUNCATE makes new files for every table and its indexes; these hold a handful of rows at most. All in one
        statement, since each would be a way to the server and back."""
        deletes = [f"DELETE FROM {self.quote_name(table)}" for table in tables if table not in STAY]
        return ["; ".join(["SET LOCAL session_replication_role = replica", *deletes])] if deletes else []


class DatabaseCreation(PostgreSQLCreation):
    def _execute_create_test_db(self, cursor: Any, parameters: dict[str, str], keepdb: bool = False) -> None:
        """No power fails between these tests: those that stop a server in the middle of things have one of their own
        (tests/faults/cluster.py), which waits for its disk."""
        super()._execute_create_test_db(cursor, parameters, keepdb)
        cursor.execute(f"ALTER DATABASE {parameters['dbname']} SET synchronous_commit = off")


class DatabaseWrapper(PostgreSQL):
    creation_class = DatabaseCreation
    ops_class = DatabaseOperations
