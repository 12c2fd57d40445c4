"""Every signature dictionary of a PDF, with the place where it is written.

A signature counts when it is the value of a signature field that is reached from
/AcroForm /Fields. Dictionaries that look like signatures and are reached in another
way are found as well, so that none of them is passed over in silence.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Stream, String

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.raw_objects import IndirectObject, Node, RawReader, read_indirect, skip
from idservice.pdf.values import as_text

if TYPE_CHECKING:
    from pikepdf import Object

    from idservice.pdf.document import PdfDocument
    from idservice.pdf.frame import PdfData

MAX_SIGNATURES = 64

_AT_OFFSET, _IN_OBJECT_STREAM = 1, 2
_TYPES = frozenset({"/Sig", "/DocTimeStamp"})
_MARK = re.compile(rb"/Byte(?:R|#52)ange")
# Every name begins with a slash, for which a file is searched fast.
_TRACE = re.compile(
    rb"/(?:ByteRange|Sig(?![A-Za-z])|DocTimeStamp"
    rb"|[^\x00\t\n\x0c\r ()<>\[\]{}/%#]{0,32}#[0-9A-Fa-f]{2})"
)
_OBJECT = re.compile(rb"(?<![0-9])\d{1,10}[\x00\t\n\x0c\r ]+\d{1,5}[\x00\t\n\x0c\r ]+obj\Z")
# In front of an entry of a dictionary, its object is looked for this far and this often.
_WINDOW = 1024 * 1024
_MAX_WORDS = 1_000
_HEADER_BYTES = 40


@dataclass(frozen=True, slots=True)
class SignatureDictionary:
    """One signature dictionary.

    `place` is "field" for the value of a signature field, "elsewhere" for what looks like
    a signature and is reached otherwise, "damaged" for what was found in the bytes of a
    file that cannot be read. `node` is the dictionary as written, None when it is not
    written at one place of the file (inside an object stream). `usual` is false when the
    object is not just this dictionary, or when what is written and what was read differ.
    """

    name: str
    place: str
    node: Node | None
    object_number: int
    usual: bool = True
    type: str | None = None
    sub_filter: str | None = None
    date: str | None = None
    keys: frozenset[str] = frozenset()
    reason: str | None = None
    location: str | None = None
    contact: str | None = None


def signature_dictionaries(document: PdfDocument) -> tuple[SignatureDictionary, ...]:
    """Return all signatures of a document, those of fields first in the order of the fields.

    Raises InputTooLarge beyond MAX_SIGNATURES.
    """
    reader = _Reader(document)
    found: dict[object, SignatureDictionary] = {}
    for field in document.form.signature_fields:
        if field.value is not None:
            item = reader.of_field(field.name, field.dictionary, field.value)
            found.setdefault(_key(item, field.value), item)
    known: set[object] = {key for key in found if isinstance(key, tuple)}
    for item, value in reader.elsewhere(known):
        found.setdefault(_key(item, value), item)
    if len(found) > MAX_SIGNATURES:
        raise _too_many(len(found))
    return tuple(found.values())


def usage_rights(document: PdfDocument) -> tuple[Object, ...]:
    """Return the usage rights of a document (ISO 32000-1 cl. 12.8.2.3).

    A vendor signs them to unlock features of a viewer; they say nothing of a person. Only
    what names that method counts: a signature of a person is none because /Perms names it.
    """
    permissions = document.catalog.get(Name.Perms)
    if not isinstance(permissions, Dictionary):
        return ()
    values = (permissions.get(key) for key in (Name.UR, Name.UR3))
    return tuple(
        value for value in values if isinstance(value, Dictionary) and _grants_usage(value)
    )


def field_signature(document: PdfDocument, name: str) -> SignatureDictionary | None:
    """Return the signature in the field of this full name, or None without one."""
    field = document.form.signature_field(name)
    if field is None or field.value is None:
        return None
    return _Reader(document).of_field(field.name, field.dictionary, field.value)


def signatures_in_bytes(data: PdfData) -> tuple[SignatureDictionary, ...]:
    """Find signature dictionaries in a file that cannot be read, by the /ByteRange in them.

    At most MAX_SIGNATURES are looked for: the file is refused in any case.
    """
    reader = RawReader(data)
    read: dict[int, IndirectObject | None] = {}
    found: dict[int, SignatureDictionary] = {}
    for mark in islice(_MARK.finditer(data), MAX_SIGNATURES):
        start = _object_before(data, mark.start())
        if start not in read:
            read[start] = _readable(data, start, reader)
        item = read[start]
        node = None if item is None else _holding(item.node, mark.start())
        if item is None:
            found.setdefault(start, SignatureDictionary("", "damaged", None, 0, usual=False))
        elif node is not None:
            found.setdefault(node.start, _from_bytes(node, item.number))
    return tuple(found.values())


def _object_before(data: PdfData, position: int) -> int:
    """Return where the nearest object in front of a position begins; 0 without one."""
    first = max(0, position - _WINDOW)
    window = bytes(data[first:position])
    end = len(window)
    for _ in range(_MAX_WORDS):
        end = window.rfind(b"obj", 0, end)
        if end < 0:
            break
        begin = max(0, end - _HEADER_BYTES)
        header = _OBJECT.search(window[begin : end + 3])
        if header is not None:
            return first + begin + header.start()
    return 0


def _readable(data: PdfData, start: int, reader: RawReader) -> IndirectObject | None:
    try:
        return read_indirect(data, start, reader)
    except MalformedPdf:
        return None


def _from_bytes(node: Node, number: int) -> SignatureDictionary:
    return SignatureDictionary(
        "", "damaged", node, number, type=_name(node, "Type"), sub_filter=_name(node, "SubFilter")
    )


class _Reader:
    """Ties what qpdf read to where it is written."""

    def __init__(self, document: PdfDocument) -> None:
        self._document = document
        self._table = document.pdf.get_xref_table()
        self._base = document.frame.header_offset
        self._raw = RawReader(document.data)

    def of_field(self, name: str, field: Object, value: object) -> SignatureDictionary:
        """Describe the value of a signature field."""
        if not isinstance(value, Dictionary):
            return SignatureDictionary(name, "field", None, field.objgen[0], usual=False)
        if value.is_indirect:
            return self._described(value, name, "field", self._written(value.objgen), value.objgen)
        return self._described(value, name, "field", self._inside(field.objgen), field.objgen)

    def elsewhere(self, known: set[object]) -> Iterator[tuple[SignatureDictionary, Object]]:
        """Yield dictionaries that look like signatures and are the value of no signature field."""
        known |= {item.objgen for item in usage_rights(self._document)}
        for item in self._candidates():
            if not isinstance(item, (Dictionary, Stream)):
                continue
            objgen = item.objgen
            if _looks_signed(item) and objgen not in known:
                yield self._described(item, "", "elsewhere", self._written(objgen), objgen), item
            value = item.get(Name.V)
            if isinstance(value, Dictionary) and not value.is_indirect and _looks_signed(value):
                written = self._inside(objgen)
                yield self._described(value, "", "elsewhere", written, objgen), value

    def _candidates(self) -> Iterator[object]:
        """Objects in which something that looks like a signature may be written.

        Objects inside object streams are all looked at; of the others only those whose
        bytes hold one of the names, plainly or with an escaped character in a name.
        """
        get = self._document.pdf.get_object
        places = sorted(
            (entry.offset + self._base, objgen)
            for objgen, entry in self._table.items()
            if entry.type == _AT_OFFSET and entry.offset is not None
        )
        starts = [start for start, _ in places]
        # One mark in an object is enough; then the next object is looked at.
        mark = _TRACE.search(self._document.data, min(starts, default=0))
        while mark is not None and places:
            index = bisect(starts, mark.start())
            yield get(places[index - 1][1])
            next_start = starts[index] if index < len(starts) else len(self._document.data)
            mark = _TRACE.search(self._document.data, next_start)
        for objgen, entry in self._table.items():
            if entry.type == _IN_OBJECT_STREAM:
                yield get(objgen)

    def _inside(self, objgen: tuple[int, int]) -> IndirectObject | None:
        """The /V that is written inside an object."""
        holder = self._written(objgen)
        inner = None if holder is None else holder.node.get("V")
        return None if holder is None or inner is None else replace(holder, node=inner)

    def _written(self, objgen: tuple[int, int]) -> IndirectObject | None:
        entry = self._table.get(objgen)
        if entry is None or entry.type != _AT_OFFSET or entry.offset is None:
            return None
        item = read_indirect(self._document.data, entry.offset + self._base, self._raw)
        if (item.number, item.generation) != objgen:
            raise MalformedPdf(
                f"The cross-references name object {objgen[0]} where object {item.number} "
                "stands, so programs would show different documents.",
                "Get the file again from its source.",
            )
        return item

    def _described(
        self,
        value: Object,
        name: str,
        place: str,
        written: IndirectObject | None,
        objgen: tuple[int, int],
    ) -> SignatureDictionary:
        node = None if written is None or written.node.kind != "dictionary" else written.node
        return SignatureDictionary(
            name,
            place,
            node,
            objgen[0],
            node is not None and self._usual(value, node),
            _text(value, "/Type"),
            _text(value, "/SubFilter"),
            _text(value, "/M"),
            frozenset(str(key).lstrip("/") for key in value.keys()),  # noqa: SIM118 - not a dict
            _text(value, "/Reason"),
            _text(value, "/Location"),
            _text(value, "/ContactInfo"),
        )

    def _usual(self, value: Object, node: Node) -> bool:
        """Whether the dictionary is written once, and as it was read."""
        written = {key for key, item in node.entries if item.value != "null"}
        read = {str(key).lstrip("/") for key in value.keys()}  # noqa: SIM118 - not a dict
        alone = not value.is_indirect or _ends_object(self._document.data, node.end)
        return alone and not node.repeated() and written == read and _same_ranges(value, node)


def _grants_usage(value: Object) -> bool:
    references = value.get(Name.Reference)
    if not isinstance(references, Array):
        return False
    return any(
        isinstance(item, Dictionary) and _text(item, "/TransformMethod") in {"/UR", "/UR3"}
        for item in references
    )


def _looks_signed(item: Object) -> bool:
    if Name.ByteRange in item:
        return True
    return _text(item, "/Type") in _TYPES and Name.Contents in item


def _key(item: SignatureDictionary, value: object) -> object:
    """Two fields with the same value hold one signature."""
    if isinstance(value, Dictionary) and value.is_indirect:
        return value.objgen
    return (item.object_number, item.node.start) if item.node else (item.object_number, item.name)


def _same_ranges(value: Object, node: Node) -> bool:
    ranges = value.get(Name.ByteRange)
    written = node.get("ByteRange")
    if not isinstance(ranges, Array):
        return written is None or written.kind != "array"
    return written is not None and [item.value for item in written.items] == list(ranges)


def _ends_object(data: PdfData, position: int) -> bool:
    position = skip(data, position)
    return bytes(data[position : position + 6]) == b"endobj"


def _text(value: Object, key: str) -> str | None:
    found = value.get(key)
    return as_text(found) if isinstance(found, (Name, String)) else None


def _name(node: Node, key: str) -> str | None:
    found = node.get(key)
    return f"/{found.value}" if found is not None and found.kind == "name" else None


def _holding(node: Node, position: int) -> Node | None:
    """Return the innermost dictionary around a position."""
    if not node.start <= position < node.end:
        return None
    # An array has items, a dictionary has entries; both stand in the order of their places.
    index = bisect(node.items or node.entries, position, key=_place) - 1
    child = None
    if index >= 0:
        child = node.items[index] if node.items else node.entries[index][1]
    inner = None if child is None else _holding(child, position)
    return inner or (node if node.kind == "dictionary" else None)


def _place(child: Node | tuple[str, Node]) -> int:
    return child.start if isinstance(child, Node) else child[1].start


def _too_many(count: int) -> InputTooLarge:
    return InputTooLarge(
        f"The PDF has {count} signatures where at most {MAX_SIGNATURES} are validated.",
        "Validate the document with fewer signatures.",
    )
