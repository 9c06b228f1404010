"""What tells PostgreSQL to look things up by index travels with the first statement of a transaction."""

from copy import deepcopy

import pytest
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

from notifications.kernel import rowset

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def ask(database: BaseDatabaseWrapper, statement: str) -> str:
    with database.cursor() as cursor:
        cursor.execute(statement)
        return str(cursor.fetchone()[0])


def test_it_is_in_force_from_the_first_statement_to_the_end_of_the_transaction() -> None:
    with CaptureQueriesContext(connection) as seen, transaction.atomic(), rowset.by_index(connection):
        said = [ask(connection, f"SHOW enable_{what}") for what in ("seqscan", "hashjoin", "mergejoin", "sort")]

    assert said == ["off", "off", "off", "on"]
    assert [one["sql"].count("SHOW") for one in seen.captured_queries] == [0, 1, 1, 1, 1, 0]
    assert ask(connection, "SHOW enable_seqscan") == "on"


def test_values_of_the_first_statement_arrive() -> None:
    with transaction.atomic(), rowset.by_index(connection), connection.cursor() as cursor:
        cursor.execute("SELECT %s, %s::int", ["a;b", 3])

        assert cursor.fetchall() == [("a;b", 3)]
        assert cursor.rowcount == 1


def test_a_database_that_binds_values_itself_is_told_before() -> None:
    other = connection.copy()
    other.settings_dict = deepcopy(connection.settings_dict)
    other.settings_dict["OPTIONS"] = {**other.settings_dict["OPTIONS"], "server_side_binding": True}
    try:
        other.set_autocommit(False)
        with rowset.by_index(other), other.cursor() as cursor:
            cursor.execute("SELECT current_setting(%s)", ["enable_seqscan"])
            assert cursor.fetchone() == ("off",)
        other.rollback()
    finally:
        other.close()
