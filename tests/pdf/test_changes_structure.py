"""Changes that hide in the structure of a file: streams of objects, sections, generations."""

import time
import zlib

import pikepdf
import pytest

from idservice.pdf.changes import Permission, analyse_changes
from idservice.pdf.document import open_document
from idservice.pdf.frame import read_frame
from idservice.pdf.object_history import ObjectHistory
from idservice.pdf.revisions import read_history
from support import pdfs
from support.later_revisions import (
    ANNOTATIONS,
    CATALOG,
    FORM,
    HONEST,
    OBJECTS,
    PAGE,
    SIGNED,
    TIME_STAMP,
    WIDGET,
    append,
    changes,
    codes,
    worst,
)
from support.pdf_writing import IDENTIFIER, stream, stream_pdf, table_pdf
from support.signing import signed

PERMITTED, UNJUDGED, FORBIDDEN = Permission
PACKED = stream_pdf(OBJECTS, compressed=(1, 2, 3, 5, 6, 7, 9, 10, 11))
"""The signed document with most objects in the object stream 34; its section is 35."""

Rows = dict[int, tuple[int, int, int]]


def append_stream(data: bytes, objects: dict[int, bytes], rows: Rows | None = None) -> bytes:
    """Append a revision with a cross-reference stream; `rows` adds entries as they are given."""
    previous = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    out = bytearray(data)
    entries = dict(rows or {})
    for number, body in sorted(objects.items()):
        entries[number] = 1, len(out), 0
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    own = max(36, *(number + 1 for number in entries))
    startxref = len(out)
    entries[own] = 1, startxref, 0
    table = b"".join(
        bytes((kind,)) + place.to_bytes(4, "big") + extra.to_bytes(2, "big")
        for _, (kind, place, extra) in sorted(entries.items())
    )
    index = b" ".join(b"%d 1" % number for number in sorted(entries))
    head = b"/Type /XRef /W [1 4 2] /Index [%b] /Size %d /Root 1 0 R /Prev %d %b " % (
        index,
        own + 1,
        previous,
        IDENTIFIER,
    )
    out += b"%d 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
        own,
        stream(table, head),
        startxref,
    )
    return bytes(out)


def object_stream(members: dict[int, bytes]) -> bytes:
    """Pack objects into an object stream."""
    head, body = b"", b""
    for number, member in members.items():
        head += b"%d %d " % (number, len(body))
        body += member + b"\n"
    entries = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode " % (len(members), len(head))
    return stream(zlib.compress(head + body), entries)


def test_a_signature_in_a_packed_file_is_permitted() -> None:
    """Objects in object streams are compared like any other, and so are those added in one."""
    packed = {number: HONEST[number] for number in (3, 6, 40)}
    rows = {number: (2, 42, index) for index, number in enumerate(packed)}
    data = append_stream(PACKED, {41: HONEST[41], 42: object_stream(packed)}, rows)
    assert codes(changes(data)) == {"signature-added"}
    assert worst(changes(data)) is PERMITTED


MEMBERS = {number: OBJECTS[number] for number in (1, 2, 3, 5, 6, 7, 9, 10, 11)}


def test_an_object_stream_written_again_is_permitted() -> None:
    """The container may be replaced when every object in it stays what it was."""
    assert changes(append_stream(PACKED, {34: object_stream(MEMBERS)})) == []


@pytest.mark.parametrize("number", [1, 3, 5, 7, 9, 11])
def test_an_object_stream_cannot_bring_other_objects(number: int) -> None:
    """A container that is replaced changes what is in it, though no entry names the objects."""
    other = OBJECTS[number].replace(b"]", b" 7]", 1).replace(b"Helvetica", b"Courier")
    other = other.replace(b"/Type /Catalog", b"/Type /Catalog /Lang (en)")
    assert other != OBJECTS[number]
    data = append_stream(PACKED, {34: object_stream(MEMBERS | {number: other})})
    assert worst(changes(data)) in (FORBIDDEN, UNJUDGED)
    assert changes(data)


def test_an_entry_may_not_point_to_another_place_in_the_signed_part() -> None:
    """A section that calls old bytes an object shows what lay hidden in a stream."""
    hidden = OBJECTS | {20: stream(b"\n4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n")}
    base = table_pdf(hidden, trailer=IDENTIFIER)
    place = base.index(b"4 0 obj\n<< /Length 0 ")
    data = append_stream(base, {}, {4: (1, place, 0)})
    found = changes(data)
    assert (codes(found), worst(found)) == ({"page-content-changed"}, FORBIDDEN)


def test_hidden_objects_of_a_stream_are_seen() -> None:
    """An object that only a cross-reference stream lists counts like one of a table."""
    data = append_stream(SIGNED, {4: stream(b"BT (Pay 999 euros) Tj ET")})
    found = changes(data)
    assert worst(found) is FORBIDDEN
    assert "page-content-changed" in codes(found)


def hybrid_update(rows: dict[int, int], table: bytes, objects: bytes = b"") -> bytes:
    """Append objects with a stream that lists `rows` for some readers, and a table for all.

    Rows are offsets from the end of the signed file; the stream itself is object 35.
    """
    base = bytearray(SIGNED + objects)
    section = len(base)
    previous = int(SIGNED[SIGNED.rindex(b"startxref") + 9 :].split()[0])
    places = {**{number: len(SIGNED) + place for number, place in rows.items()}, 35: section}
    data = b"".join(
        b"\x01" + place.to_bytes(4, "big") + b"\0\0" for _, place in sorted(places.items())
    )
    index = b" ".join(b"%d 1" % number for number in sorted(places))
    entries = b"/Type /XRef /W [1 4 2] /Index [%b] /Size 36 /Root 1 0 R " % index
    base += b"35 0 obj\n%b\nendobj\n" % stream(data, entries)
    startxref = len(base)
    trailer = b"/Size 36 /Root 1 0 R /Prev %d /XRefStm %d %b /Info 24 0 R" % (
        previous,
        section,
        IDENTIFIER,
    )
    base += b"xref\n%btrailer\n<< %b >>\n" % (table, trailer)
    return bytes(base) + b"startxref\n%d\n%%%%EOF\n" % startxref


def test_what_a_hybrid_section_adds_is_judged_like_everything_else() -> None:
    """An object that only readers of hybrid files see replaces nothing for anybody."""
    found = changes(hybrid_update({}, b"0 0\n"))
    assert "hybrid-object-differs" not in codes(found)
    assert worst(found) is not FORBIDDEN


def test_what_a_hybrid_section_replaces_is_judged_like_everything_else() -> None:
    """A page that only readers of hybrid files see changed is a changed page."""
    other = b"4 0 obj\n%b\nendobj\n" % stream(b"BT (Pay 999 euros) Tj ET")
    found = changes(hybrid_update({4: 0}, b"0 0\n", other))
    assert "page-content-changed" in codes(found)
    assert worst(found) is FORBIDDEN


def test_table_and_stream_of_a_hybrid_section_agree() -> None:
    """An object with two places in one section is another one for some readers."""
    same = b"4 0 obj\n%b\nendobj\n" % OBJECTS[4]
    second = len(SIGNED) + len(same)
    table = b"4 1\n%010d 00000 n \n" % second
    found = changes(hybrid_update({4: 0}, table, same + same))
    assert "hybrid-object-differs" in codes(found)


def test_another_generation_is_another_object() -> None:
    """An object may not be replaced by one of the same number and a later generation."""
    table = append(SIGNED, {4: OBJECTS[4]})
    place = table.rindex(b"4 0 obj")
    data = bytearray(table)
    data[place : place + 7] = b"4 1 obj"
    row = data.rindex(b"%010d 00000 n" % place)
    data[row : row + 18] = b"%010d 00001 n" % place
    history = read_history(bytes(data), read_frame(bytes(data)))
    document = open_document(bytes(data))
    found = analyse_changes(document, history, history.revisions[0])
    assert worst(found) in (FORBIDDEN, UNJUDGED)


def test_the_length_of_an_object_stream_may_not_change() -> None:
    """A number on which the reading of other objects depends stays what it is."""
    members = {20: b"<< /Unused true >>"}
    packed = object_stream(members)
    size = int(packed.split(b"/Length ")[1].split()[0])
    indirect = packed.replace(b"/Length %d" % size, b"/Length 37 0 R", 1)
    base = append_stream(PACKED, {36: indirect, 37: b"%d" % size}, {20: (2, 36, 0)})
    data = append_stream(base, {37: b"%d %% again" % size, 4: OBJECTS[4]})
    assert worst(changes(data, signed=2)) is None
    longer = append_stream(base, {37: b"%d" % (size + 1)})
    assert worst(changes(longer, signed=2)) in (FORBIDDEN, UNJUDGED)


def test_overlapping_objects_are_not_compared() -> None:
    """An object inside another one would be read in two ways, so nothing is said about it."""
    nested = b"<< /Unused (\n4 0 obj\n(Pay 100 euros)\nendobj\n) /More 16 0 R >>"
    base = table_pdf(OBJECTS | {20: nested}, trailer=IDENTIFIER)
    place = base.index(b"4 0 obj\n(Pay")
    base = append_stream(base, {}, {4: (1, place, 0)})
    found = changes(append_stream(base, {19: b"[17 0 R]"}), signed=2)
    assert (codes(found), worst(found)) == ({"revision-unreadable"}, UNJUDGED)


def test_places_behind_the_revision_are_refused() -> None:
    """A revision that needs what came later was not what anybody saw at its time."""
    first = append(SIGNED, {20: b"<< /Unused 1 >>"})
    row = b"%010d 00000 n" % first.rindex(b"20 0 obj")
    second = append(first, {20: b"<< /Unused 2 >>"})
    later = second.rindex(b"20 0 obj")
    forward = second.replace(row, b"%010d 00000 n" % later, 1)
    found = changes(forward)
    assert (codes(found), worst(found)) == ({"revision-unreadable"}, UNJUDGED)


ENCRYPTED = [name for name in pdfs.ALL if "encrypted" in name or "password" in name]


@pytest.mark.parametrize("name", ENCRYPTED)
def test_encrypted_documents_are_compared_in_clear(name: str) -> None:
    """Strings that are encrypted again, with another vector, are the same strings."""
    case = pdfs.build(name)
    once = signed(case.data, password=case.password)
    twice = signed(once, password=case.password)
    revisions = read_history(twice, read_frame(twice)).revisions
    found = changes(twice, signed=len(revisions) - 1, password=case.password)
    assert (codes(found), worst(found)) == ({"signature-added"}, PERMITTED)


@pytest.mark.parametrize("name", [name for name in ENCRYPTED if "streams" not in name])
def test_encryption_hides_no_change(name: str) -> None:
    """A stream that was replaced in an encrypted document is another stream."""
    case = pdfs.build(name)
    document = open_document(case.data, password=case.password)
    content = document.pages.first_page["/Contents"].objgen[0]
    root = b"%d %d R" % document.catalog.objgen
    trailer = b"/Encrypt %d %d R /ID %b" % (
        *document.trailer["/Encrypt"].objgen,
        document.trailer["/ID"].unparse(),
    )
    data = append(case.data, {content: stream(b"BT ET")}, root=root, trailer=trailer)
    found = changes(data, password=case.password)
    assert (codes(found), worst(found)) == ({"page-content-changed"}, FORBIDDEN)


def long_series(count: int) -> bytes:
    """A document with this many revisions, each with validation data or a time-stamp."""
    data = bytearray(SIGNED)
    fields, certificates = b"", b""
    previous = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    size = 40
    for number in range(count):
        new = size
        if number % 2:
            fields += b" %d 0 R" % new
            objects = {
                new: WIDGET % (b"Sig", b"T%d" % number, b"/Rect [0 0 0 0] /V %d 0 R " % (new + 1)),
                new + 1: TIME_STAMP,
                6: FORM % (fields, b""),
                3: PAGE % (b"4 0 R", ANNOTATIONS % fields),
            }
        else:
            certificates += b" %d 0 R" % new
            objects = {new: stream(b"certificate"), 19: b"[17 0 R%b]" % certificates}
        rows = []
        for key, body in sorted(objects.items()):
            rows.append(b"%d 1\n%010d 00000 n \n" % (key, len(data)))
            data += b"%d 0 obj\n%b\nendobj\n" % (key, body)
        size += 2
        startxref = len(data)
        data += b"xref\n%btrailer\n<< /Size %d /Root 1 0 R /Prev %d /Info 24 0 R %b >>\n" % (
            b"".join(rows),
            max(objects) + 1,
            previous,
            IDENTIFIER,
        )
        data += b"startxref\n%d\n%%%%EOF\n" % startxref
        previous = startxref
    return bytes(data)


def analysed(data: bytes) -> tuple[float, int]:
    """Return the CPU time of an analysis in seconds, and how many changes it permits."""
    history = read_history(data, read_frame(data))
    document = open_document(data)
    started = time.process_time()
    found = analyse_changes(document, history, history.revisions[0])
    took = time.process_time() - started
    assert worst(found) is PERMITTED
    return took, len(found)


@pytest.mark.slow
def test_many_revisions_cost_what_they_bring() -> None:
    """Time grows with the bytes of the revisions, and not with their square."""
    short, long = long_series(450), long_series(1800)
    analysed(short)
    (few, few_found), (many, many_found) = analysed(short), analysed(long)
    assert (few_found, many_found) == (450, 1800)
    growth = (len(long) - len(SIGNED)) / (len(short) - len(SIGNED))
    assert growth > 10
    assert many < 4 * growth * max(few, 0.05)
    assert many < 30


def test_every_view_reads_objects_as_they_were() -> None:
    """The history gives each object as of each revision, and says which of them are new."""
    data = append(append(SIGNED, HONEST), {4: stream(b"later")})
    document = open_document(data)
    history = read_history(data, read_frame(data))
    steps = list(ObjectHistory(document, history, history.revisions[0]).steps())
    assert [sorted(step.changed) for step in steps] == [[3, 6, 40, 41], [4]]
    assert [sorted(step.added) for step in steps] == [[40, 41], []]
    assert CATALOG % b"" in data
    assert isinstance(document.pdf, pikepdf.Pdf)
