"""A home folder comes into being whole or not at all.

A marker file is made before anything else and removed after everything else. While it
is there nobody serves or signs, so whatever a killed run left behind was never used:
the next run moves it aside and begins anew. A database is emptied only when its own
audit log says that this very run began it and nobody completed it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

from idservice.errors import AlreadyInitialised, NotInitialised, StorageUnavailable
from idservice.keystore.files import create_file, sync_folder
from idservice.keystore.secret import create_secret
from idservice.settings import Settings
from idservice.store import audit
from idservice.store.database import Connection, Database

MARKER_NAME = ".initialising"
BEGUN = "installation.begun"
COMPLETED = "installation.completed"
ACTOR = "installation"
OPERATOR_TOKEN_BYTES = 32
CARDS = "cards"
SPECIMEN = "contract.pdf"
"""A document to try things on, in the state folder."""

_ASIDE = "interrupted-"
_NAMED = 3
_NO_KEYS = {MARKER_NAME, "README.md", ".gitignore"}
_SQLITE_SUFFIXES = ("", "-wal", "-shm", "-journal")


def require_initialised(settings: Settings) -> None:
    """Raise NotInitialised unless an `init` of this home was completed."""
    if _marker(settings).exists():
        raise NotInitialised(
            "An `idservice init` of this home was interrupted or is still at work, so its keys "
            "are not complete.",
            "Run `idservice init` again: it moves what is left aside and begins anew.",
        )
    database = Database(settings.database.url)  # for its path: nothing is opened
    needed = [settings.keys.secret_file, settings.keys.operator_token_file, database.sqlite_path]
    for path in needed:
        if path is not None and not path.exists():
            others_exist = any(item.exists() for item in _owned_paths(settings, database))
            raise _missing(path, others_exist=others_exist)


def _missing(path: Path, *, others_exist: bool) -> NotInitialised:
    if others_exist:
        return NotInitialised(
            f"{path} is missing beside existing keys, and `idservice init` never adds to them.",
            "Restore it from a backup, or move keys/ and var/ away together and run "
            "`idservice init`.",
        )
    return NotInitialised(
        f"{path} does not exist: this home has no keys, and the service never creates them by "
        "itself.",
        "Run `idservice init` in the home folder once, or name another with --home.",
    )


def is_new(settings: Settings, database: Database) -> bool:
    """Tell whether `init` was never run here, or was interrupted."""
    return _marker(settings).exists() or not existing_state(settings, database)


def existing_state(settings: Settings, database: Database) -> list[Path | str]:
    """Name everything that `init` would have to overwrite."""
    found: list[Path | str] = [path for path in _owned_paths(settings, database) if path.exists()]
    if not database.is_sqlite and database.schema_revision() is not None:
        found.append("the schema in the database")
    return found


@contextlib.contextmanager
def initialising(
    settings: Settings, database: Database, clock: Callable[[], datetime]
) -> Iterator[None]:
    """Hold the home while it is being made; on an error take back all that was made.

    On entering: private folders, secrets and an empty schema. On leaving: complete,
    durable and open to `serve`. Raises AlreadyInitialised when there is anything to
    overwrite or another run is at work, StorageUnavailable when a folder cannot be used.
    """
    if not _marker(settings).exists():
        _refuse(existing_state(settings, database))
    _make_folders(settings)
    with _locked_marker(settings) as marker:
        name = _name(marker, settings, database)
        _set_aside(settings, database, name)
        try:
            _create(settings, database, name, clock())
            yield
            with database.begin() as connection:
                _record(connection, COMPLETED, name, clock())
        except BaseException:
            _take_back(settings, database, name)
            _unmark(settings)
            raise
        _unmark(settings)


def _make_folders(settings: Settings) -> None:
    for folder in (settings.home, settings.keys.folder, settings.state.folder):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder != settings.home:
                folder.chmod(0o700)
        except OSError as exc:
            raise StorageUnavailable(
                f"The folder {folder} cannot be made ready: {exc.strerror}.",
                "Choose a home folder that belongs to you, with --home.",
            ) from exc


@contextlib.contextmanager
def _locked_marker(settings: Settings) -> Iterator[TextIO]:
    fd = os.open(_marker(settings), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(fd, "r+", encoding="ascii") as marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Locked, but perhaps taken away since by the run that held it.
            if not os.path.samestat(os.fstat(fd), _marker(settings).stat()):
                raise BlockingIOError
        except (BlockingIOError, FileNotFoundError) as exc:
            raise AlreadyInitialised(
                "Another `idservice init` is at work in this home.", "Wait until it has ended."
            ) from exc
        yield marker


def _name(marker: TextIO, settings: Settings, database: Database) -> str:
    """Return the name of the run: the interrupted one's, or a new one written durably."""
    name = marker.read().strip()
    if not name:
        # Nothing is made before the name is durable, so what is here is not ours.
        if found := existing_state(settings, database):
            _unmark(settings)
            _refuse(found)
        name = secrets.token_hex(16)
        marker.write(name)
        marker.flush()
        os.fsync(marker.fileno())
        sync_folder(_marker(settings).parent)
    elif _is_recorded(database, COMPLETED, name):
        _unmark(settings)
        raise AlreadyInitialised(
            "The interrupted `idservice init` had completed everything; this home is ready.",
            "Go on with `idservice serve`.",
        )
    return name


def _set_aside(settings: Settings, database: Database, name: str) -> None:
    """Move what an interrupted run left out of the way; nothing is deleted."""
    _empty_own_schema(database, name)
    database.close()
    for path in _owned_paths(settings, database):
        if path.exists():
            folder = path.parent / f"{_ASIDE}{name[:8]}-{secrets.token_hex(4)}"
            folder.mkdir(mode=0o700)
            path.rename(folder / path.name)


def _create(settings: Settings, database: Database, name: str, at: datetime) -> None:
    from idservice.store import migration  # slow to load, and only `init` needs it

    for path in (settings.keys.secret_file, settings.keys.operator_token_file):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_secret(settings.keys.secret_file)
    token = secrets.token_urlsafe(OPERATOR_TOKEN_BYTES)
    create_file(settings.keys.operator_token_file, f"{token}\n".encode())
    if database.sqlite_path is not None:
        database.sqlite_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        migration.create_sqlite_file(database.sqlite_path)
    with database.begin() as connection:
        migration.upgrade(connection)
        # The row that says whose the database is comes first, or it is somebody else's.
        if audit.entries(connection, limit=1):
            _refuse(["the database, which another home uses"])
        _record(connection, BEGUN, name, at)
    database.require_durability()


def _take_back(settings: Settings, database: Database, name: str) -> None:
    """Remove all that this run made; there was nothing before it."""
    _empty_own_schema(database, name)
    database.close()
    for path in _owned_paths(settings, database):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _empty_own_schema(database: Database, name: str) -> None:
    if database.is_sqlite or not _is_recorded(database, BEGUN, name):
        return
    from idservice.store import migration

    with database.begin() as connection:
        migration.downgrade(connection, migration.EMPTY)


def _is_recorded(database: Database, action: str, name: str) -> bool:
    if database.schema_revision() is None:
        return False
    with database.read() as connection:
        return bool(audit.entries(connection, subject=_subject(name), action=action, limit=1))


def _record(connection: Connection, action: str, name: str, at: datetime) -> None:
    audit.record(connection, at=at, action=action, subject=_subject(name), actor=ACTOR)


def _subject(name: str) -> str:
    return f"installation:{name}"


def _owned_paths(settings: Settings, database: Database) -> list[Path]:
    """Every path that `init` makes, whether it is there or not."""
    keys = settings.keys
    paths = {keys.secret_file, keys.operator_token_file}
    paths.update(settings.state.folder / name for name in (CARDS, SPECIMEN))
    if keys.folder.is_dir():
        entries = (path for path in keys.folder.iterdir() if path.name not in _NO_KEYS)
        paths.update(path for path in entries if not path.name.startswith(_ASIDE))
    if database.sqlite_path is not None:
        paths.update(Path(f"{database.sqlite_path}{suffix}") for suffix in _SQLITE_SUFFIXES)
    return sorted(paths)


def _marker(settings: Settings) -> Path:
    return settings.keys.folder / MARKER_NAME


def _unmark(settings: Settings) -> None:
    path = _marker(settings)
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def _refuse(found: list[Path | str]) -> None:
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise AlreadyInitialised(
            "Keys or state exist and are never overwritten: "
            + ", ".join(str(item) for item in found[:_NAMED])
            + f"{more}.",
            "Use them with `idservice serve`. To begin anew, move them away, all of them.",
        )
