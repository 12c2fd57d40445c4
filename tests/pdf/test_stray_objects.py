"""Objects in updates that no cross-reference leads to: found, and not confused with attachments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import MalformedPdf
from idservice.pades.facts import read_facts
from idservice.pdf.frame import read_frame
from idservice.pdf.revisions import read_history
from idservice.pdf.stray_objects import require_no_strays
from support import pdfs
from support.pdfs import append_table, plain_objects, stream, table_pdf
from support.signing import signed

SIGNED = signed(pdfs.build("version-1.4").data)
STRAY = b"5 0 obj\n<< /Type /Font /BaseFont /Other >>\nendobj\n"


def check(data: bytes) -> None:
    """Look for strays in a file."""
    require_no_strays(data, read_history(data, read_frame(data)))


def update_with(extra: bytes, objects: dict[int, bytes] | None = None) -> bytes:
    """Append an update that has further bytes in front of its own objects."""
    return append_table(SIGNED + extra, objects or {5: pdfs.FONT}, size=20)


def test_our_own_updates_have_none() -> None:
    """What signing appends is listed, whatever kind of cross-references the file has."""
    for name in ("baseline", "xref-stream", "hybrid", "linearised", "incremental-update"):
        check(signed(signed(pdfs.build(name).data)))


@pytest.mark.parametrize(
    "extra",
    [
        STRAY,
        STRAY.replace(b"5 0", b"77 0"),
        STRAY.replace(b"5 0 obj", b"5\r\n0\tobj"),
        b"% a comment\n" + STRAY,
        b"9 0 obj\n" + STRAY,
    ],
)
def test_an_object_that_nothing_leads_to(extra: bytes) -> None:
    """The file is refused: nobody signs it, and its signature is not relied upon."""
    data = update_with(extra)
    with pytest.raises(MalformedPdf, match="no cross-reference leads"):
        check(data)
    with pytest.raises(MalformedPdf):
        signed(data)
    (facts,) = read_facts(data).signatures
    assert "pdf_damaged" in {item.code for item in facts.findings}
    assert facts.integrity.value == "intact"


@pytest.mark.parametrize(
    "objects",
    [
        {6: stream(b"attached:\n" + STRAY)},
        {6: b"<< /Length 7 0 R >>\nstream\n" + STRAY + b"\nendstream", 7: b"%d" % len(STRAY)},
        {6: b"(text with 5 0 obj in it)"},
        {6: b"<< /T (5 0 obj) >>"},
    ],
    ids=["stream", "stream of indirect length", "string", "string in a dictionary"],
)
def test_what_stands_inside_an_object_is_no_object(objects: dict[int, bytes]) -> None:
    """An attached PDF, or a text about one, has no objects of the file."""
    check(update_with(b"", objects))


def test_an_object_behind_the_end_of_a_stream() -> None:
    """The stream covers what its length says and no more."""
    inside = stream(b"x" * 100)
    with pytest.raises(MalformedPdf, match="no cross-reference leads"):
        check(update_with(b"", {6: inside + b"\nendobj\n" + STRAY}))


def test_the_first_revision_is_not_searched() -> None:
    """What stands in the original is part of what everybody signs or nobody does."""
    original = table_pdf(plain_objects()).replace(b"xref\n0", STRAY + b"xref\n0", 1)
    start = original.index(b"xref\n0")
    head, _, _ = original.rpartition(b"startxref")
    data = head + b"startxref\n%d\n%%%%EOF\n" % start
    check(data)
    check(signed(data))


@given(st.binary(max_size=60).filter(lambda content: b"startxref" not in content))
def test_any_bytes_in_a_stream_are_accepted(content: bytes) -> None:
    """Nothing in a stream is an object of the file; a startxref near the end is refused anyway."""
    check(update_with(b"", {6: stream(content + b" 5 0 obj ")}))
