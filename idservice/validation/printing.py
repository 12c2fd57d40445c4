"""Text out of documents, made safe for anybody's terminal."""

from __future__ import annotations

import unicodedata

_MAX_TEXT = 400


def printable(text: str) -> str:
    """Escape what could move a cursor, hide text or turn its direction; bound the length."""
    shown = text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
    return "".join(
        char if char == " " or unicodedata.category(char)[0] not in "CZ" else f"\\u{ord(char):04x}"
        for char in shown
    )
