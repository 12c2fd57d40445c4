"""Signature values that were made and are not delivered yet, kept through a kill -9.

Each worker of a batch has a journal of its own. A value is in it, synced, before the
transaction that records the use of the key is committed, so that whatever happens later
the batch goes on with this value and never uses the key again for the same document.
A batch that goes on finds the values of the one before it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from idservice.errors import StorageUnavailable

_MAGIC = b"idservice batch journal 1\n"
_HEAD = struct.Struct(">I32s")
_LENGTH = struct.Struct(">I")
_PARTS = 4
_SUFFIX = ".journal"
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One signature that was made: for which file, and everything to finish it.

    `file` is relative to the folder of the batch, `pending_bytes` what
    `PendingSignature.to_bytes` wrote, `value` the signature value.
    """

    file: str
    source_sha256: str
    pending_bytes: bytes
    value: bytes


class Journal:
    """The journal of one worker: entries are added, and dropped all at once."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises StorageUnavailable."""
        self._path = path
        with _storage(path):
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)

    def add(self, entries: Sequence[JournalEntry]) -> None:
        """Write entries and return when they are durable. Raises StorageUnavailable."""
        data = b"".join(_encoded(entry) for entry in entries)
        with _storage(self._path):
            if os.lseek(self._fd, 0, os.SEEK_END) == 0:
                data = _MAGIC + data
            _write_all(self._fd, data)
            os.fdatasync(self._fd)

    def drop(self) -> None:
        """Forget all entries: each of them was delivered, or must not be."""
        with _storage(self._path):
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)
            os.fdatasync(self._fd)

    def close(self) -> None:
        """Close the file; its entries stay."""
        os.close(self._fd)


def journal_path(folder: Path, name: str) -> Path:
    """Return the path of a journal."""
    return folder / f"{name}{_SUFFIX}"


def read_journals(folder: Path) -> dict[str, JournalEntry]:
    """Read the entries of all journals in a folder, by file; the newest of a file counts.

    What a kill cut off at the end of a journal was never relied upon, and is passed over.
    Raises StorageUnavailable.
    """
    found: dict[str, JournalEntry] = {}
    with _storage(folder):
        paths = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
        for path in paths:
            found.update((entry.file, entry) for entry in _decoded(path.read_bytes()))
    return found


def remove_journals(folder: Path) -> None:
    """Remove all journals: everything in them is delivered and acknowledged."""
    for path in folder.glob(f"*{_SUFFIX}"):
        path.unlink(missing_ok=True)


def _encoded(entry: JournalEntry) -> bytes:
    parts = (entry.file.encode(), entry.source_sha256.encode(), entry.pending_bytes, entry.value)
    body = b"".join(_LENGTH.pack(len(part)) + part for part in parts)
    return _HEAD.pack(len(body), hashlib.sha256(body).digest()) + body


def _decoded(data: bytes) -> Iterator[JournalEntry]:
    if not data.startswith(_MAGIC):
        return
    position = len(_MAGIC)
    while position + _HEAD.size <= len(data):
        size, digest = _HEAD.unpack_from(data, position)
        position += _HEAD.size
        body = data[position : position + size]
        if len(body) != size or hashlib.sha256(body).digest() != digest:
            return
        position += size
        parts = list(_parts(body))
        if len(parts) != _PARTS:
            return
        yield JournalEntry(parts[0].decode(), parts[1].decode(), parts[2], parts[3])


def _parts(body: bytes) -> Iterator[bytes]:
    position = 0
    while position + _LENGTH.size <= len(body):
        (size,) = _LENGTH.unpack_from(body, position)
        position += _LENGTH.size
        yield body[position : position + size]
        position += size


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


@contextlib.contextmanager
def _storage(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StorageUnavailable(
            f"{path} cannot be used ({exc.strerror or exc}), and without it a signature could be "
            "lost or made twice.",
            "Make the output folder writable and free some space; then go on with --resume.",
        ) from exc
