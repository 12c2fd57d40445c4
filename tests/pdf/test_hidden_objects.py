"""Objects in clear inside of later revisions, and what makes readers search a file for them."""

import zlib

import pytest

from idservice.errors import MalformedPdf
from idservice.pdf.frame import read_frame
from idservice.pdf.hidden_objects import hidden_objects
from idservice.pdf.revisions import read_history
from support.attack_documents import signed_base
from support.attacks import judge
from support.pdf_writing import stream
from support.revision_writing import OBJECTS, STREAM, TABLE, Revision, start_of_xref

FAKE = b"\n4 0 obj\n" + stream(b"BT /F1 12 Tf 72 740 Td (FAKE) Tj ET") + b"\nendobj\n"
TRAILER = b"\ntrailer\n<< /Size 60 /Root 1 0 R >>\n"
HONEST = "trailer, or 2 objects of 3 obj, see xref"


def update(content: bytes, base: str = TABLE) -> bytes:
    """Append a revision to a signed file that adds one stream."""
    revision = Revision(signed_base(base))
    revision.add(stream(content))
    return revision.build()


def codes(data: bytes) -> set[str]:
    """The codes of all changes after the first signature, and of what fails of it."""
    (signature, *_) = judge(data).signatures
    changed = {item.code for item in signature.facts.changes}
    return changed | {item.code for item in signature.verdict.errors}


@pytest.mark.parametrize("base", [TABLE, STREAM, OBJECTS])
def test_an_object_in_a_later_stream_is_forbidden(base: str) -> None:
    """Whatever kind of cross-references a file has, what hides an object makes it fail."""
    assert {"hidden-objects", "changes_forbidden"} <= codes(update(FAKE, base))


@pytest.mark.parametrize(
    "content",
    [
        TRAILER,
        b"trailer%\n<< /Root 9 0 R >>",
        b"4%x\n0 obj",
        b"4 0 %x\r obj",
        b"%c 4 0 obj",
        b"4" + b" " * 40 + b"0 obj",
        b"4" + b" " * 5000 + b"0 obj",
        b"4 0obj",
    ],
)
def test_every_spelling_of_a_hidden_object(content: bytes) -> None:
    """Comments and blanks between the words hide nothing, nor does a trailer."""
    assert "hidden-objects" in codes(update(content))


def test_words_are_no_objects() -> None:
    """Text that only speaks of objects and trailers is as honest as any."""
    assert "hidden-objects" not in codes(update(HONEST.encode()))


def test_what_was_signed_is_not_searched() -> None:
    """An attached file in the signed revision has objects of its own."""
    data = update(FAKE)
    history = read_history(data, read_frame(data))
    assert not list(hidden_objects(data, history, history.revisions[-1]))
    assert list(hidden_objects(data, history, history.revisions[0]))


def numbered(trigger: bytes) -> bytes:
    """Put a subsection in front of those of the newest table."""
    data = update(b"nothing")
    start = start_of_xref(data)
    return data[:start] + b"xref\n" + trigger + data[start + 5 :]


@pytest.mark.parametrize(
    "trigger",
    [b"2147483640 0\n", b"99999999 1\n0000000000 65535 f \n", b"4194305 0\n"],
)
def test_numbers_beyond_what_readers_take(trigger: bytes) -> None:
    """A subsection that makes a reader give up on the table is damage for all."""
    with pytest.raises(MalformedPdf, match="object number"):
        read_history(data := numbered(trigger), read_frame(data))


@pytest.mark.parametrize("base", [TABLE, STREAM])
def test_a_size_beyond_what_readers_take(base: str) -> None:
    """A /Size that makes a reader give up on the cross-references is damage for all."""
    data = update(b"nothing", base)
    place = data.rindex(b"/Size ") + 6
    end = place + len(data[place:].split()[0])
    assert "pdf_damaged" in codes(data[:place] + b"100000000" + data[end:])


def test_encryption_that_does_not_exist() -> None:
    """A trailer that names nothing as its encryption is refused: some readers then search."""
    data = update(b"nothing")
    head, _, tail = data.rpartition(b"trailer\n<<")
    assert "pdf_damaged" in codes(head + b"trailer\n<< /Encrypt 999 0 R" + tail)


def packed(members: bytes, *, extends: bytes = b"") -> bytes:
    """Append a revision with an object stream of which cross-references place nothing."""
    body = b"%b\n<< /Type /Page >>" % members
    entries = b"/Type /ObjStm /N 1 /First %d %b" % (len(members) + 1, extends)
    revision = Revision(signed_base(STREAM))
    revision.add(stream(zlib.compress(body), entries + b" /Filter /FlateDecode "))
    return revision.build()


@pytest.mark.parametrize("members", [b"3 0", b"99 0"])
@pytest.mark.parametrize("extends", [b"", b"/Extends 3 0 R "])
def test_an_object_in_a_stream_that_nothing_places(members: bytes, extends: bytes) -> None:
    """What an object stream holds beside what cross-references place there hides for a search."""
    assert "hidden-objects" in codes(packed(members, extends=extends))


def test_objects_in_streams_that_are_placed_are_honest() -> None:
    """A revision that packs what it adds into object streams is as good as any."""
    revision = Revision(signed_base(OBJECTS))
    revision.add(b"<< /Kept true >>")
    assert "hidden-objects" not in codes(revision.build(OBJECTS))
