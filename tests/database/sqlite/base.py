"""Django's backend, whose emptying leaves what would have to be filled in again."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite
from django.db.backends.sqlite3.operations import DatabaseOperations as SQLiteOperations

from .. import STAY


class DatabaseOperations(SQLiteOperations):
    def sql_flush(self, style: Any, tables: Iterable[str], **given: Any) -> list[str]:
        found: list[str] = super().sql_flush(style, [table for table in tables if table not in STAY], **given)
        return found


class DatabaseWrapper(SQLite):
    ops_class = DatabaseOperations
