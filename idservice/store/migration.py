"""Create and change the schema with Alembic, each time in one transaction.

Either the whole step is committed or the database is as before, on SQLite and on
PostgreSQL: both can roll back the creation of tables.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from idservice.errors import AlreadyInitialised, StorageUnavailable
from idservice.store.database import Database

LATEST = "head"
EMPTY = "base"


def create_sqlite_file(path: Path) -> None:
    """Create an empty database file that only its owner can read (mode 0600).

    Raises AlreadyInitialised when the file exists, StorageUnavailable when it cannot
    be made.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as exc:
        raise AlreadyInitialised(
            f"The database {path} already exists and is never overwritten.",
            "Use it as it is, or move it away first.",
        ) from exc
    except OSError as exc:
        raise StorageUnavailable(
            f"The database {path} cannot be created: {exc.strerror}.",
            "Make the folder writable, or name another with state.folder and database.url.",
        ) from exc


def upgrade(connection: Connection, revision: str = LATEST) -> None:
    """Bring the schema up to a revision inside the caller's write transaction."""
    _run(connection, lambda config: command.upgrade(config, revision))


def downgrade(connection: Connection, revision: str) -> None:
    """Take the schema back to a revision, losing what only newer ones can hold."""
    _run(connection, lambda config: command.downgrade(config, revision))


def migrate(database: Database) -> tuple[str | None, str | None]:
    """Upgrade an existing database; return the revisions before and after."""
    before = database.schema_revision()
    with database.begin() as connection:
        upgrade(connection)
    return before, database.schema_revision()


def _run(connection: Connection, step: Callable[[Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    step(config)
