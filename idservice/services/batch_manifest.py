"""The manifest of a batch: one JSON object a line, only ever appended.

The first line says what the batch is, each further line what became of one file. A file
counts as signed once its line is synced. A line that a kill cut in two was never
relied upon; it is closed with a line end, and passed over.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from idservice.errors import BatchBusy, BatchNotResumable, StorageUnavailable

MANIFEST = "manifest.jsonl"
VERSION = 1
SIGNED = "signed"
FAILED = "failed"
PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.05

_SAME = ("source", "certificate_sha256", "level", "options_sha256")
_OTHER = {
    "source": "another folder",
    "certificate_sha256": "another key",
    "level": "another level",
    "options_sha256": "other options",
}


class Manifest:
    """The manifest in an output folder, locked while this object lives."""

    def __init__(self, folder: Path) -> None:
        """Open or create it. Raises BatchBusy when another process holds it."""
        self.path = folder / MANIFEST
        with self._storage():
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _locked(self._fd):
            os.close(self._fd)
            raise BatchBusy(
                f"Another process is signing into {folder}; two would sign files twice.",
                "Wait until it has ended, or name another output folder.",
            )
        self._lines = self._read()

    @property
    def is_new(self) -> bool:
        """Whether no batch was ever begun in this folder."""
        return not self._lines

    def begin(self, header: Mapping[str, Any], *, resume: bool) -> None:
        """Write the first line, or require that the one that is there is of the same batch.

        Raises BatchNotResumable for a batch that was not asked to go on, or another one.
        """
        if self.is_new:
            self.add([{"type": "batch", "version": VERSION, **header}])
            return
        if not resume:
            raise BatchNotResumable(
                f"{self.path} belongs to a batch that was begun before.",
                "Go on with it by --resume, or name an empty output folder.",
            )
        before = self._lines[0]
        if before.get("type") != "batch" or before.get("version") != VERSION:
            raise BatchNotResumable(
                f"{self.path} is no manifest of a batch of this version.",
                "Name an empty output folder.",
            )
        other = [_OTHER[name] for name in _SAME if before.get(name) != header[name]]
        if other:
            raise BatchNotResumable(
                f"The batch in {self.path.parent} was begun with {' and '.join(other)}: "
                "its files would not be signed alike.",
                "Give the same folder, key, level and options, or name an empty output folder.",
            )

    def files(self) -> dict[str, dict[str, Any]]:
        """Return the latest line of each file, by its path relative to the source folder."""
        return {line["file"]: line for line in self._lines if line.get("type") == "file"}

    def add(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Append lines and return when they are durable. Raises StorageUnavailable."""
        data = "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines).encode()
        with self._storage():
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            os.fdatasync(self._fd)

    def close(self) -> None:
        """Give the folder free for the next batch."""
        os.close(self._fd)

    def _read(self) -> list[dict[str, Any]]:
        with self._storage():
            data = self.path.read_bytes()
            os.lseek(self._fd, 0, os.SEEK_END)
            if data and not data.endswith(b"\n"):
                os.write(self._fd, b"\n")
        return [line for text in data.splitlines() if (line := _object(text)) is not None]

    @contextlib.contextmanager
    def _storage(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise StorageUnavailable(
                f"{self.path} cannot be used: {exc.strerror or exc}. Nothing counts as signed "
                "before it is written there.",
                "Make the output folder writable and free some space; then go on with --resume.",
            ) from exc


def _locked(fd: int) -> bool:
    """Take the lock; the workers of a killed batch hold it until they have finished a chunk."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
