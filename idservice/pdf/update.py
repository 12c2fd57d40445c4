"""The append-only writer: new and changed objects, one cross-reference section, nothing else.

The input bytes are always an exact prefix of the result. The new section is of the kind
of the newest one: a table after a table, a stream after a stream. After a hybrid
section comes a table without /XRefStm, because the older section keeps its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Array, Name, String

from idservice.errors import UnsupportedPdf
from idservice.pdf.document import PdfDocument, XrefKind
from idservice.pdf.encryption import Encryptor
from idservice.pdf.writer import Writer, hex_string

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A table has ten digits for an offset (ISO 32000-2 cl. 7.5.4).
_MAX_OFFSET = 9_999_999_999
_ID_BYTES = 16
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
        """Write a new object, or a new version of an existing one, given in PDF syntax."""
        self._objects[objgen] = body

    def finish(self) -> Appended:
        """Lay out everything behind the document's last byte."""
        document = self._document
        data = bytearray(b"" if document.frame.ends_with_eol else b"\n")
        base = document.frame.size - document.frame.header_offset
        starts: dict[int, int] = {}
        for (number, generation), body in sorted(self._objects.items()):
            starts[number] = len(data)
            data += b"%d %d obj\n%b\nendobj\n" % (number, generation, body)
        if base + len(data) > _MAX_OFFSET:
            raise UnsupportedPdf(
                "The PDF is too long for its table of cross-references (ten digits).",
                "Sign a smaller file.",
            )
        startxref = base + len(data)
        if document.xref_kind is XrefKind.STREAM:
            data += self._stream_section(starts, base, startxref)
        else:
            data += self._table_section(starts, base)
        data += b"startxref\n%d\n%%%%EOF\n" % startxref
        return Appended(data, starts)

    def _table_section(self, starts: dict[int, int], base: int) -> bytes:
        parts = [b"xref\n"]
        for run in _runs(self._objects):
            parts.append(b"%d %d\n" % (run[0][0], len(run)))
            parts += [b"%010d %05d n \n" % (base + starts[number], gen) for number, gen in run]
        entries = self._trailer_entries(self._next)
        parts.append(b"trailer\n<< %b >>\n" % entries)
        return b"".join(parts)

    def _stream_section(self, starts: dict[int, int], base: int, startxref: int) -> bytes:
        own = self.reserve()
        places = {objgen: base + starts[objgen[0]] for objgen in self._objects}
        places[own] = startxref
        index: list[int] = []
        rows: list[bytes] = []
        width = (startxref.bit_length() + 7) // 8
        for run in _runs(places):
            index += [run[0][0], len(run)]
            rows += [
                b"\x01" + places[objgen].to_bytes(width, "big") + objgen[1].to_bytes(2, "big")
                for objgen in run
            ]
        data = b"".join(rows)
        return b"%d 0 obj\n<< /Type /XRef /W [1 %d 2] /Index [%b] /Length %d %b >>\n%b" % (
            own[0],
            width,
            b" ".join(b"%d" % item for item in index),
            len(data),
            self._trailer_entries(self._next),
            b"stream\n%b\nendstream\nendobj\n" % data,
        )

    def _trailer_entries(self, size: int) -> bytes:
        """All entries of the newest trailer but those of its section (ISO 32000-2 cl. 7.5.6)."""
        trailer = self._document.trailer
        plain = Writer()
        parts = [b"/Size %d /Prev %d" % (size, self._document.frame.startxref)]
        for key, item in trailer.items():
            if key not in _NOT_CARRIED_OVER:
                parts.append(b"%b %b" % (Name(key).unparse(), plain.value(item, (0, 0))))
        identifier = trailer.get(Name.ID)
        if isinstance(identifier, Array) and len(identifier) == 2:
            first = identifier[0]
            if isinstance(first, String):
                second = self._second_identifier(bytes(first))
                parts.append(b"/ID [%b %b]" % (hex_string(bytes(first)), hex_string(second)))
        return b" ".join(parts)

    def _second_identifier(self, first: bytes) -> bytes:
        """A new identifier for this version of the file (ISO 32000-2 cl. 14.4)."""
        digest = hashlib.sha256(first)
        digest.update(b"%d" % self._document.frame.size)
        for objgen, body in sorted(self._objects.items()):
            digest.update(b"%d %d" % objgen)
            digest.update(body)
        return digest.digest()[:_ID_BYTES]


def _runs(objgens: Iterable[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Group sorted object numbers into runs without a gap: the subsections."""
    run: list[tuple[int, int]] = []
    for objgen in sorted(objgens):
        if run and objgen[0] != run[-1][0] + 1:
            yield run
            run = []
        run.append(objgen)
    if run:
        yield run
