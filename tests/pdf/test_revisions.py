"""Revisions read from the bytes: where each part ends, and chains that are broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import MalformedInput, MalformedPdf
from idservice.pdf import revisions
from idservice.pdf.frame import read_frame
from idservice.pdf.revisions import RevisionHistory, read_history
from support import pdfs
from support.pdfs import append_table, hybrid_pdf, plain_objects, saved, stream_pdf, table_pdf

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
    with pytest.raises(MalformedPdf, match="too long"):
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
