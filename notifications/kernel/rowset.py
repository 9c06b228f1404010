"""Many rows in one statement: a table made of lists, to join with or insert from, on PostgreSQL and SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

Column = tuple[str, Sequence[Any]]


def table(
    connection: BaseDatabaseWrapper, alias: str, columns: dict[str, Column], *, sought: bool = False
) -> tuple[str, list[Any]]:
    """SQL for a FROM item named `alias`, and its parameters: one per column, or one in all on SQLite. `sought`: what is
    joined to it is looked up row by row along an index, however large that table is. Else PostgreSQL, which knows how
    many values there are but not that their rows are neighbours, may read all of a table for a thousand of them.

    `columns` maps a name to (PostgreSQL element type, values); all of equal length. Values must be of types that
    JSON knows (numbers, strings, booleans, None), because that is how SQLite receives them.

    >>> table(connection, "t", {"id": ("bigint", [1, 2]), "tab": ("smallint", [0, 0])})
    ('unnest(%s::bigint[], %s::smallint[]) AS t(id, tab)', ['{1,2}', '{0,0}'])
    """
    if connection.vendor == "postgresql":
        array = "(SELECT %s::{}[])" if sought else "%s::{}[]"  # it does not look into a subselect when it plans
        arrays = ", ".join(array.format(kind) for kind, _ in columns.values())
        parameters = [_array(kind, values) for kind, values in columns.values()]
        return f"unnest({arrays}) AS {alias}({', '.join(columns)})", parameters
    picks = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
    rows = json.dumps(list(zip(*(values for _, values in columns.values()), strict=True)))
    return f"(SELECT {picks} FROM json_each(%s)) AS {alias}", [rows]


def ids(connection: BaseDatabaseWrapper, values: Sequence[int]) -> tuple[str, list[Any]]:
    """SQL for the right side of `IN`: the given ids as one parameter, however many they are."""
    if connection.vendor == "postgresql":
        return "(SELECT unnest(%s::bigint[]))", [_array("bigint", values)]
    return "(SELECT value FROM json_each(%s))", [json.dumps(list(values))]


def any_of(
    connection: BaseDatabaseWrapper, column: str, values: Sequence[Any], *, kind: str = "bigint"
) -> tuple[str, list[Any]]:
    """SQL for "`column` is one of these": planned and parsed once, where `IN (…)` costs by the value. `kind` is the
    PostgreSQL type of the values."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::{kind}[])", [_array(kind, values)]
    return f"{column} IN (SELECT value FROM json_each(%s))", [json.dumps(list(values))]


@contextmanager
def by_index(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Have PostgreSQL find the few rows that each statement of this transaction is about by their indexes, whatever it
    believes of a table that has grown since its rows were last counted. What says so travels with the first statement:
    on its own, it would wait for an answer as long as any other."""
    if connection.vendor != "postgresql":
        yield
        return
    first = True

    def with_the_first(execute: Any, sql: Any, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal first
        if not first:
            return execute(sql, parameters, many, context)
        first, cursor = False, context["cursor"]
        if many or not isinstance(sql, str) or getattr(cursor.cursor, "name", None) or _binds_there(connection):
            with connection.cursor() as another:  # such a one takes one statement at a time
                another.execute(BY_INDEX)
            return execute(sql, parameters, many, context)
        result = execute(f"{BY_INDEX}; {sql}", parameters, many, context)
        cursor.nextset()
        return result

    with connection.execute_wrapper(with_the_first):
        yield


def _binds_there(connection: BaseDatabaseWrapper) -> bool:
    """Values go to the server apart from the statement."""
    return bool(getattr(connection.features, "uses_server_side_binding", False))


BY_INDEX = (
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true)"
)


@contextmanager
def in_order_of_index(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """While this lasts, have PostgreSQL read what is asked for in the order of an index from there. Where a table has
    grown since its rows were last counted, it believes that there is little to sort, and sorts all that is due for
    each page of it. Not for the rest of a transaction: where there is no such index, it would look for one in vain."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort TO DEFAULT; SET LOCAL enable_bitmapscan TO DEFAULT")


def lightly(connection: BaseDatabaseWrapper) -> None:
    """Let the commit of this transaction not wait for PostgreSQL's disk. Only for what is found and done once more if
    it is lost; whatever commits after it, and waits, makes it safe too."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")


def uuid_text(connection: BaseDatabaseWrapper, value: UUID) -> str:
    """How this database spells a UUID: PostgreSQL in its own type, SQLite as 32 digits."""
    return str(value) if connection.vendor == "postgresql" else value.hex


def uuid_of(value: Any) -> Any:
    """A UUID from how this database hands it over in a plain statement; None stays."""
    return value if value is None or isinstance(value, UUID) else UUID(value)


def moment(value: Any) -> Any:
    """A time, in UTC, from how this database hands it over in a plain statement: SQLite as text without a zone, and its
    driver may have read it. None stays."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def _array(kind: str, values: Sequence[Any]) -> str:
    """A PostgreSQL array literal, at a fraction of what the driver's general way through lists costs. A column mostly
    has few values, each many times."""
    spell = str if kind in {"bigint", "smallint", "int"} else _quoted
    spelled: dict[Any, str] = {None: "NULL"}
    for value in values:
        if value not in spelled:
            spelled[value] = spell(value)
    return "{" + ",".join([spelled[value] for value in values]) + "}"


def _quoted(value: Any) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
