"""Objects that reach into a gap: streams, strings and cross-reference sections, each alone."""

import pytest

from idservice.pdf.document import open_document
from idservice.pdf.overlaps import Gap, shared_gaps
from idservice.pdf.revisions import read_history
from support.pdfs import plain_objects, stream, stream_pdf, table_pdf

MARK = b"here are the bytes"


def is_shared(data: bytes, *, owner: int = 99) -> bool:
    """Whether something in a file other than the owner reaches to the mark."""
    document = open_document(data)
    start = data.index(MARK)
    gap = Gap(owner, start, start + len(MARK))
    return shared_gaps(document, read_history(data, document.frame), [gap]) == {gap}


HOLDERS = {
    "stream": stream(MARK),
    "stream of indirect length": b"<< /Length 7 0 R >>\nstream\n" + MARK + b"\nendstream",
    "stream with a bracket": stream(b"((((" + MARK, b"/A (1(2(3(4)))) "),
    "string": b"(" + MARK + b")",
    "deep string": b"[(1(2(3(4(5" + MARK + b")))))]",
    "string after a name": b"<< /endobj (" + MARK + b") >>",
    "string after a comment": b"<< /A % endobj )\n(" + MARK + b") >>",
    "string with escapes": b"<< /A (\\)endobj " + MARK + b") >>",
}


@pytest.mark.parametrize("name", list(HOLDERS))
def test_every_kind_of_object_is_followed_to_its_end(name: str) -> None:
    """An object that holds the bytes reaches into the gap, unless the signature is in it."""
    data = table_pdf(plain_objects(o6=HOLDERS[name], o7=b"%d" % len(MARK)))
    assert is_shared(data)
    assert not is_shared(data, owner=6)


@pytest.mark.parametrize("tail", [b"", b"% comment\n", b"9 0 obj (unused) endobj\n"])
def test_bytes_between_objects_are_in_none(tail: bytes) -> None:
    """What no object holds is shared with none, wherever objects end."""
    data = table_pdf(plain_objects(o6=b"(a(b(c(d(e)))))"), end=b"\n" + tail + MARK)
    document = open_document(data)
    start = data.index(MARK)
    gap = Gap(99, start, len(data))
    assert shared_gaps(document, read_history(data, document.frame), [gap]) == frozenset()


def test_without_gaps_nothing_is_read() -> None:
    """A file without signatures has no gap to reach into."""
    data = table_pdf(plain_objects())
    document = open_document(data)
    assert shared_gaps(document, read_history(data, document.frame), []) == frozenset()


def test_a_cross_reference_stream_may_not_span_a_gap() -> None:
    """Entries that nobody signed would say where every object stands."""
    data = stream_pdf(plain_objects(), deflate=False, own_entry=False)
    document = open_document(data)
    history = read_history(data, document.frame)
    end = history.sections[0].end - len(b"\nendstream")
    gap = Gap(99, end - 4, end)
    assert shared_gaps(document, history, [gap]) == {gap}
