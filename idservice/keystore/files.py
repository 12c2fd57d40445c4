"""Secret files: created whole and never over another, read only when nobody else can."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from idservice.errors import (
    AlreadyInitialised,
    KeyStoreInvalid,
    StorageUnavailable,
    UnsafePermissions,
)

SECRET_MODE = 0o600
PUBLIC_MODE = 0o644
MAX_FILE_BYTES = 64 * 1024


def create_file(path: Path, data: bytes, *, mode: int = SECRET_MODE) -> None:
    """Write a new file that appears whole and durable, or not at all.

    The bytes are synced under a temporary name, linked to `path`, which fails when
    something is there, and the folder is synced. Raises AlreadyInitialised when `path`
    exists, StorageUnavailable when it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_synced(temporary, data, mode)
        try:
            os.link(temporary, path)
        finally:
            temporary.unlink()
        sync_folder(path.parent)
    except FileExistsError as exc:
        raise AlreadyInitialised(
            f"{path} already exists, and keys are never overwritten.",
            "Use it as it is, or move it away first.",
        ) from exc
    except OSError as exc:
        raise StorageUnavailable(
            f"{path} cannot be written: {exc.strerror}.", "Make its folder writable."
        ) from exc


def replace_file(path: Path, data: bytes, *, mode: int = SECRET_MODE) -> None:
    """Put a file in the place of another: readers see the old one or the new one, whole.

    Raises StorageUnavailable when it cannot be written; the old one is there then.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_synced(temporary, data, mode)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as exc:
        temporary.unlink(missing_ok=True)
        raise StorageUnavailable(
            f"{path} cannot be written: {exc.strerror}.", "Make its folder writable."
        ) from exc


def read_secret_file(path: Path) -> bytes:
    """Read a file that nobody but its owner may read.

    Raises UnsafePermissions when group or others have access, KeyStoreInvalid when it is
    missing, unreadable or far too large.
    """
    data, mode = _read(path)
    if mode & 0o077:
        raise UnsafePermissions(
            f"{path} has mode {stat.S_IMODE(mode):04o}: others on this machine can get at the "
            "secret in it.",
            f"Run: chmod 600 {path}",
        )
    return data


def read_public_file(path: Path) -> bytes:
    """Read a file without a secret; raise KeyStoreInvalid when it cannot be read."""
    return _read(path)[0]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _read(path: Path) -> tuple[bytes, int]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise KeyStoreInvalid(
            f"The key store's file {path} cannot be read: {exc.strerror}.",
            "Restore the file from a backup. Where there are no keys at all: `idservice init`.",
        ) from exc
    if len(data) > MAX_FILE_BYTES:
        raise KeyStoreInvalid(
            f"{path} has more than {MAX_FILE_BYTES} bytes and is no file of the key store.",
            "Restore it from a backup.",
        )
    return data, mode
