"""Faults of a file that provably change nothing of what is read; validation bears them.

Honest producers make small mistakes, and a signature over such a file is no worse for them.
A mistake is borne only when every way in which readers deal with it gives the same document:

- a wrong /Length: the data up to the length and the data up to `endstream` decode to the same,
  because only blanks stand between them or the compressed data end before both;
- a missing `endobj`: the next object or the cross-references follow at once;
- a table of cross-references that is written badly: what it says, once the mistake is put
  right, is what a reader finds that ignores it and searches the file for its objects.

Whatever else is wrong stays damage. For signing nothing is borne (see `pdf.document`).
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Array, Name, Object, Pdf, Stream

from idservice.errors import MalformedPdf
from idservice.pdf.damage import damaged, readable, tolerated
from idservice.pdf.limits import MAX_DECODED_BYTES
from idservice.pdf.raw_objects import RawReader, read_indirect

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData

# More mistakes than this are no small fault, and each costs a look at the file.
_MAX_FAULTS = 64
_PIECE = 65_536
_BLANKS = b"\x00\t\n\x0c\r "
_WHITE = rb"[\x00\t\n\x0c\r ]"
_STREAM = re.compile(rb"(?:" + _WHITE + rb"++|%[^\r\n]*+)*+stream(?:\r\n|\n|\r)")
_NEXT = re.compile(
    _WHITE
    + rb"*+(?:\d{1,10}"
    + _WHITE
    + rb"++\d{1,5}"
    + _WHITE
    + rb"++obj(?![A-Za-z0-9])|xref|startxref)"
)
_ENDSTREAM = b"endstream"

_LENGTH = re.compile(r"object (\d+) (\d+), offset \d+: recovered stream length: \d+\Z")
_LENGTH_PARTS = re.compile(
    r"object \d+ \d+, offset \d+: (?:expected endstream|attempting to recover stream length)\Z"
)
_NO_END = re.compile(r"object (\d+) \d+, offset (\d+): expected endobj\Z")
_TABLE = (
    re.compile(r"file is damaged\Z"),
    re.compile(r"Attempting to reconstruct cross-reference table\Z"),
    re.compile(r"extraneous whitespace seen before xref\Z"),
    re.compile(r"xref table, offset \d+: (?:invalid xref entry \(obj=\d+\)|xref syntax invalid)\Z"),
    re.compile(r"object \d+ \d+, offset \d+: expected \d+ \d+ obj\Z"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake that changes nothing: at which byte, None for the cross-references, and what."""

    position: int | None
    what: str

    @property
    def is_in_table(self) -> bool:
        """Whether the cross-references had to be read in another way than they are written."""
        return self.position is None


def harmless_faults(pdf: Pdf, data: PdfData, base: int) -> tuple[Fault, ...]:
    """Judge what qpdf, allowed to recover, warned about; offsets count from `base`.

    Returns the faults, of which one in the table is still to be held against the table as
    written. Raises MalformedPdf for the first that is not proved to be harmless.
    """
    faults: dict[Fault, None] = {}
    for text in map(str, pdf.get_warnings()):
        if tolerated(text) or _LENGTH_PARTS.search(text):
            continue
        faults[_fault(pdf, data, base, text)] = None
        if len(faults) > _MAX_FAULTS:
            raise damaged(f"it has more than {_MAX_FAULTS} faults")
    return tuple(faults)


def stream_end(data: PdfData, start: int, length: int, *, deflated: bool) -> int | None:
    """Where the data of a stream really end, when its length in bytes is wrong but harmless.

    `deflated` tells that the data are compressed with zlib first of all and not encrypted.
    Returns None when readers that believe the length would see other data.
    """
    searched = bytes(data) if isinstance(data, memoryview) else data
    keyword = searched.find(_ENDSTREAM, start)
    if keyword < 0 or length < 0:
        return None
    end = _without_line_end(data, start, keyword)
    declared = start + length
    between = bytes(data[declared:end])
    if declared <= end and not between.strip(_BLANKS):
        return end
    if deflated and _ends_before(data, start, min(declared, end)):
        return end
    return None


def _fault(pdf: Pdf, data: PdfData, base: int, text: str) -> Fault:
    if found := _LENGTH.search(text):
        return _wrong_length(pdf, data, base, (int(found[1]), int(found[2])))
    if found := _NO_END.search(text):
        position = int(found[2]) + base
        if _NEXT.match(data, position):
            return Fault(position, f"object {found[1]} has no endobj")
    elif any(pattern.search(text) for pattern in _TABLE):
        return Fault(None, "its cross-references are written badly")
    raise damaged(readable(text))


def _wrong_length(pdf: Pdf, data: PdfData, base: int, objgen: tuple[int, int]) -> Fault:
    number = objgen[0]
    entry = pdf.get_xref_table().get(objgen)
    stream = pdf.get_object(objgen)
    if entry is None or entry.offset is None or not isinstance(stream, Stream):
        raise _lying(number)
    written = read_indirect(data, entry.offset + base, RawReader(data))
    head = _STREAM.match(data, written.node.end)
    length: object = stream.get("/Length")
    if head is None or not isinstance(length, int):
        raise _lying(number)
    deflated = not pdf.is_encrypted and _is_deflated(stream)
    if stream_end(data, head.end(), length, deflated=deflated) is None:
        raise _lying(number)
    return Fault(head.end(), f"the stream {number} has a wrong /Length")


def _is_deflated(stream: Object) -> bool:
    filters = stream.get("/Filter")
    first = filters[0] if isinstance(filters, Array) and len(filters) else filters
    return isinstance(first, Name) and first in (Name.FlateDecode, Name.Fl)


def _ends_before(data: PdfData, start: int, stop: int) -> bool:
    """Whether compressed data end, by their own mark, before a byte."""
    decoder = zlib.decompressobj()
    decoded = 0
    try:
        for position in range(start, stop, _PIECE):
            piece = bytes(data[position : min(position + _PIECE, stop)])
            while piece and not decoder.eof:
                decoded += len(decoder.decompress(piece, _PIECE))
                if decoded > MAX_DECODED_BYTES:
                    return False
                piece = decoder.unconsumed_tail
            if decoder.eof:
                return True
    except zlib.error:
        return False
    return False


def _without_line_end(data: PdfData, start: int, keyword: int) -> int:
    """The data end in front of one line end before `endstream` (ISO 32000-2 cl. 7.3.8.1)."""
    for line_end in (b"\r\n", b"\n", b"\r"):
        if bytes(data[max(start, keyword - len(line_end)) : keyword]) == line_end:
            return keyword - len(line_end)
    return keyword


def _lying(number: int) -> MalformedPdf:
    return damaged(
        f"the stream {number} does not end where its /Length says, and what it holds depends on "
        "which of the two a reader believes"
    )
