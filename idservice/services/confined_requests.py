"""How a confined process gets its requests: a mark, a line of JSON, and the document.

A large document comes as a descriptor with the mark, and is mapped where it is read: its
bytes then are in memory once for all processes, and count as what they are, a file.
"""

from __future__ import annotations

import contextlib
import gc
import json
import mmap
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

BYTES_COME = b"B"
"""The mark of a request whose document follows its line."""

FILE_COMES = b"F"
"""The mark of a request whose document is the file that comes with the mark."""

NO_MEMORY_FOR_LIBRARY = 127
"""How the C library ends a process that has no memory left for what it keeps for each thread."""

MEMORY_EXCEEDED = 87
"""The exit status of a process that met its limit of memory."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: what is to be done, and where its document comes from."""

    head: dict[str, Any]
    _stream: BinaryIO
    _file: int | None

    @contextlib.contextmanager
    def body(self) -> Iterator[bytes | mmap.mmap]:
        """Give the document, of `head["size"]` bytes, and let go of it on leaving."""
        size = self.head["size"]
        if self._file is None:
            yield self._stream.read(size)
            return
        try:
            mapped = mmap.mmap(self._file, size, access=mmap.ACCESS_READ)
        finally:
            os.close(self._file)
        try:
            yield mapped
        finally:
            # What looked at the mapping may be a circle that nobody has collected yet.
            gc.collect()
            with contextlib.suppress(BufferError):
                mapped.close()


def receive(requests: socket.socket) -> Request | None:
    """Wait for the next request; None when no more come."""
    mark, files, _, _ = socket.recv_fds(requests, 1, 1)
    if not mark:
        return None
    # Nothing is sent between a request and its answer, so the buffer never holds the next one.
    stream = requests.makefile("rb")
    head = json.loads(stream.readline())
    return Request(head, stream, files[0] if mark == FILE_COMES else None)
