"""What the database itself refuses, told apart: text that nobody can store, and an outage."""

from pathlib import Path

import pytest

from idservice.errors import DatabaseUnavailable, MalformedRequest
from idservice.store import persons
from idservice.store.database import Database
from support.login import sqlite_bench


def test_half_of_a_character_is_malformed_on_sqlite(tmp_path: Path) -> None:
    """SQLite stores UTF-8, in which a lone surrogate has no form: nothing is out of order."""
    database = sqlite_bench(tmp_path).database
    with pytest.raises(MalformedRequest), database.read() as connection:
        persons.find(connection, "\ud800")
    database.close()


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800"])
def test_what_postgresql_cannot_hold_is_malformed(postgres_url: str, text: str) -> None:
    """PostgreSQL takes neither NUL nor lone surrogates: malformed, and the database goes on."""
    from idservice.store.migration import migrate

    database = Database(postgres_url)
    migrate(database)
    with pytest.raises(MalformedRequest), database.read() as connection:
        persons.find(connection, text)
    with database.read() as connection:
        assert persons.find(connection, "38001085718") is None
    database.close()


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    """Nobody listens: the service says that it cannot work now, not that the text is wrong."""
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/none", busy_seconds=0.2)
    with pytest.raises(DatabaseUnavailable), database.read() as connection:
        persons.find(connection, "38001085718")
