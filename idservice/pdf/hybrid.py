"""Hybrid files: objects that only /XRefStm makes visible must be visible here as well.

Where a table marks an object as free and the /XRefStm beside it does not, readers differ:
some follow ISO 32000-2 cl. 7.5.8.4 and see the object, qpdf and others do not. A
document that is another one for each reader is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pikepdf import Array, Object, PdfError, Stream

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.damage import damaged
from idservice.pdf.limits import MAX_SECTIONS
from idservice.pdf.raw_objects import skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikepdf import Pdf

    from idservice.pdf.frame import FileFrame, PdfData

# How often all tables together may span the file; honest ones do not overlap at all.
_READINGS = 2
_MAX_TRAILER = 65_536
_MAX_HYBRID_SECTIONS = 32
_TRAILER = re.compile(rb"trailer[\x00\t\n\f\r ]*<<")
_OBJECT = re.compile(
    rb"[0-9]+ [0-9]+ obj\s{0,8}(?P<dictionary><<.{0,1024}?>>)\s{0,8}stream\r?\n", re.DOTALL
)
_REFERENCE = re.compile(rb"\b[0-9]+ [0-9]+ R\b")
_POINTER = re.compile(rb"/(XRefStm|Prev)[\x00\t\n\f\r ]+([0-9]{1,10})")


def require_hidden_objects_seen(pdf: Pdf, data: PdfData, frame: FileFrame) -> None:
    """Require every object that any /XRefStm lists to be in qpdf's table; raise MalformedPdf."""
    table = None
    for count, offset in enumerate(_stream_offsets(data, frame)):
        if count >= _MAX_HYBRID_SECTIONS:
            raise damaged(f"it has more than {_MAX_HYBRID_SECTIONS} hybrid sections")
        if table is None:
            table = pdf.get_xref_table()
        holder = next((key for key, item in table.items() if item.offset == offset), None)
        if holder is None:
            listed = _listed(*_unlisted_stream(data, offset + frame.header_offset))
        else:
            listed = _listed(*_known_stream(pdf.get_object(holder)))
        numbers = {number for number, _ in table}
        hidden = [number for number in listed if number not in numbers]
        if hidden:
            raise damaged(
                f"it is a hybrid file, and object {hidden[0]} exists only for some readers"
            )


def _stream_offsets(data: PdfData, frame: FileFrame) -> Iterator[int]:
    """Follow /Prev from table to table and yield what each /XRefStm says."""
    pending, seen = [frame.startxref], set[int]()
    unread = _READINGS * len(data)
    while pending:
        if len(seen) > MAX_SECTIONS:
            raise InputTooLarge(
                f"The PDF has more than {MAX_SECTIONS} revisions, which is more than are read.",
                "Print or export the document to a new file and sign that.",
            )
        if unread < 0:
            raise damaged("its cross-reference sections overlap")
        start = pending.pop()
        position = skip(data, start + frame.header_offset)
        if start in seen or bytes(data[position : position + 4]) != b"xref":
            continue
        seen.add(start)
        found = _TRAILER.search(data, position)
        if found is None:
            raise damaged("a table of cross-references has no trailer")
        unread -= found.end() - position
        trailer = bytes(data[found.end() : found.end() + _MAX_TRAILER]).split(b"startxref", 1)[0]
        for kind, number in _POINTER.findall(trailer):
            if kind == b"XRefStm":
                yield int(number)
            else:
                pending.append(int(number))


def _known_stream(stream: Object) -> tuple[Object, bytes]:
    """Dictionary and decoded data of a cross-reference stream that qpdf knows as an object."""
    if not isinstance(stream, Stream):
        raise damaged("/XRefStm points to no stream")
    try:
        return stream, stream.read_bytes()
    except (PdfError, RuntimeError, ValueError) as exc:
        raise _unreadable() from exc


def _unlisted_stream(data: PdfData, position: int) -> tuple[Object, bytes]:
    """The same for a stream without an entry of its own: only plain data is read."""
    found = _OBJECT.match(data, position)
    if found is None:
        raise damaged("/XRefStm points to no stream")
    try:
        # Neither widths nor index may be indirect, and what else is referred to is not read.
        dictionary = Object.parse(_REFERENCE.sub(b"null", found["dictionary"]))
        size = int(dictionary["/Length"])
    except (KeyError, ValueError, TypeError, PdfError, RuntimeError) as exc:
        raise _unreadable() from exc
    if "/Filter" in dictionary:
        raise _unreadable()
    return dictionary, bytes(data[found.end() : found.end() + size])


def _listed(dictionary: Object, data: bytes) -> Iterator[int]:
    """The numbers of the objects in use that a cross-reference stream lists."""
    try:
        widths = [int(item) for item in dictionary["/W"]]
        index = dictionary.get("/Index")
        ranges = (
            [int(item) for item in index]
            if isinstance(index, Array)
            else [0, int(dictionary["/Size"])]
        )
    except (KeyError, ValueError, TypeError) as exc:
        raise _unreadable() from exc
    step, position = sum(widths), 0
    for first, count in zip(ranges[::2], ranges[1::2], strict=False):
        for number in range(first, first + count):
            row = data[position : position + step]
            if len(row) < step or step == 0:
                return
            position += step
            # The type is 1, in use, where its width is zero (ISO 32000-2 table 17).
            if widths[0] == 0 or int.from_bytes(row[: widths[0]], "big"):
                yield number


def _unreadable() -> MalformedPdf:
    return damaged("the cross-reference stream of a hybrid section cannot be read")
