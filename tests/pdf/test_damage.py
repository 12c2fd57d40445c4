"""Checks that qpdf does not make, each on the smallest structure that fails it."""

import io

import pikepdf
import pytest

from idservice.errors import MalformedPdf
from idservice.pdf import damage, hybrid
from idservice.pdf.document import open_document
from idservice.pdf.frame import read_frame
from idservice.pdf.hybrid import require_hidden_objects_seen
from support import pdfs

HEAD = b"7 0 8 3 "
BODY = b"10 << >>"


def _stream(count: object, first: object) -> pikepdf.Object:
    return pikepdf.Dictionary({"/N": count, "/First": first})


def test_object_stream_with_a_right_list_passes() -> None:
    """Members that are where the table says pass."""
    damage._require_members(_stream(2, len(HEAD)), HEAD + BODY, 9, [(0, 7), (1, 8)])


@pytest.mark.parametrize(
    ("count", "first", "data", "words"),
    [
        (2, "x", HEAD + BODY, "cannot be read"),
        (2, 8, b"7 0 8 x " + BODY, "cannot be read"),
        (3, 8, HEAD + BODY, "is wrong"),
        (2, 8, b"7 3 8 0 " + BODY, "is wrong"),
        (2, 8, b"8 0 7 3 " + BODY, "it is not"),
        (1, 4, b"7 0 " + BODY, "it is not"),
    ],
)
def test_object_stream_with_a_wrong_list_is_damage(
    count: int, first: object, data: bytes, words: str
) -> None:
    """A list that is unreadable, short, unordered or of other objects is refused."""
    value = pikepdf.String(first) if isinstance(first, str) else first
    with pytest.raises(MalformedPdf, match=words):
        damage._require_members(_stream(count, value), data, 9, [(0, 7), (1, 8)])


def test_member_that_is_a_stream_is_damage() -> None:
    """A member that ends like a stream is refused; the word within a string is none."""
    inner = b"<< /Length 3 >>\nstream\nabc\nendstream\n"
    with pytest.raises(MalformedPdf, match="stream itself"):
        damage._require_members(_stream(1, 4), b"7 0 " + inner, 9, [(0, 7)])
    damage._require_members(_stream(1, 4), b"7 0 (see endstream)", 9, [(0, 7)])


def test_object_stream_that_does_not_decode_is_damage() -> None:
    """A stream that cannot be decoded is refused as such."""
    pdf = pikepdf.new()
    stream = pikepdf.Stream(pdf, b"no deflate", Filter=pikepdf.Name.FlateDecode)
    with pytest.raises(MalformedPdf, match="decoded"):
        damage._read(stream, 9)


class _Broken:
    """Stands for a file whose objects cannot even be listed."""

    @property
    def objects(self) -> list[object]:
        """Fail like the library does."""
        msg = "object 5 0, offset 17: no"
        raise RuntimeError(msg)


def test_objects_that_cannot_be_listed_are_damage() -> None:
    """An error of the library while objects are resolved becomes ours, with the place."""
    with pytest.raises(MalformedPdf, match="object 5 0"):
        damage.require_undamaged(_Broken(), list)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("catalog", "same"),
    [
        (b"<< /Type /Catalog /Pages 2 0 R /A 4 0 R /A  4 0 R >>", True),
        (b"<< /Type /Catalog /Pages 2 0 R /A 4 0 R /A 5 0 R >>", False),
        (b"<< /Type /Catalog /Pages 2 0 R /A (x) /A (x) >>", False),
        (b"<< /Type /Catalog /Pages 2 0 R /AB 4 0 R /A 5 0 R /A 5 0 R >>", True),
        (b"<< /Type /Catalog /Pages 2 0 R /A 4 0 R /A 4 0 R /B << /A 5 0 R >> >>", False),
    ],
)
def test_repeated_keys(catalog: bytes, *, same: bool) -> None:
    """A repeated key passes only where each occurrence refers to one object."""
    data = pdfs.table_pdf(pdfs.plain_objects(o1=catalog))
    if same:
        open_document(data)
    else:
        with pytest.raises(MalformedPdf, match="duplicated key"):
            open_document(data)


def test_repeated_key_in_an_object_stream_is_damage() -> None:
    """In an object stream the comparison is not made: the file is refused."""
    objects = pdfs.plain_objects(o1=b"<< /Type /Catalog /Pages 2 0 R /A 4 0 R /A 4 0 R >>")
    with pytest.raises(MalformedPdf, match="duplicated key"):
        open_document(pdfs.stream_pdf(objects, compressed=(1, 2, 3)))


def test_only_a_few_repeated_keys_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing repeated keys is bounded: beyond the limit the file is refused."""
    data = pdfs.table_pdf(pdfs.plain_objects(o1=pdfs.CATALOG[:-2] + b"/A 4 0 R /A 4 0 R >>"))
    monkeypatch.setattr(damage, "_MAX_COMPARISONS", 0)
    with pytest.raises(MalformedPdf, match="duplicated key"):
        open_document(data)


def test_hybrid_sections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with more hybrid sections than any honest one is refused."""
    monkeypatch.setattr(hybrid, "_MAX_HYBRID_SECTIONS", 0)
    with pytest.raises(MalformedPdf, match="hybrid sections"):
        open_document(HYBRID)


def test_every_tolerated_warning_has_its_reason() -> None:
    """The list of tolerated warnings says why for each of them."""
    assert all(len(reason) > 20 for _, reason in damage.TOLERATED)


HYBRID = pdfs.hybrid_pdf()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"trailer", b"TRAILER", "no trailer"),
        (b"/XRefStm ", b"/XRefStm 1", "no stream"),
        (b"/XRefStm 5", b"/XRefStm 0", "no stream"),
    ],
)
def test_pointer_that_leads_nowhere(old: bytes, new: bytes, words: str) -> None:
    """A pointer to something else than a cross-reference stream is refused."""
    with pikepdf.open(io.BytesIO(HYBRID)) as pdf:
        changed = HYBRID.replace(old, new)
        assert changed != HYBRID
        with pytest.raises(MalformedPdf, match=words):
            require_hidden_objects_seen(pdf, changed, read_frame(HYBRID))


@pytest.mark.parametrize("offset", [15, 78])
def test_pointer_to_an_object_that_is_no_stream(offset: int) -> None:
    """A pointer to the catalog or the page tree is refused."""
    with pikepdf.open(io.BytesIO(HYBRID)) as pdf:
        start = HYBRID.index(b"/XRefStm ") + len(b"/XRefStm ")
        digits = len(HYBRID[start:].split(b" ", 1)[0])
        changed = HYBRID[:start] + b"%0*d" % (digits, offset) + HYBRID[start + digits :]
        with pytest.raises(MalformedPdf, match="no stream"):
            require_hidden_objects_seen(pdf, changed, read_frame(HYBRID))


@pytest.mark.parametrize("kind", ["/W", "/Size", "data"])
def test_hybrid_stream_that_qpdf_knows_but_is_odd(kind: str) -> None:
    """A listed stream whose widths, size or data cannot be used is refused."""
    with pikepdf.open(io.BytesIO(HYBRID)) as pdf:
        stream = pdf.get_object(8, 0)
        if kind == "data":
            stream.write(b"no deflate", filter=pikepdf.Name.FlateDecode)
        else:
            del stream["/Index"]
            del stream[kind]
        with pytest.raises(MalformedPdf, match="cannot be read"):
            require_hidden_objects_seen(pdf, HYBRID, read_frame(HYBRID))


def test_hybrid_stream_that_lists_less_than_it_says() -> None:
    """Rows that are missing list nothing; rows without widths list nothing."""
    with pikepdf.open(io.BytesIO(HYBRID)) as pdf:
        stream = pdf.get_object(8, 0)
        stream.write(b"\x02\x00")
        require_hidden_objects_seen(pdf, HYBRID, read_frame(HYBRID))


def test_row_without_a_type_is_in_use() -> None:
    """Where the type has no width it is 1, so the object must be known."""
    with pikepdf.open(io.BytesIO(HYBRID)) as pdf:
        stream = pdf.get_object(8, 0)
        stream["/W"] = pikepdf.Array([0, 1, 0])
        stream["/Index"] = pikepdf.Array([77, 1])
        with pytest.raises(MalformedPdf, match="object 77 exists only for some"):
            require_hidden_objects_seen(pdf, HYBRID, read_frame(HYBRID))


def test_free_row_of_a_hybrid_stream_lists_nothing() -> None:
    """A row of type 0 does not make an object exist."""
    with pikepdf.open(io.BytesIO(HYBRID)) as pdf:
        stream = pdf.get_object(8, 0)
        stream["/Index"] = pikepdf.Array([77, 2])
        stream.write(bytes(10))
        require_hidden_objects_seen(pdf, HYBRID, read_frame(HYBRID))
