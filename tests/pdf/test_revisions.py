"""Revisions read from the bytes: where each part ends, and chains that are broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import InputTooLarge, MalformedInput, MalformedPdf
from idservice.pades.facts import read_facts
from idservice.pdf import hybrid, revisions
from idservice.pdf.frame import read_frame
from idservice.pdf.revisions import RevisionHistory, read_history
from support import pdfs
from support.pdfs import append_table, hybrid_pdf, plain_objects, saved, stream_pdf, table_pdf
from support.signing import signed

PLAIN = table_pdf(plain_objects())


def history(data: bytes) -> RevisionHistory:
    """Read the revisions of a file."""
    return read_history(data, read_frame(data))


def test_a_plain_file_is_one_revision() -> None:
    """One section, one revision, ending with the file."""
    found = history(PLAIN)
    assert [(item.number, item.end) for item in found.revisions] == [(1, len(PLAIN))]
    assert len(found.sections) == 1


def test_each_update_is_a_revision() -> None:
    """The end of the input is the end of a revision of the output."""
    second = append_table(PLAIN, {5: pdfs.FONT}, size=6)
    third = append_table(second, {5: pdfs.FONT}, size=6)
    found = history(third)
    assert [item.end for item in found.revisions] == [len(PLAIN), len(second), len(third)]
    first = found.revision_ending_at(len(PLAIN))
    assert first is not None
    assert [item.number for item in found.later_than(first)] == [2, 3]
    assert len(found.sections_of(first)) == 1
    assert found.revision_ending_at(len(PLAIN) - 2) is None


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
def test_one_line_end_belongs_to_the_revision(end: bytes) -> None:
    """%%EOF and at most one end-of-line marker."""
    data = table_pdf(plain_objects(), end=end)
    assert history(data).revisions[0].end == len(data)
    assert history(data + b"\n\n").revisions[0].end <= len(data) + 1


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
def test_a_revision_may_end_before_its_line_end(end: bytes) -> None:
    """Whoever appends may add the line end: the bytes up to %%EOF are the revision as well."""
    data = table_pdf(plain_objects(), end=end)
    marker = data.rindex(b"%%EOF") + 5
    found = history(append_table(data, {5: pdfs.FONT}, size=6))
    first = found.revisions[0]
    for stop in range(marker, len(data) + 1):
        assert found.revision_ending_at(stop) == first
    assert found.revision_ending_at(marker - 1) is None
    assert found.revision_ending_at(len(data) + 1) is None


def test_a_previous_section_at_zero_is_none() -> None:
    """/Prev 0 names no section: the history ends there."""
    found = history(table_pdf(plain_objects(), trailer=b"/Prev 0"))
    assert (len(found.sections), len(found.revisions)) == (1, 1)


def test_what_follows_the_last_marker_belongs_to_the_whole_file() -> None:
    """A range up to the end of the file covers the last revision, blanks included."""
    data = PLAIN + b"\n\n"
    found = history(data)
    assert found.revision_ending_at(len(data)) == found.revisions[0]


@pytest.mark.parametrize(
    "data",
    [
        stream_pdf(plain_objects()),
        stream_pdf(plain_objects(), compressed=(3, 5)),
        saved(PLAIN, linearize=True),
        table_pdf(plain_objects(), junk=b"junk in front\n"),
        table_pdf(plain_objects(), eol=b"\r\n"),
        table_pdf(plain_objects(), eol=b"\r"),
    ],
    ids=["stream", "object stream", "linearised", "junk", "CRLF", "CR"],
)
def test_every_kind_of_file_is_one_revision(data: bytes) -> None:
    """Tables, streams and linearised files end where the file ends."""
    found = history(data)
    assert [item.end for item in found.revisions] == [len(data)]


def test_a_hybrid_file_ends_with_its_table() -> None:
    """The stream that a table names with /XRefStm is one of the sections read."""
    data = hybrid_pdf()
    found = history(data)
    assert found.revisions[-1].end == len(data)
    assert len(found.sections) > len(found.revisions) - 1
    assert any(section.trailer.get("W") for section in found.sections)


def changed(old: bytes, new: bytes, data: bytes = PLAIN) -> bytes:
    """Replace the last occurrence of something."""
    assert old in data
    head, _, tail = data.rpartition(old)
    return head + new + tail


LOOP = changed(b"/Root", b"/Prev %d /Root" % PLAIN.rindex(b"xref\n0"))
BROKEN: dict[str, bytes] = {
    "a section outside the file": changed(b"/Root", b"/Prev 99999 /Root"),
    "a negative section": changed(b"/Root", b"/Prev -5 /Root"),
    "a section that is none": changed(b"/Root", b"/Prev 10 /Root"),
    "a section in a circle": LOOP,
    "a table without trailer": changed(b"trailer", b"tr4iler"),
    "a table longer than the file": changed(b"xref\n0 6", b"xref\n0 999999"),
    "an entry that is none": changed(b" 00000 n", b" 0000X n"),
    "a trailer that is no dictionary": changed(b"<< /Size", b"[] << /Size"),
    "a stream that does not end": stream_pdf(plain_objects()).replace(b"endstream", b"endStream"),
    "a stream that is a number": changed(b"xref\n0", b"9 0 obj 5 endstream\nxref\n0", PLAIN),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_chain_is_refused(name: str) -> None:
    """Each break in the chain raises MalformedPdf."""
    with pytest.raises(MalformedPdf):
        history(BROKEN[name])


def test_entries_of_another_length_are_followed() -> None:
    """Tables with shorter lines are read line by line."""
    data = PLAIN.replace(b" n \n", b" n\n").replace(b" f \n", b" f\n")
    assert len(history(data).revisions) == 1


def test_a_chain_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of tiny updates are refused, not followed for ever."""
    monkeypatch.setattr(revisions, "MAX_SECTIONS", 3)
    data = PLAIN
    for _ in range(5):
        data = append_table(data, {5: pdfs.FONT}, size=6)
    with pytest.raises(InputTooLarge, match="more than 3 revisions"):
        history(data)


@given(st.integers(0, len(PLAIN) - 1), st.binary(min_size=1, max_size=3))
def test_damage_raises_only_errors_about_the_input(position: int, piece: bytes) -> None:
    """Whatever is overwritten, the reader answers or raises an error about the input."""
    data = PLAIN[:position] + piece + PLAIN[position + len(piece) :]
    try:
        found = history(data)
    except MalformedInput:
        return
    assert all(item.end <= len(data) for item in found.revisions)


def many_updates(data: bytes, count: int) -> bytes:
    """Append many small updates, as a program that saves after every change does."""
    out = bytearray(data)
    previous = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    for index in range(count):
        start = len(out)
        out += b"5 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /F%d >>\nendobj\n" % index
        section = len(out)
        out += b"xref\n5 1\n%010d 00000 n \ntrailer\n" % start
        out += b"<< /Size 6 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (previous, section)
        previous = section
    return bytes(out)


def test_thousands_of_revisions_are_read_and_signed() -> None:
    """A file that was updated 5,000 times opens, is signed, and its signature is read."""
    data = many_updates(PLAIN, 5_000)
    done = signed(data)
    found = history(done)
    assert len(found.revisions) == 5_002
    (facts,) = read_facts(done).signatures
    assert (facts.integrity.value, facts.findings) == ("intact", ())
    assert facts.revision == 5_002


def test_no_more_than_can_be_validated_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose revisions nobody would read is refused before it is signed."""
    data = many_updates(PLAIN, 8)
    assert signed(data)
    for module in (revisions, hybrid):
        monkeypatch.setattr(module, "MAX_SECTIONS", 4)
        with pytest.raises(InputTooLarge, match="more than 4 revisions"):
            signed(data)
        monkeypatch.undo()


def test_tables_that_overlap_are_not_searched_again_and_again() -> None:
    """Many tables that share one far trailer are refused after two readings of the file."""
    tables = 500
    middle = b"".join(b"xref\n" for _ in range(tables)) + bytes(20_000)
    start = len(PLAIN)
    trailers = b"".join(b"/Prev %d " % (start + 5 * index) for index in range(tables))
    tail = b"trailer\n<< /Size 6 /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (trailers, start)
    data = PLAIN + middle + tail
    with pytest.raises(MalformedPdf):
        list(hybrid._stream_offsets(data, read_frame(data)))


def test_blanks_before_a_section_are_passed_over() -> None:
    """A startxref that points to blanks in front of a section means that section."""
    base = pdfs.build("xref-stream").data
    old = int(base[base.rindex(b"startxref") + 9 :].split()[0])
    assert len(history(base[:old] + b" " * 30 + base[old:]).revisions) == 1


def test_a_hybrid_stream_may_name_the_previous_section_too() -> None:
    """The stream of a hybrid section that repeats /Prev makes no circle."""
    previous = int(PLAIN[PLAIN.rindex(b"startxref") + 9 :].split()[0])
    row = b"\x01" + len(PLAIN).to_bytes(4, "big") + b"\x00"
    stream = b"9 0 obj\n<< /Type /XRef /W [1 4 1] /Index [9 1] /Size 10 /Length 6 /Prev %d >>\n" % (
        previous
    )
    stream += b"stream\n%b\nendstream\nendobj\n" % row
    table = len(PLAIN) + len(stream)
    data = PLAIN + stream + b"xref\n0 0\ntrailer\n"
    data += b"<< /Size 10 /Root 1 0 R /Prev %d /XRefStm %d >>\n" % (previous, len(PLAIN))
    data += b"startxref\n%d\n%%%%EOF\n" % table
    found = history(data)
    assert [item.section_start for item in found.revisions] == [previous, table]
    assert len(found.sections) == 3
