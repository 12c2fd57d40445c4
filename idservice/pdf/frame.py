"""The outermost layer of a PDF file: its header and the end that points to the cross-references.

Both are read here from the bytes, because an appended update depends on them to the
byte: offsets count from the header, and /Prev repeats the number behind startxref.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from mmap import mmap

from idservice.errors import MalformedPdf, NotAPdf

PdfData = bytes | bytearray | memoryview | mmap
"""A whole PDF file in memory or mapped; never copied, never changed."""

# Readers look for the header in the first kilobyte (ISO 32000-1 annex H.3, note 13).
_HEADER_WINDOW = 1024
# The window in which qpdf looks for startxref; a file that needs more is not read alike by all.
_TAIL_WINDOW = 1054

_HEADER = re.compile(rb"%PDF-([0-9])\.([0-9])")
_KEYWORD = b"startxref"
_STARTXREF = re.compile(rb"[\x00\t\n\f\r ]+([0-9]{1,10})[\x00\t\n\f\r ]+(%%EOF|startxref)?")
_EOL = (0x0A, 0x0D)


@dataclass(frozen=True, slots=True)
class FileFrame:
    """Where the header stands and what the last startxref says.

    `header_offset` counts the bytes before the header; `startxref` is the number in
    the file, relative to the header; `size` is the length of the file in bytes.
    """

    size: int
    header_offset: int
    header_version: tuple[int, int]
    startxref: int
    ends_with_eol: bool


def begins_as_pdf(data: PdfData) -> bool:
    """Whether %PDF- stands where readers look for it."""
    return b"%PDF-" in bytes(data[:_HEADER_WINDOW])


def read_frame(data: PdfData) -> FileFrame:
    """Read header and end of a file; raise NotAPdf or MalformedPdf when either is not clear."""
    size = len(data)
    head = bytes(data[:_HEADER_WINDOW])
    position = head.find(b"%PDF-")
    if position < 0:
        raise NotAPdf(
            "The file does not begin as a PDF (there is no %PDF- in its first kilobyte), "
            "so there is nothing to sign or validate in it.",
            "Choose a PDF file.",
        )
    header = _HEADER.match(head, position)
    if header is None:
        raise MalformedPdf(
            "The header of the file does not name a PDF version, so it is not certain by "
            "which rules it is to be read.",
            "Rewrite the file with a tool that writes a header such as %PDF-1.7, or use --repair.",
        )
    startxref = _read_startxref(bytes(data[max(0, size - _TAIL_WINDOW) :]))
    if startxref + position >= size:
        raise _bad_end("startxref points behind the end of the file")
    return FileFrame(
        size,
        position,
        (int(header[1]), int(header[2])),
        startxref,
        size > 0 and data[size - 1] in _EOL,
    )


def _read_startxref(tail: bytes) -> int:
    """Return the last startxref number; every startxref in the window must be well formed."""
    last: re.Match[bytes] | None = None
    found = tail.find(_KEYWORD)
    if found < 0:
        raise _bad_end("there is no startxref near the end: the file was probably cut off")
    while found >= 0:
        after = found + len(_KEYWORD)
        # Only at the start of a line: the word may also stand in the text of a page.
        if found == 0 or tail[found - 1] in _EOL:
            last = _STARTXREF.match(tail, after)
            if last is None:
                raise _bad_end("a startxref is not followed by one number")
        found = tail.find(_KEYWORD, after)
    if last is None or last[2] != b"%%EOF":
        raise _bad_end("the number behind the last startxref is not followed by %%EOF")
    return int(last[1])


def _bad_end(what: str) -> MalformedPdf:
    return MalformedPdf(
        f"The end of the PDF is damaged: {what}. Programs would disagree about "
        "what the document is.",
        "Get the file again from its source, or use --repair to have it rewritten first.",
    )
