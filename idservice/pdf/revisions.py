"""The revisions of a PDF, read from the bytes: each appended part and where it ends.

An incremental update appends changed objects, a cross-reference section that points
back with /Prev, and a new startxref and %%EOF (ISO 32000-2 cl. 7.5.6). A signature is
over everything up to the end of one such part. What is said here is only where the
parts are; what an update changed is another question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.frame import FileFrame
from idservice.pdf.limits import MAX_OBJECT_NUMBER, MAX_OBJECTS, MAX_SECTIONS
from idservice.pdf.raw_objects import Node, RawReader, read_indirect, skip

if TYPE_CHECKING:
    from idservice.pdf.frame import PdfData

# In the trailers of all sections together; honest ones have about twenty each.
_MAX_TOKENS = 1_000_000
_ENTRY_BYTES = 20
# How often all sections together may span the file; honest ones do not overlap at all.
_READINGS = 2

_WHITE = rb"[\x00\t\n\x0c\r ]"
_TABLE = re.compile(_WHITE + rb"{0,64}+xref")
_SUBSECTION = re.compile(rb"(\d{1,10}) (\d{1,10})" + _WHITE + rb"*")
_ENTRY_PATTERN = rb"\d{10} \d{5} [nf]" + _WHITE + rb"{0,3}+"
_ENTRY = re.compile(_ENTRY_PATTERN)
_END = re.compile(rb"startxref" + _WHITE + rb"+(\d{1,10})" + _WHITE + rb"+(%%EOF)(?:\r\n|\r|\n)?")
_ENDSTREAM = re.compile(rb"endstream")


@dataclass(frozen=True, slots=True)
class XrefSection:
    """One cross-reference section: where it begins and ends, and its trailer as written.

    `table` is where the word `xref` stands, behind blanks at most; None for a stream.
    """

    start: int
    end: int
    trailer: Node
    table: int | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision: its number from 1, where its newest section begins, and where it ends.

    `end` is behind %%EOF and at most one end-of-line marker, `marker_end` directly behind
    %%EOF. Producers end the signed bytes at either: who appends later may add the line end.
    """

    number: int
    section_start: int
    end: int
    marker_end: int

    def ends_at(self, end: int) -> bool:
        """Whether these bytes are the whole revision: %%EOF, alone or with CR, LF or CRLF."""
        return self.marker_end <= end <= self.end


@dataclass(frozen=True, slots=True)
class RevisionHistory:
    """All revisions of a file, oldest first, and all its sections, newest first."""

    header_offset: int
    size: int
    sections: tuple[XrefSection, ...]
    revisions: tuple[Revision, ...]

    def revision_ending_at(self, end: int) -> Revision | None:
        """Return the revision that ends at this byte.

        What follows the last %%EOF belongs to the last revision when the file ends there.
        """
        last = self.revisions[-1] if self.revisions else None
        if last is not None and end == self.size and last.end <= end:
            return last
        return next((item for item in self.revisions if item.ends_at(end)), None)

    def sections_of(self, revision: Revision) -> tuple[XrefSection, ...]:
        """Return the sections that make up the file as of a revision, newest first."""
        starts = [section.start for section in self.sections]
        return self.sections[starts.index(revision.section_start) :]

    def later_than(self, revision: Revision) -> tuple[Revision, ...]:
        """Return the revisions that were appended after one."""
        return tuple(item for item in self.revisions if item.number > revision.number)


def read_history(data: PdfData, frame: FileFrame) -> RevisionHistory:
    """Follow startxref and /Prev through a file.

    Raises MalformedPdf for a broken chain, InputTooLarge for one that is too long.
    """
    base = frame.header_offset
    sections: list[XrefSection] = []
    seen: set[int] = set()
    pending = [(frame.startxref + base, False)]
    reader = RawReader(data, _MAX_TOKENS)
    spanned = 0
    while pending:
        start, is_hybrid_part = pending.pop()
        if start in seen:
            raise _malformed("the chain of cross-reference sections is circular")
        if len(seen) > MAX_SECTIONS:
            raise InputTooLarge(
                f"The PDF has more than {MAX_SECTIONS} revisions, which is more than are read.",
                "Print or export the document to a new file and sign that.",
            )
        seen.add(start)
        section = read_section(data, start, reader)
        spanned += section.end - section.start
        if spanned > _READINGS * len(data):
            raise _malformed("its cross-reference sections overlap")
        _require_numbers(section.trailer)
        sections.append(section)
        if not is_hybrid_part:
            pending += [(base + offset, hybrid) for offset, hybrid in _older(section.trailer)]
    return RevisionHistory(base, frame.size, tuple(sections), _revisions(data, base, sections))


def read_section(data: PdfData, start: int, reader: RawReader) -> XrefSection:
    """Read one cross-reference table or stream. Raises MalformedPdf."""
    if not 0 <= start < len(data):
        raise _malformed(f"a cross-reference section would be at byte {start}, outside the file")
    if (word := _TABLE.match(data, start)) is not None:
        trailer = reader.node(_table_end(data, word.end()))
        return XrefSection(start, trailer.end, _dictionary(trailer, start), word.end() - 4)
    item = read_indirect(data, start, reader)
    end = _ENDSTREAM.search(data, item.node.end)
    if end is None:
        raise _malformed(f"the cross-reference stream at byte {start} does not end")
    return XrefSection(start, end.end(), _dictionary(item.node, start))


def _table_end(data: PdfData, position: int) -> int:
    """Return where the trailer dictionary of a table begins."""
    position = skip(data, position)
    while (head := _SUBSECTION.match(data, position)) is not None:
        count = int(head[2])
        _require_number(int(head[1]) + count)
        if count > MAX_OBJECTS or count * _ENTRY_BYTES > len(data):
            raise _malformed(
                f"the cross-reference table at byte {position} is longer than the file, or than "
                f"the {MAX_OBJECTS} objects that are read"
            )
        position = _behind_entries(data, head.end(), count)
    if bytes(data[position : position + 7]) != b"trailer":
        raise _malformed(f"a cross-reference table has no trailer at byte {position}")
    return position + 7


def _require_numbers(trailer: Node) -> None:
    """Require what a section says of object numbers to be within what every reader takes."""
    _require_number(trailer.integer("Size") or 0)
    index = trailer.get("Index")
    for item in () if index is None else index.items:
        _require_number(item.value if isinstance(item.value, int) else 0)


def _require_number(number: int) -> None:
    if not 0 <= number <= MAX_OBJECT_NUMBER:
        raise _malformed(
            f"a cross-reference section speaks of the object number {number}, which many programs "
            "take for damage, and then search the file for other objects"
        )


def _behind_entries(data: PdfData, position: int, count: int) -> int:
    end = position + _ENTRY_BYTES * count
    if count == 0 or (_ENTRY.match(data, end - _ENTRY_BYTES) and _ENTRY.match(data, position)):
        return skip(data, end)
    # Entries of another length than 20 bytes: follow them one by one.
    entries = re.compile(b"(?:%b){%d}+" % (_ENTRY_PATTERN, count)).match(data, position)
    if entries is None:
        raise _malformed(f"a cross-reference entry behind byte {position} is malformed")
    return skip(data, entries.end())


def _older(trailer: Node) -> list[tuple[int, bool]]:
    """The offsets that a trailer names: of the previous section and of a hybrid's stream.

    What a hybrid's stream itself names as previous is the same section (cl. 7.5.8.4).
    """
    previous = trailer.integer("Prev")
    # Some producers write 0 where there is no previous section, and every reader takes it so.
    older = [(previous, False)] if previous else []
    hybrid = trailer.integer("XRefStm")
    return older if hybrid is None else [*older, (hybrid, True)]


def _revisions(data: PdfData, base: int, sections: list[XrefSection]) -> tuple[Revision, ...]:
    """Give each section that a startxref points to its end.

    The main section of a linearised file and the stream of a hybrid have none of their
    own: they belong to the revision whose section names them.
    """
    starts = {section.start: section for section in sections}
    ends: dict[int, tuple[int, int]] = {}
    for match in _END.finditer(data):
        start = int(match[1]) + base
        if start in starts and start not in ends and match.start() >= starts[start].end:
            ends[start] = match.end(), match.end(2)
    ordered = sorted((end, start) for start, end in ends.items())
    return tuple(
        Revision(number, start, end, marker_end)
        for number, ((end, marker_end), start) in enumerate(ordered, start=1)
    )


def _dictionary(node: Node, start: int) -> Node:
    if node.kind != "dictionary":
        raise _malformed(f"the cross-reference section at byte {start} has no dictionary")
    return node


def _malformed(what: str) -> MalformedPdf:
    return MalformedPdf(
        f"The revisions of the PDF cannot be told apart: {what}.",
        "Get the file again from its source.",
    )
