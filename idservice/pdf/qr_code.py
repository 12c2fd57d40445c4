"""QR codes as vector paths (ISO/IEC 18004), sharp at every scale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import segno

from idservice.errors import MalformedRequest

QUIET_ZONE = 4
"""Modules that stay empty on each side (ISO/IEC 18004)."""

MIN_MODULE = 0.7
"""Points of the smallest module that a phone still reads from paper: 0.25 mm."""


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code: its rows from the top, dark modules as 1, without the quiet zone."""

    rows: tuple[bytes, ...]

    @property
    def side(self) -> int:
        """Modules of one side, with the quiet zone."""
        return len(self.rows) + 2 * QUIET_ZONE

    def path(self) -> bytes:
        """Return all dark modules as one path, in units of modules from the bottom left.

        One path filled at once leaves no hair lines between neighbours.
        """
        parts = []
        for number, row in enumerate(self.rows):
            bottom = len(self.rows) + QUIET_ZONE - 1 - number
            parts += [
                b"%d %d %d 1 re" % (start + QUIET_ZONE, bottom, length)
                for start, length in _dark_runs(row)
            ]
        return b"\n".join(parts)


@lru_cache(maxsize=32)
def qr_code(text: str) -> QrCode:
    """Make the QR code of a text: bytes in UTF-8, error correction M.

    Raises MalformedRequest for no text, and for more than a QR code holds.
    """
    try:
        if not text:
            raise ValueError(text)
        code = segno.make_qr(text, error="m", encoding="utf-8", boost_error=False)
    except (segno.DataOverflowError, ValueError) as exc:
        raise MalformedRequest(
            f"The text for the QR code has {len(text)} characters; it is empty, no UTF-8, or more "
            "than a QR code holds.",
            "Give a shorter text, such as an address.",
        ) from exc
    return QrCode(tuple(bytes(row) for row in code.matrix))


def _dark_runs(row: bytes) -> list[tuple[int, int]]:
    """Return where runs of dark modules start and how long they are."""
    runs, start = [], 0
    while (start := row.find(1, start)) >= 0:
        end = row.find(0, start)
        end = len(row) if end < 0 else end
        runs.append((start, end - start))
        start = end
    return runs
