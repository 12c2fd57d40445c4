"""A read-only file object over memory that is not `bytes`, for qpdf to read without a copy."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PdfView(io.RawIOBase):
    """Reads a buffer, such as a memory map, in place."""

    def __init__(self, data: Buffer) -> None:
        """Look at `data`, which must stay as it is for the life of the view."""
        super().__init__()
        self._data = memoryview(data)
        self._position = 0

    def readable(self) -> bool:
        """Say yes: qpdf asks."""
        return True

    def seekable(self) -> bool:
        """Say yes: qpdf asks."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill `buffer` from the present position; return how many bytes there were."""
        target = memoryview(buffer).cast("B")
        piece = self._data[self._position : self._position + len(target)]
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move as files do; return the new position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._data)}
        self._position = max(0, base[whence] + offset)
        return self._position

    def tell(self) -> int:
        """Return the present position."""
        return self._position
