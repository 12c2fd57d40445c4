"""A document is read strictly: facts where it is sound, the damage by name where it is not."""

import contextlib
import mmap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idservice.errors import (
    IdServiceError,
    InputTooLarge,
    MalformedPdf,
    NotAPdf,
    UnsupportedPdf,
)
from idservice.pdf import damage
from idservice.pdf.damage import readable
from idservice.pdf.document import XrefKind, open_document
from idservice.pdf.repair import repair
from support import pdfs
from support.signing import signed


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("baseline", XrefKind.TABLE),
        ("xref-stream", XrefKind.STREAM),
        ("hybrid", XrefKind.HYBRID),
        ("linearised", XrefKind.TABLE),
        ("linearised-object-streams", XrefKind.STREAM),
    ],
)
def test_kind_of_cross_references(name: str, kind: XrefKind) -> None:
    """The newest cross-reference section is told apart: table, stream or hybrid."""
    assert open_document(pdfs.build(name).data).xref_kind is kind


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("version-1.0", (1, 0)),
        ("version-2.0", (2, 0)),
        ("version-in-catalog", (1, 7)),
        ("baseline", (1, 7)),
    ],
)
def test_version_is_the_later_of_header_and_catalog(name: str, version: tuple[int, int]) -> None:
    """The version comes from the header unless the catalog raises it."""
    assert open_document(pdfs.build(name).data).version == version


def test_version_that_is_no_version_counts_for_nothing() -> None:
    """An odd /Version in the catalog leaves that of the header."""
    data = pdfs.table_pdf(pdfs.plain_objects(o1=pdfs.CATALOG[:-2] + b"/Version /next >>"))
    assert open_document(data).version == (1, 7)


def test_header_offset_is_where_the_header_stands() -> None:
    """Bytes before the header are counted, and startxref is relative to it."""
    document = open_document(pdfs.build("junk-before-header").data)
    assert document.frame.header_offset == len(b"MIME: nonsense\r\n\r\n")
    start = document.frame.header_offset + document.frame.startxref
    assert bytes(document.data[start : start + 4]) == b"xref"


@pytest.mark.parametrize(
    ("name", "revision", "method"),
    [
        ("encrypted-rc4-40", 2, "rc4"),
        ("encrypted-rc4-128", 3, "rc4"),
        ("encrypted-aes-128", 4, "aes"),
        ("encrypted-aes-256", 6, "aesv3"),
    ],
)
def test_encryption_facts(name: str, revision: int, method: str) -> None:
    """Handler revision and method are told."""
    encryption = open_document(pdfs.build(name).data).encryption
    assert encryption is not None
    assert (encryption.revision, encryption.string_method) == (revision, method)
    assert encryption.stream_method == method


def test_plain_document_has_no_encryption() -> None:
    """A document that is not encrypted says so."""
    assert open_document(pdfs.build("baseline").data).encryption is None


def test_next_number_is_free() -> None:
    """A new object gets a number that neither the table nor /Size covers."""
    assert open_document(pdfs.build("baseline").data).next_number == 8
    assert open_document(pdfs.build("large-object-numbers").data).next_number == 8001


def test_form_facts() -> None:
    """Signature fields, signed or not, are found with their full names."""
    empty = open_document(pdfs.build("empty-signature-field").data)
    assert not empty.is_signed
    assert [item.name for item in empty.form.signature_fields] == ["Approval"]
    both = open_document(signed(pdfs.build("empty-signature-field").data))
    assert both.is_signed
    assert {item.name: item.is_signed for item in both.form.signature_fields} == {
        "Approval": False,
        "Signature1": True,
    }


def test_size_limit() -> None:
    """A file above the limit is refused before it is read."""
    with pytest.raises(InputTooLarge, match="1000"):
        open_document(pdfs.build("baseline").data, max_bytes=1000)
    with pytest.raises(InputTooLarge):
        repair(pdfs.build("baseline").data, max_bytes=1000)


def test_object_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with more objects than the limit is refused."""
    monkeypatch.setattr(damage, "MAX_OBJECTS", 3)
    with pytest.raises(InputTooLarge, match="objects"):
        open_document(pdfs.build("baseline").data)


def test_limit_of_object_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Object streams that hold more than the limit are refused."""
    monkeypatch.setattr(damage, "MAX_DECODED_BYTES", 10)
    with pytest.raises(InputTooLarge, match="object streams"):
        open_document(pdfs.build("object-streams").data)


@pytest.mark.parametrize("data", [b"", b"hello", b"%!PS-Adobe-3.0", b"PK\x03\x04" * 300])
def test_other_formats_are_no_pdf(data: bytes) -> None:
    """What does not begin as a PDF is told apart from a damaged PDF."""
    with pytest.raises(NotAPdf):
        open_document(data)


PLAIN = pdfs.plain_objects()


def test_member_elsewhere_than_the_table_says_is_damage() -> None:
    """An entry that names a place where another object lies is refused."""
    good = pdfs.stream_pdf(PLAIN, compressed=(2, 3, 5), deflate=False)
    open_document(good)
    bad = good.replace(b"\x02\x00\x00\x00\x06\x00\x02", b"\x02\x00\x00\x00\x06\x00\x01")
    assert bad != good
    with pytest.raises(MalformedPdf):
        open_document(bad)


def test_objects_that_only_some_readers_see_are_damage() -> None:
    """A hybrid file whose table frees what its /XRefStm lists is refused; else it is read."""
    with pytest.raises(MalformedPdf, match="only for some readers"):
        open_document(pdfs.hybrid_pdf(same_section=True))
    assert open_document(pdfs.hybrid_pdf()).pages.count == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/W [1 3 1]", b"/W [1 x 1]"),
        (b"/W [1 3 1]", b"/W (1 3 1)"),
        (b"/W [1 3 1]", b"/W [1 3 1] /Filter /FlateDecode"),
        (b"/XRefStm 5", b"/XRefStm 4"),
        (b"trailer\n<< /XRefStm", b"TRAILER\n<< /XRefStm"),
    ],
)
def test_hybrid_section_that_cannot_be_read_is_damage(old: bytes, new: bytes) -> None:
    """A hybrid section whose stream is odd or elsewhere is refused."""
    good = pdfs.hybrid_pdf()
    bad = good.replace(old, new)
    assert bad != good
    with pytest.raises(MalformedPdf):
        open_document(bad)


def test_hybrid_stream_without_an_entry_of_its_own() -> None:
    """A stream that /XRefStm names is read where it stands, though nothing lists it."""
    good = pdfs.hybrid_pdf()
    entry = b"%010d 00000 n" % good.index(b"8 0 obj")
    assert open_document(good.replace(entry, b"0000000000 65535 f")).pages.count == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/W [1 3 1]", b"/W [x 3 1]"),
        (b"/Length 10 /Type /XRef", b"/Lengtx 10 /Type /XRef"),
        (b"/Type /XRef /W", b"/Filter /XRef /W"),
        (b"8 0 obj\n", b"8 0 obk\n"),
    ],
)
def test_unlisted_hybrid_stream_that_cannot_be_read_is_damage(old: bytes, new: bytes) -> None:
    """Where such a stream is odd, the file is refused."""
    good = pdfs.hybrid_pdf()
    entry = b"%010d 00000 n" % good.index(b"8 0 obj")
    with pytest.raises(MalformedPdf):
        open_document(good.replace(entry, b"0000000000 65535 f").replace(old, new))


def test_stream_within_an_object_stream_is_damage() -> None:
    """A member that is itself a stream is refused (ISO 32000-2 cl. 7.5.7)."""
    objects = pdfs.plain_objects(o6=pdfs.stream(b"hidden"))
    with pytest.raises(MalformedPdf):
        open_document(pdfs.stream_pdf(objects, compressed=(2, 3, 5, 6), deflate=False))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/N 3 /First 15", b"/N 4 /First 15"),
        (b"/N 3 /First 15", b"/N x /First 15"),
        (b"2 0 3 42 5 153", b"2 0 3 92 5 053"),
        (b"2 0 3 42 5 153", b"2 0 3 42 5 x53"),
    ],
)
def test_object_stream_with_a_wrong_list_is_damage(old: bytes, new: bytes) -> None:
    """A list of members that is short, unordered or unreadable is refused."""
    good = pdfs.stream_pdf(PLAIN, compressed=(2, 3, 5), deflate=False)
    bad = good.replace(old, new)
    assert bad != good
    with pytest.raises(MalformedPdf):
        open_document(bad)


def test_same_reference_twice_cannot_change_what_is_read() -> None:
    """A repeated key is tolerated when it refers to one and the same object each time."""
    catalog = pdfs.CATALOG[:-2] + b"/A 4 0 R /A 4 0 R >>"
    open_document(pdfs.table_pdf(pdfs.plain_objects(o1=catalog)))


def test_integrity_protected_document_is_unsupported() -> None:
    """A document with an integrity code over the file cannot be added to."""
    data = pdfs.table_pdf(PLAIN, trailer=b"/AuthCode << /MAC (x) >>")
    with pytest.raises(UnsupportedPdf, match="integrity code"):
        open_document(data)


def test_unknown_security_handler_is_unsupported() -> None:
    """A security handler that qpdf does not know is named as unsupported, not as damage."""
    data = pdfs.table_pdf(
        pdfs.plain_objects(o6=b"<< /Filter /Adobe.PubSec /V 4 /R 4 >>"),
        trailer=b"/Encrypt 6 0 R " + pdfs.IDENTIFIER,
    )
    with pytest.raises(UnsupportedPdf):
        open_document(data)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (" (offset 12): xref not found", "xref not found (offset 12)"),
        ("object 5 0, offset 17: bad", "bad (object 5 0, offset 17)"),
        (": no place", "no place"),
    ],
)
def test_library_messages_are_put_in_order(message: str, text: str) -> None:
    """What is wrong comes first, then where."""
    assert readable(message) == text


@pytest.mark.parametrize("data", [pdfs.build("linearised").data, pdfs.multi_megabyte(5)])
def test_mapped_file_is_read_like_bytes(data: bytes, tmp_path: Path) -> None:
    """A memory map opens like bytes do, a large one in place."""
    path = tmp_path / "mapped.pdf"
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        document = open_document(mapped)
        assert document.pages.count == open_document(data).pages.count
        assert document.frame == open_document(data).frame
        del document


@given(st.binary(max_size=300))
def test_random_bytes_raise_our_errors_only(data: bytes) -> None:
    """Random bytes, alone or behind a header, raise errors of ours and nothing else."""
    for candidate in (data, b"%PDF-1.7\n" + data, b"%PDF-1.7\n" + data + b"\nstartxref\n9\n%%EOF"):
        with pytest.raises(IdServiceError):
            open_document(candidate)


CASES = ("baseline", "object-streams", "hybrid", "encrypted-aes-256", "form-field-group")


@given(st.sampled_from(CASES), st.data())
def test_changed_bytes_raise_our_errors_or_read(name: str, source: st.DataObject) -> None:
    """A document with bytes changed or cut either reads and signs, or raises our error."""
    data = bytearray(pdfs.build(name).data)
    for _ in range(source.draw(st.integers(1, 4))):
        position = source.draw(st.integers(0, len(data) - 1))
        data[position] = source.draw(st.integers(0, 255))
    if source.draw(st.booleans()):
        del data[source.draw(st.integers(0, len(data) - 1)) :]
    with contextlib.suppress(IdServiceError):
        signed(bytes(data))
    with contextlib.suppress(IdServiceError):
        repair(bytes(data))


@pytest.mark.parametrize(
    "catalog",
    [
        b"/Version /1\xdb7 ",
        b"/Version << >> ",
        b"/AcroForm << /Fields [<< /T <FEFFD800> /FT /Sig >> << /T (\xdb) /FT /Sig >>] >> ",
    ],
)
def test_names_and_texts_of_any_bytes_are_read(catalog: bytes) -> None:
    """Names and texts that are no UTF-8 do not stop a document from being read."""
    data = pdfs.table_pdf(pdfs.plain_objects(o1=pdfs.CATALOG[:-2] + catalog + b">>"))
    assert open_document(data).version == (1, 7)
