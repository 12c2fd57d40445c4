"""What may follow a signature: further signatures, time-stamps, validation data; nothing else."""

import io
from collections.abc import Callable
from functools import cache

import pikepdf
import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from idservice.pades.facts import read_facts
from idservice.pades.signing import SignatureOptions
from idservice.pdf.document import open_document
from idservice.pdf.signature_field import Restrictions
from idservice.validation.facts import (
    Change,
    ChangeVerdict,
    Coverage,
    Integrity,
    SignatureFacts,
    worst_change,
)
from support import long_term, pdfs
from support.later_revisions import append
from support.pdf_writing import stream
from support.pki import AT, chain
from support.signing import signed

PERMITTED, FORBIDDEN = ChangeVerdict.PERMITTED, ChangeVerdict.FORBIDDEN
ONCE = signed(pdfs.baseline())
TRAILER = pdfs.IDENTIFIER + b" /Info 6 0 R"
TWICE = signed(ONCE)


def first(data: bytes, password: str | None = None) -> SignatureFacts:
    """Read the oldest signature of a file."""
    return read_facts(data, password=password).signatures[0]


def told(items: tuple[Change, ...]) -> list[tuple[str, int | None]]:
    """Codes and revisions of changes."""
    return [(item.code, item.revision) for item in items]


@pytest.mark.parametrize("name", pdfs.ALL)
def test_signatures_of_ours_leave_earlier_ones_as_they_are(name: str) -> None:
    """Whatever the file is made of, three signatures in it are three permitted revisions."""
    case = pdfs.build(name)
    data = case.data
    for _ in range(3):
        data = signed(data, password=case.password)
    found = read_facts(data, password=case.password).signatures[-3:]
    assert [worst_change(item.changes).value for item in found] == [
        "permitted",
        "permitted",
        "none",
    ]
    assert {item.code for item in found[0].changes} == {"signature-added"}


def test_validation_data_and_time_stamps_are_listed() -> None:
    """A B-LTA file tells for its signature what each later revision added."""
    found = first(long_term.archived())
    assert worst_change(found.changes) is PERMITTED
    assert [item.code for item in found.changes] == ["dss-added", "document-time-stamp-added"]


def test_a_renewed_archive_is_permitted() -> None:
    """More validation data and one time-stamp more for each renewal, all permitted."""
    data = long_term.archived()
    for year in range(1, 4):
        at = AT + year * long_term.YEAR
        data = long_term.store(data, ocsps=[long_term.answer(long_term.authorities().archive, at)])
        data = long_term.archive(data, at)
    codes = [item.code for item in first(data).changes]
    assert codes == ["dss-added", "document-time-stamp-added"] * 4
    assert worst_change(first(data).changes) is PERMITTED


def test_a_certification_may_be_archived_and_nothing_more() -> None:
    """After a certification that permits no changes a time-stamp may follow, no signature."""
    certified = signed(
        pdfs.baseline(), options=SignatureOptions(restrictions=Restrictions(certify=1))
    )
    archived = long_term.archive(long_term.store(certified), AT)
    assert worst_change(first(archived).changes) is PERMITTED
    changed = append(certified, {6: b"<< /Title (Another) >>"}, trailer=TRAILER)
    assert worst_change(first(changed).changes) is FORBIDDEN


@cache
def pyhanko_signer() -> signers.SimpleSigner:
    """The standing signer as pyHanko takes it."""
    encoded = chain().leaf.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return signers.SimpleSigner(
        asn1_x509.Certificate.load(chain().leaf.der),
        asn1_keys.PrivateKeyInfo.load(encoded),
        SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )


def pyhanko_signed(data: bytes, name: str = "ByPyHanko", *, visible: bool = False) -> bytes:
    """Sign with pyHanko, which asks nobody whether it may."""
    metadata = signers.PdfSignatureMetadata(
        field_name=name, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"
    )
    box = SigFieldSpec(name, box=(100, 100, 300, 160)) if visible else None
    style = TextStampStyle(stamp_text="Signed") if visible else None
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    signer = signers.PdfSigner(metadata, pyhanko_signer(), stamp_style=style, new_field_spec=box)
    output = signer.sign_pdf(writer)
    assert isinstance(output, io.BytesIO)
    return output.getvalue()


@pytest.mark.parametrize("visible", [False, True], ids=["invisible", "visible"])
@pytest.mark.parametrize(
    "name", ["baseline", "xref-stream", "object-streams", "form-direct-fields-indirect"]
)
def test_signatures_by_another_program_are_permitted(name: str, visible: bool) -> None:  # noqa: FBT001
    """PyHanko's signature after ours, and ours after pyHanko's, leave the earlier one good."""
    ours_first = pyhanko_signed(signed(pdfs.build(name).data), visible=visible)
    ours_last = signed(pyhanko_signed(pdfs.build(name).data, visible=visible))
    for data in (ours_first, ours_last):
        found = first(data)
        assert worst_change(found.changes) is PERMITTED
        assert "signature-added" in {item.code for item in found.changes}
    change = first(ours_first).changes[-1]
    assert change.page == (1 if visible else None)


@pytest.mark.parametrize("sign_first", [signed, pyhanko_signed], ids=["ours", "pyHanko's"])
def test_a_form_that_is_the_document_information_too(sign_first: Callable[[bytes], bytes]) -> None:
    """One object is both, as some producers have it: later signatures leave earlier ones good."""
    both = pdfs.plain_objects(
        o1=b"<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R >>",
        o6=b"<< /Fields [] /Title (Both) /Producer (A producer) >>",
    )
    data = signed(signed(sign_first(pdfs.table_pdf(both, trailer=TRAILER))))
    found = read_facts(data).signatures
    assert [worst_change(item.changes).value for item in found] == ["permitted"] * 2 + ["none"]
    document = open_document(data)
    assert document.trailer["/Info"].objgen != document.catalog["/AcroForm"].objgen


def test_an_empty_field_that_another_program_fills_is_permitted() -> None:
    """Signing in a field that was there is a signature like any other."""
    name = next(name for name in pdfs.ALL if "empty-field" in name or "empty-signature" in name)
    case = pdfs.build(name)
    assert not open_document(case.data).is_signed
    data = signed(signed(case.data))
    assert worst_change(first(data).changes) is PERMITTED


def _in_second(data: bytes, old: bytes, new: bytes) -> bytes:
    place = data.rindex(old)
    return data[:place] + new + data[place + len(old) :]


def _values(data: bytes) -> list[tuple[int, int]]:
    """Where the values of the signatures stand."""
    found, position = [], data.find(b"/Contents <")
    while position >= 0:
        start = position + len(b"/Contents <")
        found.append((start, data.index(b">", start)))
        position = data.find(b"/Contents <", start)
    return [item for item in found if item[1] - item[0] > 1000]


def _with_value(data: bytes, source: int | None) -> bytes:
    (start, end) = _values(data)[-1]
    value = b"0" * (end - start)
    if source is not None:
        begin, stop = _values(data)[source]
        value = data[begin:stop].ljust(end - start, b"0")[: end - start]
    return data[:start] + value + data[end:]


def _with_range(data: bytes) -> bytes:
    ranges = [data.index(b"/ByteRange ["), data.rindex(b"/ByteRange [")]
    size = data.index(b"]", ranges[0]) - ranges[0]
    return data[: ranges[1]] + data[ranges[0] : ranges[0] + size] + data[ranges[1] + size :]


BROKEN_SIGNATURES = {
    "no signature at all": lambda data: _in_second(data, b"/ByteRange", b"/ByteRonge"),
    "another signature's value": lambda data: _with_value(data, 0),
    "a value of zeros": lambda data: _with_value(data, None),
    "a byte range of another revision": _with_range,
}


@pytest.mark.parametrize("name", list(BROKEN_SIGNATURES))
def test_a_field_without_a_valid_signature_is_a_forbidden_change(name: str) -> None:
    """A field that was added must hold a signature over its own revision, whoever made it."""
    data = BROKEN_SIGNATURES[name](TWICE)
    assert data != TWICE
    found = next(item for item in read_facts(data).signatures if item.id == "Signature1")
    assert (found.integrity, found.coverage) == (Integrity.INTACT, Coverage.REVISION)
    assert worst_change(found.changes) is FORBIDDEN
    assert "added-signature-invalid" in {item.code for item in found.changes}


def test_a_copied_time_stamp_is_a_forbidden_change() -> None:
    """A document time-stamp over something else than the document is no reason to add a field."""
    data = long_term.archive(ONCE, AT, over=b"something else")
    assert worst_change(first(data).changes) is FORBIDDEN


def test_a_change_after_the_last_signature_fails_all_of_them() -> None:
    """Every signature that a change comes after is told of it."""
    data = append(TWICE, {4: stream(b"BT (Pay 999 euros) Tj ET")}, trailer=TRAILER)
    found = read_facts(data).signatures
    assert [worst_change(item.changes) for item in found] == [FORBIDDEN, FORBIDDEN]
    assert told(found[1].changes) == [("page-content-changed", 4)]
    assert told(found[0].changes) == [("signature-added", 3), ("page-content-changed", 4)]


def test_a_change_between_two_signatures_fails_the_first() -> None:
    """The second signer signed the changed document; the first one did not."""
    changed = append(ONCE, {4: stream(b"BT (Pay 999 euros) Tj ET")}, trailer=TRAILER)
    before, after = read_facts(signed(changed)).signatures
    assert worst_change(before.changes) is FORBIDDEN
    assert worst_change(after.changes) is ChangeVerdict.NONE


@pytest.mark.parametrize(
    ("tail", "verdict"),
    [
        (b"\n", PERMITTED),
        (b"\r\n\x00 ", PERMITTED),
        (b"\n%%EOF\n", FORBIDDEN),
        (b"% comment\n%%EOF\n", FORBIDDEN),
    ],
)
def test_bytes_behind_the_last_revision_are_told(tail: bytes, verdict: ChangeVerdict) -> None:
    """Blanks are harmless; anything else belongs to nobody and may mean something to somebody."""
    found = first(ONCE + tail)
    if found.changes:
        assert told(found.changes) == [("bytes-appended", None)]
        assert worst_change(found.changes) is verdict
    else:
        assert found.findings


def test_an_update_without_effect_is_told() -> None:
    """A revision that changes nothing is listed all the same."""
    data = append(ONCE, {}, trailer=TRAILER)
    assert told(first(data).changes) == [("revision-without-effect", 3)]
    assert worst_change(first(data).changes) is PERMITTED


def test_a_file_that_cannot_be_compared_is_not_analysed() -> None:
    """Where the newest revision is damaged, nothing is said of what it changes."""
    data = append(ONCE, {40: b"<< /Broken"}, trailer=TRAILER)
    found = first(data)
    assert worst_change(found.changes) is ChangeVerdict.NOT_ANALYSED
    assert told(found.changes) == [("revision-appended", 3)]


STORED = long_term.store(ONCE)
HONEST = {
    "a second signature": (ONCE, TWICE),
    "an archive": (STORED, long_term.archive(STORED, AT)),
    "a signature over validation data": (STORED, signed(STORED)),
}


def values(data: bytes) -> dict[tuple[int, int], bytes]:
    """Everything that a document holds, without values of signatures and what the store holds.

    Neither shows anywhere, and validation data are judged for what they are.
    """
    found: dict[tuple[int, int], bytes] = {}
    with pikepdf.open(io.BytesIO(data)) as pdf:
        stored = {item.objgen for item in pdf.Root.DSS.Certs} if "/DSS" in pdf.Root else set()
        for item in pdf.objects:
            if not isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
                found[len(found), -1] = repr(item).encode()
                continue
            if item.get("/Type") == "/XRef":
                continue
            if "/ByteRange" in item:
                del item["/Contents"]
            is_shown = isinstance(item, pikepdf.Stream) and item.objgen not in stored
            content = item.read_raw_bytes() if is_shown else b""
            found[item.objgen] = item.unparse(resolved=True) + content
    return found


@cache
def honest_values(name: str) -> dict[tuple[int, int], bytes]:
    """What the honest update leaves."""
    return values(HONEST[name][1])


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(list(HONEST)), st.data())
def test_no_mutation_of_an_update_passes_for_honest(name: str, draw: st.DataObject) -> None:
    """An update with any byte changed is permitted only if it means what the honest one does."""
    before, after = HONEST[name]
    gaps = _values(after)
    position = draw.draw(st.integers(len(before), len(after) - 1))
    if any(start <= position < end for start, end in gaps):
        # Values take up most of an update, and are the least interesting part of it.
        position = draw.draw(st.integers(gaps[-1][1], len(after) - 1))
    octet = draw.draw(st.integers(0, 255))
    assume(octet != after[position])
    data = after[:position] + bytes((octet,)) + after[position + 1 :]
    found = read_facts(data).signatures
    assume(found)
    passed = (
        worst_change(found[0].changes) is PERMITTED
        and found[0].coverage is not Coverage.BROKEN
        and not any(item.code == "pdf_damaged" for item in found[0].findings)
    )
    if passed:
        assert values(data) == honest_values(name)


def test_the_mutations_start_from_what_is_permitted() -> None:
    """The honest updates pass, so the test of their mutations can fail."""
    for before, after in HONEST.values():
        assert after.startswith(before)
        assert worst_change(first(after).changes) is PERMITTED
