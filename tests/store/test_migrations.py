"""The migrations make exactly the schema that the code uses, on both databases."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.engine.reflection import Inspector

from idservice.errors import AlreadyInitialised, NotInitialised, SchemaOutdated
from idservice.store import migration
from idservice.store.database import Database
from idservice.store.schema import SCHEMA_REVISION, metadata


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """Give an empty SQLite database."""
    migration.create_sqlite_file(tmp_path / "test.db")
    database = Database(f"sqlite:///{tmp_path}/test.db")
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """Give an empty PostgreSQL database."""
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture(params=["sqlite_database", "postgres_database"])
def database(request: pytest.FixtureRequest) -> Database:
    """Give an empty database, once of each kind."""
    chosen: Database = request.getfixturevalue(request.param)
    return chosen


def shape(connection: Connection) -> dict[str, Any]:
    """Everything that the database itself knows about our tables."""
    inspector: Inspector = inspect(connection)
    return {
        name: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(name)
            ],
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(name))),
            "unique": sorted(map(str, inspector.get_unique_constraints(name))),
            "checks": sorted(map(str, inspector.get_check_constraints(name))),
            "indexes": sorted(map(str, inspector.get_indexes(name))),
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def drop_everything(connection: Connection) -> None:
    """Empty the database whatever it holds."""
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)


def test_migrations_make_the_schema_of_the_code(database: Database) -> None:
    """What the migrations build and what the table definitions build is the same, to the index."""
    with database.begin() as connection:
        migration.upgrade(connection)
        migrated = shape(connection)
        drop_everything(connection)
        metadata.create_all(connection)
        defined = shape(connection)
    assert migrated == defined
    assert migrated.keys() == metadata.tables.keys()


def test_up_down_up_ends_where_it_was(database: Database) -> None:
    """Going back removes every table, and going up again gives the same schema."""
    with database.begin() as connection:
        migration.upgrade(connection)
        first = shape(connection)
        migration.downgrade(connection, migration.EMPTY)
        assert shape(connection) == {}
        migration.upgrade(connection)
        assert shape(connection) == first


def test_the_newest_migration_is_the_one_the_code_asks_for(database: Database) -> None:
    """`require_schema` accepts what the migrations end at."""
    assert database.schema_revision() is None
    with pytest.raises(NotInitialised):
        database.require_schema()
    assert migration.migrate(database) == (None, SCHEMA_REVISION)
    database.require_schema()


def test_another_revision_is_refused(database: Database) -> None:
    """A schema of another version is not used, and the message tells how to migrate."""
    migration.migrate(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaOutdated) as refused:
        database.require_schema()
    assert "--migrate" in refused.value.fix


def test_a_failed_migration_leaves_nothing(database: Database) -> None:
    """A migration that breaks off is rolled back, tables and all."""

    class BreakOffError(Exception):
        """Stands for a crash after the last statement."""

    def broken() -> None:
        with database.begin() as connection:
            migration.upgrade(connection)
            raise BreakOffError

    with pytest.raises(BreakOffError):
        broken()
    assert database.schema_revision() is None
    with database.read() as connection:
        assert inspect(connection).get_table_names() == []


def test_commits_are_durable(database: Database) -> None:
    """The settings read back from the database itself are the safe ones."""
    assert [setting.name for setting in database.durability() if not setting.safe] == []
    database.require_durability()


def test_the_sqlite_file_is_private_and_never_replaced(tmp_path: Path) -> None:
    """The file is made with mode 0600, and not at all where one exists."""
    path = tmp_path / "state.db"
    migration.create_sqlite_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AlreadyInitialised):
        migration.create_sqlite_file(path)
