"""Updates are appended: the input stays a prefix, and only what must change changes."""

import io
import re
from decimal import Decimal

import pikepdf
import pytest

from idservice.errors import MalformedPdf, UnsupportedPdf
from idservice.pdf import update
from idservice.pdf.document import Encryption, open_document
from idservice.pdf.encryption import Encryptor
from idservice.pdf.update import Update
from idservice.pdf.writer import Writer
from support import pdfs
from support.signing import signed


def _reopened(data: bytes, password: str | None = None) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(data), password=password or "")


def _appended(name: str) -> bytes:
    case = pdfs.build(name)
    return signed(case.data, password=case.password)[len(case.data) :]


@pytest.mark.parametrize(
    "name", [name for name in pdfs.ALL if "stream" not in name and "form-in" not in name]
)
def test_table_lines_have_twenty_bytes(name: str) -> None:
    """After a table comes a table, and every line of it is exactly twenty bytes long."""
    added = _appended(name)
    table = added[added.rindex(b"\nxref\n") + 6 : added.rindex(b"trailer\n")]
    lines = table.splitlines(keepends=True)
    assert lines
    for line in lines:
        assert re.fullmatch(rb"\d+ \d+\n|\d{10} \d{5} n \n", line)
        assert len(line) == 20 or line.count(b" ") == 1


@pytest.mark.parametrize("name", [name for name in pdfs.ALL if name.startswith("xref-stream")])
def test_stream_follows_stream(name: str) -> None:
    """After a cross-reference stream comes another one, and no table."""
    added = _appended(name)
    assert b"/Type /XRef" in added
    assert b"\nxref\n" not in added
    assert b"trailer" not in added


def test_hybrid_pointer_is_not_repeated() -> None:
    """The new trailer after a hybrid section has no /XRefStm; hidden objects stay visible."""
    added = _appended("hybrid")
    assert b"/XRefStm" not in added
    pdf = _reopened(pdfs.build("hybrid").data + added)
    assert str(pdf.Root["/Hidden"]["/Hello"]) == "World"


def test_previous_section_is_named() -> None:
    """/Prev repeats the startxref of the input."""
    case = pdfs.build("baseline")
    startxref = case.data.split(b"startxref\n")[-1].split(b"\n")[0]
    assert b"/Prev " + startxref + b" " in _appended("baseline")


def test_first_identifier_stays_and_second_changes() -> None:
    """The first identifier is permanent, the second belongs to this version of the file."""
    case = pdfs.build("baseline")
    once = signed(case.data)
    twice = signed(once)
    before, first, second = (
        [bytes(item) for item in _reopened(data).trailer["/ID"]]
        for data in (case.data, once, twice)
    )
    assert before[0] == first[0] == second[0]
    assert len({before[1], first[1], second[1]}) == 3


def test_absent_identifier_stays_absent() -> None:
    """A file without identifiers does not get any."""
    assert b"/ID" not in _appended("no-identifier")


def test_other_trailer_entries_are_carried_over() -> None:
    """Entries that the standard does not know are repeated (ISO 32000-2 cl. 7.5.6)."""
    added = _appended("extra-trailer-entries")
    assert b"/DocChecksum /ABCDEF" in added
    assert b"/Custom [ 1 2 (three) ]" in added


def test_missing_final_newline_is_made_up() -> None:
    """Where the input ends without a line end, the update begins with one."""
    assert _appended("no-final-newline").startswith(b"\n1 0 obj")
    assert _appended("baseline").startswith(b"1 0 obj")


def test_offsets_count_from_the_header() -> None:
    """With bytes before the header the new offsets are relative to it, as the old ones are."""
    case = pdfs.build("junk-before-header")
    data = case.data + _appended("junk-before-header")
    startxref = int(data.split(b"startxref\n")[-1].split(b"\n")[0])
    header = data.index(b"%PDF-")
    assert data[header + startxref :].startswith(b"xref\n")


def test_generations_are_kept() -> None:
    """A changed object keeps its generation number."""
    added = _appended("generations")
    assert b"1 2 obj" in added
    assert b"3 7 obj" in added
    assert re.search(rb"\d{10} 00007 n \n", added)


def test_untouched_objects_are_not_rewritten() -> None:
    """A second signature rewrites form and annotations only where they are."""
    added = _appended("form-indirect-fields-indirect")
    numbers = {int(item) for item in re.findall(rb"(\d+) 0 obj", added)}
    # Catalog (extension), page, form (flags), fields, signature and field.
    assert numbers == {1, 3, 6, 8, 9, 10}


@pytest.mark.parametrize("form", [b"1 0 R", b"3 0 R"], ids=["catalog", "page"])
def test_an_object_with_two_parts_to_play(form: bytes) -> None:
    """A form that is the catalog or the page itself is refused, as one change would be lost."""
    data = pdfs.table_pdf(pdfs.plain_objects(o1=pdfs.CATALOG[:-2] + b"/AcroForm %b >>" % form))
    with pytest.raises(MalformedPdf, match="two things at once"):
        signed(data)


def test_offset_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond ten digits of offset is refused, not damaged."""
    monkeypatch.setattr(update, "_MAX_OFFSET", 1000)
    with pytest.raises(UnsupportedPdf, match="ten digits"):
        signed(pdfs.build("baseline").data)


def test_values_of_every_type_are_written() -> None:
    """Numbers, names, strings, arrays and references come out as PDF syntax."""
    pdf = pikepdf.new()
    shared = pdf.make_indirect(pikepdf.Dictionary(A=1))
    writer = Writer(_encryptor("none"))
    value = pikepdf.Dictionary(
        N=pikepdf.Name("/a b"),
        L=pikepdf.Array([1, Decimal("0.25"), True, False, None, shared]),
        S=pikepdf.String("x"),
    )
    written = writer.value(value, (9, 0))
    assert b"/a#20b" in written
    assert b"[ 1 0.25 true false null %d 0 R ]" % shared.objgen[0] in written
    assert b"<78>" in written


@pytest.mark.parametrize("spelled", [b"/Na\x80me", b"/\xc3", b"/a#80#20b#23", b"/a-b_c.d"])
@pytest.mark.parametrize("is_encrypted", [False, True])
def test_names_of_any_bytes_survive(spelled: bytes, *, is_encrypted: bool) -> None:
    """A key that is no text comes out of a rewritten catalog as the same name."""
    catalog = pdfs.CATALOG[:-2] + spelled + b" (kept) >>"
    data = pdfs.table_pdf(pdfs.plain_objects(o1=catalog))
    if is_encrypted:
        data = pdfs.saved(data, encryption=pikepdf.Encryption(owner="o", user=""))
    before, after = _reopened(data), _reopened(signed(data))
    assert set(before.Root.keys()) <= set(after.Root.keys())
    assert b"kept" in after.Root.unparse(resolved=True)


def _encryptor(method: str) -> Encryptor:
    return Encryptor(Encryption(6, 5, bytes(32), method, method))


@pytest.mark.parametrize(
    "name", [name for name in pdfs.ALL if name.startswith(("encrypted", "password"))]
)
def test_encrypted_strings_read_back(name: str) -> None:
    """Strings in rewritten and new objects decrypt to what they were; Contents is not encrypted."""
    case = pdfs.build(name)
    pdf = _reopened(signed(case.data, password=case.password), case.password)
    text_field, signature_field = pdf.Root["/AcroForm"]["/Fields"]
    assert str(pdf.Root["/Lang"]) == "et-EE"
    assert str(pdf.Root["/AcroForm"]["/DA"]) == "/F1 0 Tf"
    assert str(text_field["/V"]) == "value"
    assert str(signature_field["/T"]) == "Signature1"
    assert str(signature_field["/V"]["/M"]) == "D:20260601120000Z"
    assert bytes(signature_field["/V"]["/Contents"]).startswith(b"\x30\x82")
    comments = [item.get("/Contents") for item in pdf.pages[0]["/Annots"]]
    assert "hi" in [str(item) for item in comments if item is not None]


def test_direct_signature_value_keeps_its_contents_in_clear() -> None:
    """When a dictionary that holds a signature is rewritten, its Contents stay unencrypted."""
    value = pikepdf.Dictionary(
        ByteRange=pikepdf.Array([0, 1, 2, 3]),
        Contents=pikepdf.String("abc"),
        Reason=pikepdf.String("abc"),
    )
    written = Writer(_encryptor("aesv3")).value(value, (4, 0))
    assert b"/Contents <616263>" in written
    assert b"/Reason <616263>" not in written


@pytest.mark.parametrize("method", ["none", "rc4", "aes", "aesv3"])
def test_streams_are_encrypted_like_strings(method: str) -> None:
    """A stream is encrypted with the method of the document for streams."""
    encryptor = _encryptor(method)
    data = encryptor.stream(b"data", (3, 0))
    assert (data == b"data") is (method == "none")
    assert data == encryptor.string(b"data", (3, 0))


def test_unknown_method_is_refused() -> None:
    """A method that cannot be written is refused before anything is."""
    with pytest.raises(UnsupportedPdf, match="method"):
        _encryptor("unknown")


def test_reserved_numbers_are_consecutive_and_new() -> None:
    """New objects get numbers above everything in the file."""
    fresh = Update(open_document(pdfs.build("large-object-numbers").data))
    assert fresh.reserve() == (8001, 0)
    assert fresh.reserve() == (8002, 0)
