"""Objects in an update of a file to which the cross-references of no update lead.

Readers that follow cross-references never see them; readers that search a file for its
objects, as many do to repair one, take them for the newest. Then one signed file shows two
documents. An honest update has no such object outside of its streams, where an attached
PDF may well have some.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from idservice.errors import MalformedPdf
from idservice.pdf.raw_objects import RawReader, skip
from idservice.pdf.stored_objects import ObjectFile
from idservice.pdf.xref_entries import AT_OFFSET, stream_entries, table_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idservice.pdf.frame import PdfData
    from idservice.pdf.raw_objects import Node
    from idservice.pdf.revisions import RevisionHistory

_KEYWORD = b"obj"
# A number has ten digits and a generation five; a few blanks may stand between.
_WINDOW = 32
_WHITE = rb"[\x00\t\n\x0c\r ]"
_HEADER = re.compile(
    rb"(?<![0-9])(\d{1,10})" + _WHITE + rb"{1,8}(\d{1,5})" + _WHITE + rb"{1,8}obj\Z"
)
_POINTED_AT = re.compile(_WHITE + rb"{0,64}+(?=[0-9])")
_BEGINNING = re.compile(rb"\d+" + _WHITE + rb"++\d+" + _WHITE + rb"++obj" + _WHITE + rb"*+")
_STREAM = re.compile(rb"stream(?:\r\n|\n|\r)")
_INTEGER = re.compile(rb"\d{1,10}")


def require_no_strays(data: PdfData, history: RevisionHistory) -> None:
    """Raise MalformedPdf for an object in an update that no cross-reference leads to.

    Only what was appended to the first revision is searched, and it is searched once.
    """
    first, *appended = history.revisions or (None,)
    if first is None or not appended:
        return
    known = places_of_objects(data, history, first.end)
    extents = _Extents(data, known)
    for start, number in _headers(data, first.end):
        if start not in known and not extents.cover(start):
            raise MalformedPdf(
                f"The PDF is damaged: object {number} stands at byte {start}, where no "
                "cross-reference leads, so programs would disagree about what the document is.",
                "Get the file again from its source.",
            )


def _headers(data: PdfData, start: int) -> Iterator[tuple[int, int]]:
    """Every place that looks like the beginning of an object, and the number there."""
    searched = bytes(data) if isinstance(data, memoryview) else data
    position = searched.find(_KEYWORD, start)
    while position >= 0:
        end = position + len(_KEYWORD)
        window = max(start, position - _WINDOW)
        found = _HEADER.search(bytes(searched[window:end]))
        if found is not None:
            yield window + found.start(), int(found[1])
        position = searched.find(_KEYWORD, end)


def places_of_objects(data: PdfData, history: RevisionHistory, behind: int) -> dict[int, int]:
    """Return where the sections behind a byte say that objects stand, with the number of each.

    The number of a cross-reference stream is -1 unless it lists itself. Raises MalformedPdf.
    """
    base = history.header_offset
    file = ObjectFile(data, base, None)
    places: dict[int, int] = {}
    for section in history.sections:
        if section.start < behind:
            continue
        if section.table is not None:
            entries = table_entries(data, section.table, base)
        else:
            stored, rows = file.section(section.start)
            entries = stream_entries(stored.entries, rows)
            places[section.start] = -1
        for number, entry in entries.items():
            blanks = _POINTED_AT.match(data, entry.place + base)
            if entry.kind == AT_OFFSET and blanks is not None:
                places[blanks.end()] = number
    return places


class _Extents:
    """How far the objects reach to which cross-references lead."""

    def __init__(self, data: PdfData, places: dict[int, int]) -> None:
        self._data = data
        self._starts = sorted(places)
        self._of_number: dict[int, list[int]] = {}
        for place, number in places.items():
            self._of_number.setdefault(number, []).append(place)
        self._reader = RawReader(data)
        self._ends: dict[int, int] = {}

    def cover(self, position: int) -> bool:
        """Whether a position lies within the value or the stream of an object."""
        index = bisect_right(self._starts, position) - 1
        if index < 0:
            return False
        start = self._starts[index]
        if start not in self._ends:
            self._ends[start] = self._end(start)
        return position < self._ends[start]

    def _end(self, start: int) -> int:
        header = _BEGINNING.match(self._data, start)
        if header is None:
            return start
        node = self._reader.node(header.end())
        stream = _STREAM.match(self._data, skip(self._data, node.end))
        if node.kind != "dictionary" or stream is None:
            return node.end
        return stream.end() + self._length(node)

    def _length(self, dictionary: Node) -> int:
        length = dictionary.get("Length")
        value = None if length is None else length.value
        if isinstance(value, int):
            return value
        number = value[0] if isinstance(value, tuple) else None
        for place in self._of_number.get(number, ()) if number is not None else ():
            header = _BEGINNING.match(self._data, place)
            found = None if header is None else _INTEGER.match(self._data, header.end())
            if found is not None:
                return int(found[0])
        return 0
