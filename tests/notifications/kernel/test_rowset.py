"""Many rows as one parameter, the same on both databases."""

from typing import Any

import pytest
from django.db import connection

from notifications.kernel import rowset

pytestmark = pytest.mark.django_db


def select(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return sorted(cursor.fetchall())


def test_lists_become_a_table() -> None:
    source, parameters = rowset.table(
        connection,
        "t",
        {"id": ("bigint", [1, 2**40]), "name": ("text", ["a'; --", '{ü,"}']), "n": ("text", [None, "x"])},
    )

    assert select(f"SELECT id, name, n FROM {source}", parameters) == [(1, "a'; --", None), (2**40, '{ü,"}', "x")]


def test_an_empty_table_has_no_rows() -> None:
    source, parameters = rowset.table(connection, "t", {"id": ("bigint", [])})

    assert select(f"SELECT id FROM {source}", parameters) == []


@pytest.mark.parametrize("given", [[], [7], list(range(50_000))])
def test_any_number_of_ids_is_one_parameter(given: list[int]) -> None:
    chosen, parameters = rowset.ids(connection, given)

    assert len(parameters) == 1
    assert select(f"SELECT count(*) FROM (SELECT 7 AS id) t WHERE id IN {chosen}", parameters) == [(int(7 in given),)]


@pytest.mark.postgres
def test_the_order_of_an_index_is_asked_for_no_longer_than_needed() -> None:
    def settings() -> list[tuple[Any, ...]]:
        return select("SELECT current_setting('enable_sort'), current_setting('enable_bitmapscan')", [])

    with rowset.in_order_of_index(connection):
        assert settings() == [("off", "off")]

    assert settings() == [("on", "on")]
