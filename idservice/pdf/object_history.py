"""Which objects each revision of a file changes, from one signed revision to the newest.

Cross-reference sections say which objects a revision brought. Each is read as it was and
as it is, and counts as changed when the two differ in value. A revision costs what it
brought, not the size of the file, so thousands of them are read in one pass. Nothing is
believed of single sections: in the end the places of all objects must be those from which
qpdf read the newest revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.pdf.decryption import Decryptor
from idservice.pdf.object_values import Reference, Value, read_value
from idservice.pdf.stored_objects import ObjectFile, StoredObject, malformed
from idservice.pdf.xref_entries import (
    AT_OFFSET,
    FREE,
    IN_STREAM,
    Entry,
    stream_entries,
    table_entries,
)

if TYPE_CHECKING:
    from idservice.pdf.document import PdfDocument
    from idservice.pdf.revisions import Revision, RevisionHistory, XrefSection

Lookup = Callable[[int], Entry | None]

# How often one value may be found to be a reference to another reference.
_MAX_HOPS = 8


class View:
    """All objects of a file as one revision has them."""

    def __init__(self, file: ObjectFile, lookup: Lookup, root: Reference) -> None:
        """Look at the objects that entries name; `lookup` gives the entry for a number."""
        self._file = file
        self._lookup = lookup
        self.root = root

    def get(self, reference: Reference) -> StoredObject | None:
        """Return an object, or None for one that is null. Raises MalformedPdf."""
        entry = self._lookup(reference.number)
        if entry is None or entry.kind == FREE or entry.generation != reference.generation:
            return None
        return self.at(reference.number, entry)

    def at(self, number: int, entry: Entry) -> StoredObject:
        """Return the object that an entry in use names. Raises MalformedPdf."""
        if entry.kind == AT_OFFSET:
            return self._file.at_offset(number, entry.extra, entry.place, self._length)
        container = entry.place, self._container(entry.place)
        return self._file.in_stream(number, entry.extra, container, self._length)

    def object_stream(self, number: int) -> bytes:
        """Return what is in an object stream, decoded. Raises MalformedPdf."""
        return self._file.object_stream(number, self._container(number), self._length).data

    def members(self, number: int) -> list[int]:
        """Return which objects an object stream says to hold. Raises MalformedPdf."""
        return self._file.object_stream(number, self._container(number), self._length).numbers

    def decoded(self, reference: Reference) -> bytes:
        """Return the data of a stream without its filters. Raises MalformedPdf."""
        stored = self.get(reference)
        if stored is None or stored.span is None:
            raise malformed(f"object {reference.number} is no stream")
        return self._file.decoded(stored, reference)

    def _container(self, number: int) -> int:
        holder = self._lookup(number)
        if holder is None or holder.kind != AT_OFFSET:
            raise malformed(f"the object stream {number} does not exist")
        return holder.place

    def entry(self, number: int) -> Entry | None:
        """Return the entry of an object that is in use, or None."""
        entry = self._lookup(number)
        return None if entry is None or entry.kind == FREE else entry

    def value(self, value: Value) -> Value:
        """Return what a value is when references are followed. Raises MalformedPdf."""
        for _ in range(_MAX_HOPS):
            if not isinstance(value, Reference):
                return value
            found = self.get(value)
            value = None if found is None else found.value
        raise malformed("references go in a circle")

    def dictionary(self, value: Value) -> dict[str, Value]:
        """Return a dictionary, or the one that is referred to; an empty one otherwise."""
        found = self.value(value)
        return found if isinstance(found, dict) else {}

    def items(self, value: Value) -> list[Value]:
        """Return the elements of an array, or of the one that is referred to."""
        found = self.value(value)
        return found if isinstance(found, list) else []

    def _length(self, value: Value) -> int:
        found = self.value(value)
        if not isinstance(found, int):
            raise malformed("a stream does not say how long it is")
        return found


@dataclass(frozen=True, slots=True)
class Difference:
    """One object as it was and as it is; None where it is null."""

    number: int
    old: StoredObject | None
    new: StoredObject | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one revision changed: both views, both trailers, and every object that differs.

    `added` are the numbers that were not in use, `ambiguous` those of which a hybrid section
    has two. What only its stream lists is judged like everything else: a reader that knows only
    tables sees in its place what was there before.
    """

    revision: int
    old: View
    new: View
    old_trailer: dict[str, Value]
    new_trailer: dict[str, Value]
    changed: dict[int, Difference]
    added: frozenset[int]
    ambiguous: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Part:
    """The entries that one revision brings, and its trailer.

    `ambiguous` are the numbers to which the two parts of a hybrid section give two places.
    """

    number: int
    end: int
    entries: dict[int, Entry]
    trailer: dict[str, Value]
    ambiguous: frozenset[int]


class ObjectHistory:
    """The objects of a file over its revisions, from one of them to the newest."""

    def __init__(self, document: PdfDocument, history: RevisionHistory, first: Revision) -> None:
        """Read the cross-references of all revisions. Raises MalformedPdf, InputTooLarge."""
        encryption = document.encryption
        self.base = document.frame.header_offset
        self.data = document.data
        self._file = ObjectFile(
            document.data, self.base, None if encryption is None else Decryptor(encryption)
        )
        parts = list(self._parts(history))
        _require_same_reading(parts, document)
        self._table: dict[int, Entry] = {}
        older = [part for part in parts if part.number <= first.number]
        self._later = [part for part in parts if part.number > first.number]
        for part in older:
            self._table.update(part.entries)
        self.trailer = older[-1].trailer

    @property
    def needed_to_read(self) -> set[int]:
        """Numbers of the objects on which the reading of others depends."""
        return self._file.needed_to_read

    @property
    def view(self) -> View:
        """The objects before the next step, valid until it is taken."""
        return self._view(self._table.get, self.trailer)

    def decoded_stream(self, number: int) -> bytes:
        """Return what is in an object stream, before the next step. Raises MalformedPdf."""
        return self.view.object_stream(number)

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Yield the entries of all objects in use before the next step."""
        return ((number, entry) for number, entry in self._table.items() if entry.kind != FREE)

    def touched(self) -> tuple[frozenset[int], frozenset[int]]:
        """Return the numbers that a later revision may change, and those that it only adds.

        An object in an object stream changes when the stream is replaced.
        """
        entries, changed, seen = dict(self._table), set[int](), set[int]()
        holders = {entry.place for entry in entries.values() if entry.kind == IN_STREAM}
        for part in self._later:
            for number, entry in part.entries.items():
                before = entries.get(number)
                if before != entry:
                    known = before is not None and before.kind != FREE
                    (changed if known else seen).add(number)
                    entries[number] = entry
                    if entry.kind == IN_STREAM:
                        holders.add(entry.place)
        replaced = holders & changed
        if replaced:
            tables = [self._table, *(part.entries for part in self._later)]
            changed |= {
                number
                for table in tables
                for number, entry in table.items()
                if entry.kind == IN_STREAM and entry.place in replaced
            }
        return frozenset(changed), frozenset(seen - changed)

    def steps(self) -> Iterator[Step]:
        """Yield what each later revision changed, oldest first. Raises MalformedPdf."""
        members: dict[int, set[int]] = {}
        for number, entry in self._table.items():
            if entry.kind == IN_STREAM:
                members.setdefault(entry.place, set()).add(number)
        for part in self._later:
            yield self._step(part, members)

    def _step(self, part: _Part, members: dict[int, set[int]]) -> Step:
        before: dict[int, Entry | None] = {}
        for number, entry in part.entries.items():
            old = self._table.get(number)
            if old != entry:
                self._require_inside(number, entry, part)
                before[number] = old
                self._table[number] = entry
        numbers = set(before)
        for number in before:
            numbers |= members.get(number, set())
        for number, old in before.items():
            entry = self._table[number]
            if old is not None and old.kind == IN_STREAM:
                members[old.place].discard(number)
            if entry.kind == IN_STREAM:
                members.setdefault(entry.place, set()).add(number)
        table = self._table.get
        old_view = self._view(
            lambda number: before[number] if number in before else table(number), self.trailer
        )
        new_view = self._view(table, part.trailer)
        changed = {item.number: item for item in _differences(old_view, new_view, sorted(numbers))}
        added = frozenset(number for number in before if old_view.entry(number) is None)
        step = Step(
            part.number,
            old_view,
            new_view,
            self.trailer,
            part.trailer,
            changed,
            added,
            part.ambiguous,
        )
        self.trailer = part.trailer
        return step

    def _view(self, lookup: Lookup, trailer: dict[str, Value]) -> View:
        root = trailer.get("Root")
        if not isinstance(root, Reference):
            raise malformed("a trailer names no catalog")
        return View(self._file, lookup, root)

    def _require_inside(self, number: int, entry: Entry, part: _Part) -> None:
        if entry.kind == AT_OFFSET and entry.place + self.base >= part.end:
            raise malformed(f"revision {part.number} places object {number} behind its own end")

    def _parts(self, history: RevisionHistory) -> Iterator[_Part]:
        """Read the sections of each revision, oldest first."""
        groups: dict[int, list[XrefSection]] = {item.number: [] for item in history.revisions}
        numbers = {item.section_start: item.number for item in history.revisions}
        current = None
        for section in history.sections:
            number = numbers.get(section.start)
            if number is not None:
                if current is not None and number >= current:
                    raise malformed("its revisions do not follow one another")
                current = number
            if current is None:
                raise malformed("the newest cross-reference section has no end")
            groups[current].append(section)
        for revision in history.revisions:
            sections = groups[revision.number]
            if any(section.end > revision.end for section in sections):
                raise malformed("a revision needs cross-references that were appended later")
            yield self._part(revision, sections)

    def _part(self, revision: Revision, sections: list[XrefSection]) -> _Part:
        """Put the sections of one revision over one another; they come newest first."""
        entries: dict[int, Entry] = {}
        hidden: dict[int, Entry] = {}
        ambiguous: set[int] = set()
        trailer: dict[str, Value] = {}
        pointers = [section.trailer.integer("XRefStm") for section in sections]
        streams = {pointer + self.base for pointer in pointers if pointer is not None}
        for section in reversed(sections):
            found, trailer = self._section(section)
            if section.start in streams:
                # What only some readers see counts where the table says nothing else (7.5.8.4).
                hidden |= found
            else:
                seen = {
                    number: hidden.get(number, entry) if entry.kind == FREE else entry
                    for number, entry in found.items()
                }
                ambiguous |= {n for n, entry in hidden.items() if seen.get(n, entry) != entry}
                entries |= hidden | seen
                hidden = {}
        return _Part(revision.number, revision.end, entries, trailer, frozenset(ambiguous))

    def _section(self, section: XrefSection) -> tuple[dict[int, Entry], dict[str, Value]]:
        """Read the entries of one section, and its trailer."""
        if section.table is not None:
            trailer, _ = read_value(self.data, section.trailer.start)
            if not isinstance(trailer, dict):
                raise malformed("a trailer is no dictionary")
            return table_entries(self.data, section.table, self.base), trailer
        stored, rows = self._file.section(section.start)
        return stream_entries(stored.entries, rows), stored.entries


def _require_same_reading(parts: list[_Part], document: PdfDocument) -> None:
    """Require every object to be where qpdf found it; there must be one reading of a file."""
    table: dict[int, Entry] = {}
    for part in parts:
        table.update(part.entries)
    ours = {
        (number, entry.generation): entry for number, entry in table.items() if entry.kind != FREE
    }
    theirs = {
        objgen: Entry(AT_OFFSET, item.offset or 0, objgen[1])
        if item.obj_stream_number is None
        else Entry(IN_STREAM, item.obj_stream_number, item.obj_stream_index or 0)
        for objgen, item in document.pdf.get_xref_table().items()
        # Nothing is at the header; such an entry is null for every reader.
        if item.offset != 0
    }
    if ours != theirs:
        number = min(ours.items() ^ theirs.items())[0][0]
        raise malformed(f"it is not certain where object {number} stands")


def _differences(old: View, new: View, numbers: list[int]) -> Iterator[Difference]:
    for number in numbers:
        before, after = old.entry(number), new.entry(number)
        was = None if before is None else old.at(number, before)
        now = None if after is None else new.at(number, after)
        if before is not None and after is not None and before.generation != after.generation:
            now = None
        if (was is None) is not (now is None) or (was is not None and not was.same(now)):
            yield Difference(number, was, now)
