"""The entries of cross-reference sections: where each object stands (ISO 32000-2 cl. 7.5.4, 7.5.8).

`pdf.revisions` says where the sections are; this reads what is in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from idservice.errors import MalformedPdf
from idservice.pdf.limits import MAX_OBJECTS
from idservice.pdf.raw_objects import skip

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData
    from idservice.pdf.object_values import Value

FREE, AT_OFFSET, IN_STREAM = 0, 1, 2

_WHITE = rb"[\x00\t\n\x0c\r ]"
_SUBSECTION = re.compile(rb"(\d{1,10}) (\d{1,10})" + _WHITE + rb"*")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])" + _WHITE + rb"{0,3}+")
_OBJECT = re.compile(_WHITE + rb"{0,64}+(\d{1,10})" + _WHITE + rb"++\d{1,5}" + _WHITE + rb"++obj")
_WIDTHS = 3
_MAX_WIDTH = 8


class Entry(NamedTuple):
    """Where an object stands.

    `kind` is FREE, AT_OFFSET (then `place` is the offset from the header and `extra` the
    generation) or IN_STREAM (then `place` is the number of the object stream and `extra`
    the index in it).
    """

    kind: int
    place: int
    extra: int

    @property
    def generation(self) -> int:
        """The generation of the object; in object streams it is always 0 (cl. 7.5.7)."""
        return self.extra if self.kind == AT_OFFSET else 0


# What stands for object 0, which is never in use (cl. 7.5.4).
_HEAD = Entry(FREE, 0, 65_535)


def table_entries(data: PdfData, start: int, base: int = 0) -> dict[int, Entry]:
    """Read the entries of the table whose word `xref` stands at `start`. Raises MalformedPdf.

    A table that counts from one although its first entry is that of object 0 is read as its
    writer meant it, when the objects at the offsets, which count from `base`, say the same.
    """
    entries = _as_written(data, start)
    if 0 in entries or entries.get(1) != _HEAD:
        return entries
    meant = {number - 1: entry for number, entry in entries.items()}
    return meant if _stands_there(data, base, meant) else entries


def _stands_there(data: PdfData, base: int, entries: dict[int, Entry]) -> bool:
    """Whether the first object in use stands at its place, under its number."""
    first = next((item for item in entries.items() if item[1].kind == AT_OFFSET), None)
    if first is None:
        return False
    header = _OBJECT.match(data, first[1].place + base)
    return header is not None and int(header[1]) == first[0]


def _as_written(data: PdfData, start: int) -> dict[int, Entry]:
    entries: dict[int, Entry] = {}
    position = skip(data, start + 4)
    while (head := _SUBSECTION.match(data, position)) is not None:
        first, count = int(head[1]), int(head[2])
        if count > MAX_OBJECTS or len(entries) + count > MAX_OBJECTS:
            raise _malformed("a cross-reference table has too many entries")
        position = head.end()
        for number in range(first, first + count):
            entry = _ENTRY.match(data, position)
            if entry is None:
                raise _malformed(f"a cross-reference entry at byte {position} is malformed")
            kind = AT_OFFSET if entry[3] == b"n" else FREE
            _add(entries, number, Entry(kind, int(entry[1]), int(entry[2])))
            position = entry.end()
        position = skip(data, position)
    return entries


def stream_entries(dictionary: dict[str, Value], rows: bytes) -> dict[int, Entry]:
    """Read the entries of a cross-reference stream from its decoded data. Raises MalformedPdf."""
    entries: dict[int, Entry] = {}
    widths = _integers(dictionary.get("W"))
    if len(widths) != _WIDTHS or not all(0 <= item <= _MAX_WIDTH for item in widths):
        raise _malformed("a cross-reference stream does not say how its entries are written")
    step, position = sum(widths), 0
    for number in _numbers(dictionary):
        row = rows[position : position + step]
        if len(row) < step or step == 0 or len(entries) > MAX_OBJECTS:
            raise _malformed("a cross-reference stream has another length than it says")
        position += step
        _add(entries, number, _entry(row, widths))
    return entries


def _numbers(dictionary: dict[str, Value]) -> Iterator[int]:
    index = _integers(dictionary.get("Index", [0, dictionary.get("Size")]))
    if len(index) % 2 or max(index[1::2], default=0) > MAX_OBJECTS:
        raise _malformed("a cross-reference stream does not say which objects it lists")
    for first, count in zip(index[::2], index[1::2], strict=True):
        yield from range(first, first + count)


def _entry(row: bytes, widths: list[int]) -> Entry:
    first, second = widths[0], widths[0] + widths[1]
    # Without a column for it every entry is in use at an offset (table 17).
    kind = int.from_bytes(row[:first], "big") if first else AT_OFFSET
    if kind > IN_STREAM:
        raise _malformed("a cross-reference stream has an entry of a kind that does not exist")
    place, extra = int.from_bytes(row[first:second], "big"), int.from_bytes(row[second:], "big")
    return Entry(kind, place, extra)


def _integers(value: Value) -> list[int]:
    if not isinstance(value, list):
        raise _malformed("a cross-reference stream does not say how it is to be read")
    numbers = [item for item in value if isinstance(item, int)]
    if len(numbers) != len(value):
        raise _malformed("a cross-reference stream does not say how it is to be read")
    return numbers


def _add(entries: dict[int, Entry], number: int, entry: Entry) -> None:
    if entry.kind == AT_OFFSET and entry.place == 0:
        # The header of the file is there and no object; such entries stand for free ones.
        entry = Entry(FREE, 0, entry.extra)
    if entries.setdefault(number, entry) != entry:
        raise _malformed(f"a cross-reference section has two places for object {number}")


def _malformed(what: str) -> MalformedPdf:
    return MalformedPdf(
        f"The PDF cannot be read strictly: {what}.",
        "Get the file again from its source.",
    )
