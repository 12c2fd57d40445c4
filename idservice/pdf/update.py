"""The append-only writer: new and changed objects, one cross-reference section, nothing else.

The input bytes are always an exact prefix of the result. The new section is of the kind
of the newest one: a table after a table, a stream after a stream. After a hybrid
section comes a table without /XRefStm, because the older section keeps its own.
"""

from __future__ import annotations

import hashlib
from copy import copy
from dataclasses import dataclass

from pikepdf import Array, String

from idservice.errors import UnsupportedPdf
from idservice.pdf.damage import damaged
from idservice.pdf.document import PdfDocument, XrefKind
from idservice.pdf.encryption import Encryptor
from idservice.pdf.writer import Writer, hex_string

# A table has ten digits for an offset (ISO 32000-2 cl. 7.5.4).
_MAX_OFFSET = 9_999_999_999
_ID_BYTES = 16
# The identifier is no integrity check: the beginning of each object is enough of its contents.
_ID_SAMPLE = 256
_NOT_CARRIED_OVER = frozenset(
    {
        "/Size",
        "/Prev",
        "/XRefStm",
        "/ID",
        # Entries that describe a cross-reference stream and not the document.
        "/Type",
        "/W",
        "/Index",
        "/Length",
        "/Filter",
        "/DecodeParms",
        "/DL",
    }
)


@dataclass(frozen=True, slots=True)
class Appended:
    """An update ready to be appended, and where each object starts in it."""

    data: bytearray
    starts: dict[int, int]


class Update:
    """Collects the objects of one update to a document."""

    def __init__(self, document: PdfDocument) -> None:
        """Start an empty update to `document`."""
        encryption = document.encryption
        self.writer = Writer(None if encryption is None else Encryptor(encryption))
        self._document = document
        self._next = document.next_number
        self._objects: dict[tuple[int, int], bytes] = {}

    def reserve(self) -> tuple[int, int]:
        """Reserve the number of a new object; it must be `put` later."""
        objgen = (self._next, 0)
        self._next += 1
        return objgen

    def put(self, objgen: tuple[int, int], body: bytes) -> None:
        """Write a new object, or a new version of an existing one, given in PDF syntax.

        Raises MalformedPdf when the object was put before with another body: then one
        object of the document has two parts to play, and one of them would be lost.
        """
        if self._objects.setdefault(objgen, body) != body:
            raise damaged(
                f"object {objgen[0]} is two things at once, such as catalog and form, and "
                "changing one would undo the change to the other"
            )

    def finish(self) -> Appended:
        """Lay out everything behind the document's last byte."""
        document = self._document
        data = bytearray(b"" if document.frame.ends_with_eol else b"\n")
        base = document.frame.size - document.frame.header_offset
        starts: dict[int, int] = {}
        objects = sorted(self._objects.items())
        for (number, generation), body in objects:
            starts[number] = len(data)
            data += b"%d %d obj\n%b\nendobj\n" % (number, generation, body)
        startxref = base + len(data)
        if startxref > _MAX_OFFSET:
            raise UnsupportedPdf(
                "The PDF is too long for its table of cross-references (ten digits).",
                "Sign a smaller file.",
            )
        places = [(objgen, base + starts[objgen[0]]) for objgen, _ in objects]
        entries = self._trailer_entries(objects)
        if document.xref_kind is XrefKind.STREAM:
            places.append((self.reserve(), startxref))
            data += _stream_section(places, self._next, entries)
        else:
            data += _table_section(places, self._next, entries)
        data += b"startxref\n%d\n%%%%EOF\n" % startxref
        return Appended(data, starts)

    def _trailer_entries(self, objects: list[tuple[tuple[int, int], bytes]]) -> bytes:
        """All entries of the newest trailer but those of its section (ISO 32000-2 cl. 7.5.6)."""
        document = self._document
        trailer = copy(document.trailer)
        identifier = trailer.get("/ID")
        for key in _NOT_CARRIED_OVER.intersection(trailer.keys()):
            del trailer[key]
        # Strings of the trailer are never encrypted, so qpdf's writer serves every document.
        carried = trailer.unparse()[2:-2]
        entries = b"/Prev %d %b" % (document.frame.startxref, carried.strip())
        if isinstance(identifier, Array) and len(identifier) == 2:
            first = identifier[0]
            if isinstance(first, String):
                first_id = bytes(first)
                second_id = self._second_identifier(first_id, objects)
                entries += b" /ID [%b %b]" % (hex_string(first_id), hex_string(second_id))
        return entries

    def _second_identifier(
        self, first: bytes, objects: list[tuple[tuple[int, int], bytes]]
    ) -> bytes:
        """A new identifier for this version of the file (ISO 32000-2 cl. 14.4)."""
        samples = [
            b"%d %d %d %b" % (*item[0], len(item[1]), item[1][:_ID_SAMPLE]) for item in objects
        ]
        samples += (first, b"%d" % self._document.frame.size)
        return hashlib.sha256(b"".join(samples)).digest()[:_ID_BYTES]


def _table_section(places: list[tuple[tuple[int, int], int]], size: int, entries: bytes) -> bytes:
    """A cross-reference table with its trailer; each line has twenty bytes."""
    parts = [b"xref\n"]
    for run in _runs(places):
        parts.append(b"%d %d\n" % (run[0][0][0], len(run)))
        parts += [b"%010d %05d n \n" % (offset, objgen[1]) for objgen, offset in run]
    parts.append(b"trailer\n<< /Size %d %b >>\n" % (size, entries))
    return b"".join(parts)


def _stream_section(places: list[tuple[tuple[int, int], int]], size: int, entries: bytes) -> bytes:
    """A cross-reference stream, whose own object is the last of `places`."""
    (own, startxref) = places[-1]
    width = (startxref.bit_length() + 7) // 8
    index: list[int] = []
    for run in _runs(sorted(places)):
        index += (run[0][0][0], len(run))
    data = b"".join(
        b"\x01" + offset.to_bytes(width, "big") + objgen[1].to_bytes(2, "big")
        for objgen, offset in sorted(places)
    )
    return b"%d 0 obj\n<< /Type /XRef /W [1 %d 2] /Index [%b] /Length %d /Size %d %b >>\n%b" % (
        own[0],
        width,
        b" ".join(b"%d" % item for item in index),
        len(data),
        size,
        entries,
        b"stream\n%b\nendstream\nendobj\n" % data,
    )


def _runs(
    places: list[tuple[tuple[int, int], int]],
) -> list[list[tuple[tuple[int, int], int]]]:
    """Group sorted entries into runs of consecutive object numbers: the subsections."""
    runs = [[places[0]]]
    for place in places[1:]:
        if place[0][0] == runs[-1][-1][0][0] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs
