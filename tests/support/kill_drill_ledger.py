"""The client's own book: what was acknowledged to it, on disk before it goes on.

It is no part of the service and shares nothing with it, so that what the service lost can
be told from what it never promised.
"""

import json
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CERTIFICATE = "certificate"
REVOKED = "revoked"
STAMP = "stamp"
KILL = "kill"

Line = dict[str, Any]


class Ledger:
    """Lines of JSON that are only appended, each synced before `add` returns."""

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        self._path = path
        self._lock = threading.Lock()
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def add(self, kind: str, lines: Iterable[Line]) -> None:
        """Write down acknowledgements of one kind; they are durable on return."""
        data = b"".join(json.dumps({"kind": kind, **line}).encode() + b"\n" for line in lines)
        with self._lock:
            assert os.write(self._fd, data) == len(data)
            os.fsync(self._fd)

    @property
    def size(self) -> int:
        """How many bytes are written."""
        return self._path.stat().st_size

    def lines(self, kind: str, *, start: int = 0, end: int | None = None) -> list[Line]:
        """Read from the file what is of one kind, in the order of its acknowledgement.

        `start` and `end` are sizes that the file had.
        """
        told = (json.loads(text) for text in self._path.read_bytes()[start:end].splitlines())
        return [line for line in told if line["kind"] == kind]

    def close(self) -> None:
        """Close the file; it stays."""
        os.close(self._fd)


class Breaches:
    """What was seen that must never be seen, collected from all threads of a drill."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._seen: list[str] = []

    def note(self, text: str) -> None:
        """Note one of them, with the time of day."""
        with self._lock:
            self._seen.append(f"{time.strftime('%H:%M:%S')} {text}")

    def require_none(self) -> None:
        """Fail with all of them, if there are any."""
        with self._lock:
            assert not self._seen, "\n".join(self._seen[:20])


def certificate_lines(person: Line) -> list[Line]:
    """What a person as JSON acknowledges: each certificate, with whose it is."""
    names = ("issuer", "serial", "sha256", "certificate_pem")
    return [
        {"code": person["personal_code"], **{name: item[name] for name in names}}
        for item in person["certificates"]
    ]
