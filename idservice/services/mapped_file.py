"""A file mapped into memory that another process can map as well, by its descriptor."""

from __future__ import annotations

import mmap
from typing import IO, Self


class MappedFile(mmap.mmap):
    """The bytes of an open regular file, which are read when they are looked at.

    `file` is what they are of; it must stay open as long as somebody may pass it on.
    """

    file: IO[bytes]

    def __new__(cls, file: IO[bytes]) -> Self:
        """Map the whole file for reading. Raises OSError, and ValueError when it is empty."""
        mapped = super().__new__(cls, file.fileno(), 0, access=mmap.ACCESS_READ)
        mapped.file = file
        return mapped
