"""Budgets for PDF files: what is larger or deeper is refused before it can cost memory or time."""

from __future__ import annotations

from pikepdf import settings

MAX_BYTES = 256 * 1024 * 1024
"""Largest file that is opened unless the caller allows less."""

MAX_OBJECTS = 1_000_000
MAX_OBJECT_NUMBER = 4_194_304
"""Highest object number, and highest /Size, of a file.

Readers that give up on the cross-references beyond a limit of their own search the file for
objects instead and may then show others. PDFium has the lowest limit, this one; annex C of
ISO 32000-1 names twice as much, and poppler gives up far above."""

MAX_SECTIONS = 10_000
"""Cross-reference sections of one file, of which each update appends one."""

MAX_TREE_DEPTH = 64
"""Deepest page or field tree; honest producers stay below ten levels."""

MAX_DECODED_BYTES = 96 * 1024 * 1024
"""What all object streams of a file together may hold, and any one stream at most.

Decoding needs about three times as much memory; a million objects fit into a third of it."""

MAX_PASSWORD_CHARACTERS = 512

_MAX_NESTING = 256


def apply_to_library() -> None:
    """Set qpdf's own limits, which are global to the process."""
    settings.set_qpdf_limits(
        flate_max_memory=MAX_DECODED_BYTES,
        run_length_max_memory=MAX_DECODED_BYTES,
        parser_max_nesting=_MAX_NESTING,
    )
