"""Objects that reach into bytes which a signature leaves out.

A signature leaves out its own /Contents, and nothing else may show those bytes. Nothing in
PDF keeps two objects apart: a stream is as long as its /Length says, a string ends at its
bracket, and both may hold a whole signature dictionary. An image whose pixels are the
digits of a signature would then show what anybody can change without breaking it. Honest
writers never let objects overlap (ISO 32000-2 cl. 7.3.10).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import PdfError, Stream

from idservice.pdf.raw_objects import RawReader

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.frame import PdfData
    from idservice.pdf.revisions import RevisionHistory, XrefSection

_AT_OFFSET = 1
_WHITE = rb"[\x00\t\n\x0c\r ]"
# Possessive throughout: each byte is looked at once.
_INNER = rb"\((?:[^()\\]++|\\.)*+\)"
_MIDDLE = rb"\((?:[^()\\]++|\\.|" + _INNER + rb")*+\)"
_STRING = rb"\((?:[^()\\]++|\\.|" + _MIDDLE + rb")*+\)"
# An object up to its end or its stream, unless brackets in its strings nest deeper.
_SIMPLE = re.compile(
    _WHITE + rb"*+\d++" + _WHITE + rb"++\d++" + _WHITE + rb"++obj"
    rb"(?:[^(%/es<]++|<[0-9A-Fa-f]*+|/[^\x00\t\n\x0c\r ()<>\[\]{}/%]*+|%[^\r\n]*+"
    rb"|" + _STRING + rb"|e(?!ndobj)|s(?!tream))*+"
    rb"(endobj|stream)",
    re.DOTALL,
)
_HEADER = re.compile(_WHITE + rb"*+\d++" + _WHITE + rb"++\d++" + _WHITE + rb"++obj")
_STREAM = re.compile(rb"(?:" + _WHITE + rb"++|%[^\r\n]*+)*+stream")
_ENDSTREAM = b"endstream"
_LINE_END_BYTES = 2


@dataclass(frozen=True, slots=True)
class Gap:
    """What a signature leaves out: [start, stop), and the object that the signature is in."""

    owner: int
    start: int
    stop: int


def shared_gaps(
    document: PdfDocument, history: RevisionHistory, gaps: Iterable[Gap]
) -> frozenset[Gap]:
    """Return the gaps into which another object or a cross-reference section reaches.

    Raises MalformedPdf when an object cannot be read at its place.
    """
    left = sorted(set(gaps), key=lambda item: item.start)
    found: set[Gap] = set()
    owners: set[Gap] = set()
    limit = max((item.stop for item in left), default=0)
    for number, start, end in _extents(document, history, limit) if left else ():
        # Gaps are few. One that was found is not looked at again.
        for gap in left[: bisect_left(left, end, key=_start)]:
            if gap.stop <= start:
                continue
            if gap.owner == number and gap not in owners:
                # Another generation of the same number would be another object.
                owners.add(gap)
                continue
            found.add(gap)
        left = [item for item in left if item not in found] if found else left
    return frozenset(found)


def _start(gap: Gap) -> int:
    return gap.start


def _extents(
    document: PdfDocument, history: RevisionHistory, limit: int
) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of everything in use that starts before a limit."""
    base = document.frame.header_offset
    reader = RawReader(document.data)
    for objgen, entry in document.pdf.get_xref_table().items():
        if entry.type == _AT_OFFSET and entry.offset is not None and entry.offset + base < limit:
            start = entry.offset + base
            yield objgen[0], start, _end(document, reader, objgen, start)
    for section in history.sections:
        # Number 0 is never in use: no signature is in it.
        yield 0, section.start, _section_end(document.data, section)


def _end(document: PdfDocument, reader: RawReader, objgen: tuple[int, int], start: int) -> int:
    data = document.data
    simple = _SIMPLE.match(data, start)
    if simple is not None:
        return (
            simple.end() if simple[1] == b"endobj" else _stream_end(document, objgen, simple.end())
        )
    header = _HEADER.match(data, start)
    end = reader.node(start if header is None else header.end()).end
    stream = _STREAM.match(data, end)
    return end if stream is None else _stream_end(document, objgen, stream.end())


def _stream_end(document: PdfDocument, objgen: tuple[int, int], start: int) -> int:
    """The furthest byte that a reader may take for the stream, by its length or its end mark."""
    end = start + _length(document, objgen)
    if not document.faults:
        return end
    searched = bytes(document.data) if isinstance(document.data, memoryview) else document.data
    return max(end, searched.find(_ENDSTREAM, start))


def _length(document: PdfDocument, objgen: tuple[int, int]) -> int:
    """How many bytes follow the word `stream`: at most a line end, and the data."""
    item = document.pdf.get_object(objgen)
    if not isinstance(item, Stream):
        return 0
    try:
        return _LINE_END_BYTES + int(item["/Length"])
    except (KeyError, TypeError, ValueError, PdfError):
        return len(document.data)


def _section_end(data: PdfData, section: XrefSection) -> int:
    length = section.trailer.integer("Length")
    stream = _STREAM.match(data, section.trailer.end)
    if stream is None or length is None:
        return section.end
    return max(section.end, stream.end() + _LINE_END_BYTES + length)
