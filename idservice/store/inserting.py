"""Inserting a row unless it is there, in the words of each database.

PostgreSQL's dialect is imported only where it is used: a command on SQLite starts faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table

# Without it the number of rows of an INSERT is not kept for every driver.
_COUNTED = {"preserve_rowcount": True}


def insert_if_absent(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert one row; False, and nothing changed, when one of its unique keys is taken."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        on_postgresql = postgresql.insert(table).values(values).on_conflict_do_nothing()
        return connection.execute(on_postgresql, execution_options=_COUNTED).rowcount == 1
    from sqlalchemy.dialects import sqlite

    on_sqlite = sqlite.insert(table).values(values).on_conflict_do_nothing()
    return connection.execute(on_sqlite, execution_options=_COUNTED).rowcount == 1
