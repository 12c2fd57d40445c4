"""Connections and transactions for SQLite and PostgreSQL, with durable commits only.

SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE for writers (a deferred transaction
that upgrades fails at once and ignores the busy timeout). PostgreSQL: psycopg 3,
READ COMMITTED, synchronous_commit on. The database must already exist: opening
never creates one.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, SQLAlchemyError

from idservice.errors import (
    DatabaseUnavailable,
    MalformedRequest,
    NotInitialised,
    SchemaOutdated,
    SettingsInvalid,
    UnsafeDatabase,
)
from idservice.store.schema import SCHEMA_REVISION

__all__ = ["Connection", "Database", "DurabilitySetting"]

_SQLITE_FULL = 2
_POSTGRES_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")
_MAKE_OR_RESTORE = (
    "In a new home run `idservice init` once. Where keys exist, restore their database from a "
    "backup, or move keys/ and var/ away together before."
)


@dataclass(frozen=True, slots=True)
class DurabilitySetting:
    """One safety setting of the database: its name, its value and whether it is safe."""

    name: str
    value: str
    safe: bool


class Database:
    """One database, opened lazily in each process that uses it."""

    def __init__(self, url: str, *, pool_size: int = 8, busy_seconds: float = 10.0) -> None:
        """Take an SQLAlchemy URL; nothing is opened yet. Raises SettingsInvalid."""
        self.url = _parse(url)
        self._pool_size = pool_size
        self._busy_seconds = busy_seconds
        self._engine: Engine | None = None
        self._pid = 0
        self._lock = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the single-machine database."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def sqlite_path(self) -> Path | None:
        """The file of an SQLite database, or None."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @property
    def engine(self) -> Engine:
        """The engine of this process; a connection is never carried over a fork."""
        if self._engine is None or self._pid != os.getpid():
            with self._lock:
                if self._engine is None or self._pid != os.getpid():
                    self._engine = self._create_engine()
                    self._pid = os.getpid()
        return self._engine

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a write transaction: committed durably on leaving, rolled back on any error.

        Raises MalformedRequest for text that no database can hold, and DatabaseUnavailable
        for whatever else the database itself refuses.
        """
        with self._transaction(write=True) as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads. Raises what `begin` raises."""
        with self._transaction(write=False) as connection:
            yield connection

    def require_answer(self) -> None:
        """Open the database and ask it for nothing.

        Raises NotInitialised when its file is missing, and DatabaseUnavailable with the
        address, never its password, and the cause.
        """
        try:
            with self.read() as connection:
                connection.execute(text("SELECT 1"))
        except DatabaseUnavailable as exc:
            address = self.url.set(query={}).render_as_string(hide_password=True)
            raise DatabaseUnavailable(
                f"The database {address} does not open: {self._cause(exc)}.",
                "Check the file's permissions, or stop the service and restore it from a backup."
                if self.is_sqlite
                else "Start the database server, or set database.url to where it answers.",
            ) from exc

    def require_schema(self) -> None:
        """Require the schema of this version.

        Raises NotInitialised when there is no database or no schema in it,
        SchemaOutdated when the schema is of another version.
        """
        revision = self.schema_revision()
        if revision is None:
            raise NotInitialised(
                "There is no initialised database, and the service never creates one by itself.",
                _MAKE_OR_RESTORE,
            )
        if revision != SCHEMA_REVISION:
            raise SchemaOutdated(
                f"The database has schema {revision}, this version needs {SCHEMA_REVISION}.",
                "Run `idservice init --migrate` with the service stopped, after a backup.",
            )

    def schema_revision(self) -> str | None:
        """Return the migration the database is at, or None when it holds no schema."""
        path = self.sqlite_path
        if path is not None and not path.exists():
            return None
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
        return None if row is None else str(row[0])

    def durability(self) -> list[DurabilitySetting]:
        """Read back the settings that decide whether a commit survives a power cut."""
        with self.read() as connection:
            if self.is_sqlite:
                return _sqlite_durability(connection)
            return [
                DurabilitySetting(name, value, value not in ("off", "local"))
                for name in _POSTGRES_SETTINGS
                for value in [str(connection.execute(text(f"SHOW {name}")).scalar_one())]
            ]

    def damage(self) -> str:
        """Return the first fault in the structure of an SQLite file, or an empty text.

        A server's own database looks after itself. Raises DatabaseUnavailable when the
        file is damaged too badly to be looked at.
        """
        if not self.is_sqlite:
            return ""
        with self.read() as connection:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
        return "" if found == "ok" else found

    def require_durability(self) -> None:
        """Refuse to work on a database that acknowledges before data is durable.

        Raises UnsafeDatabase naming the setting.
        """
        for setting in self.durability():
            if not setting.safe:
                raise UnsafeDatabase(
                    f"The database setting {setting.name} is {setting.value}: what the service "
                    "acknowledges could be lost in a power cut.",
                    f"Set {setting.name} to its safe default and start again.",
                )

    def close(self) -> None:
        """Close the connections of this process."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None

    @contextlib.contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection:
                connection.execution_options(idservice_write=write)
                with connection.begin():
                    yield connection
        except (DataError, UnicodeEncodeError) as exc:
            # NUL, or half of a character: no database keeps such text, and none is at fault.
            raise MalformedRequest(
                "A text has characters that cannot be stored; nothing was stored.",
                "Send plain Unicode text without NUL.",
            ) from exc
        except SQLAlchemyError as exc:
            raise DatabaseUnavailable(
                "The database does not answer or refuses the transaction; nothing was stored.",
                "Try again; `idservice doctor` tells what is wrong if it stays so.",
            ) from exc

    def _cause(self, error: DatabaseUnavailable) -> str:
        """Say in one line what the driver said, without the password."""
        told = error.__cause__
        said = str(getattr(told, "orig", None) or told).strip().partition("\n")[0]
        password = self.url.password
        return (said.replace(password, "***") if password else said).rstrip(".")

    def _create_engine(self) -> Engine:
        if self.is_sqlite:
            return self._create_sqlite_engine()
        return create_engine(
            self.url,
            pool_size=self._pool_size,
            max_overflow=self._pool_size,
            pool_timeout=self._busy_seconds,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5, "options": "-c synchronous_commit=on"},
        )

    def _create_sqlite_engine(self) -> Engine:
        if self.sqlite_path is None or not self.sqlite_path.exists():
            raise NotInitialised(
                f"The database file {self.sqlite_path} does not exist, and opening never "
                "creates one.",
                _MAKE_OR_RESTORE,
            )
        engine = create_engine(
            self.url,
            pool_size=self._pool_size,
            max_overflow=2 * self._pool_size,
            pool_timeout=self._busy_seconds,
            connect_args={"timeout": self._busy_seconds, "check_same_thread": False},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise SettingsInvalid(
            "database.url is not a database address.",
            "Write sqlite:///var/idservice.db or postgresql+psycopg://user@host/name.",
        ) from exc
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingsInvalid(
            f"database.url names {parsed.get_backend_name()}, which is not supported.",
            "Use SQLite or PostgreSQL.",
        )
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver must not open transactions of its own: `_begin_sqlite` does.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("idservice_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _sqlite_durability(connection: Connection) -> list[DurabilitySetting]:
    journal = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
    synchronous = int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
    return [
        DurabilitySetting("journal_mode", journal, journal in ("wal", "delete")),
        DurabilitySetting("synchronous", str(synchronous), synchronous >= _SQLITE_FULL),
    ]
