"""A document to which one update after the other is appended, none of which is written yet.

A small one is put together in memory. A large one, which is mapped, goes with its updates
into a file without a name, so that memory holds the document once at most.
"""

from __future__ import annotations

import mmap
import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from idservice.errors import StorageUnavailable
from idservice.services.documents import CHUNK

Data = bytes | mmap.mmap


class GrowingDocument:
    """The bytes of a document with what was appended so far; close it when done."""

    def __init__(self, base: Data, folder: Path | None = None) -> None:
        """Begin with `base`; `folder` is where a large document may lie meanwhile."""
        self._base = base
        self._folder = folder
        self._appended = b""
        self._file: BinaryIO | None = None
        self._mapped: mmap.mmap | None = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the file back; a mapping that somebody still looks at goes with the last look."""
        if self._file is not None:
            self._file.close()

    @property
    def appended(self) -> bytes:
        """Everything that was appended."""
        return self._appended

    def append(self, update: bytes) -> None:
        """Append an update. Raises StorageUnavailable when there is no space for it."""
        self._appended += update
        self._forget_map()
        if self._file is not None:
            self._write(update)

    def cut(self, size: int) -> None:
        """Take back what was appended behind the first `size` bytes of it."""
        if self._file is not None:
            self._file.seek(size - len(self._appended), 2)
            self._file.truncate()
        self._appended = self._appended[:size]
        self._forget_map()

    @property
    def data(self) -> Data:
        """The document as it is now. Raises StorageUnavailable."""
        if not self._appended:
            return self._base
        if isinstance(self._base, bytes):
            return self._base + self._appended
        if self._mapped is None:
            self._mapped = self._map()
        return self._mapped

    def _map(self) -> mmap.mmap:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed on exit
                for start in range(0, len(self._base), CHUNK):
                    self._file.write(self._base[start : start + CHUNK])
                self._file.write(self._appended)
                _release(self._base)
            self._file.flush()
            return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as exc:
            raise _no_space() from exc

    def _forget_map(self) -> None:
        if self._mapped is not None:
            _release(self._mapped)
        self._mapped = None

    def _write(self, update: bytes) -> None:
        try:
            if self._file is not None:
                self._file.write(update)
        except OSError as exc:
            raise _no_space() from exc


def _release(data: Data) -> None:
    """Take the pages of a mapped file out of memory; whoever looks again reads them again."""
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED)


def _no_space() -> StorageUnavailable:
    return StorageUnavailable(
        "There is no space for a copy of the large document while it is being raised to its level.",
        "Free as much space as the document has, in the folder of the output.",
    )
