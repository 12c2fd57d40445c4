"""Attacks on PDF signatures, one change at a time, and what the reader says about each."""

import io
import mmap
import re
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.crypto import der
from idservice.errors import (
    IdServiceError,
    InputTooLarge,
    MalformedInput,
    NotAPdf,
    PdfPasswordWrong,
)
from idservice.pades.facts import read_facts
from idservice.validation.facts import ChangeVerdict, Coverage, Integrity, TimeStampKind
from support import pdfs
from support.cms_forgery import Forgery
from support.pdfs import append_table, plain_objects, table_pdf
from support.signed_pdfs import SignedPdf, codes, facts_of, only_signature
from support.signing import signed

GOOD = SignedPdf().build()
OWN = signed(pdfs.baseline())
COMMITMENT = der.sequence(der.object_identifier("1.2.3"))


def test_a_good_file_is_intact_and_whole() -> None:
    """What the forgery kit builds without a change has no findings."""
    signature = only_signature(GOOD)
    assert (signature.integrity, signature.coverage) == (Integrity.INTACT, Coverage.WHOLE_FILE)
    assert (codes(signature), signature.changes, signature.id) == (set(), (), "Signature1")
    assert signature.level == "PAdES_BASELINE_B"
    assert str(signature.claimed_signing_time) == "2026-06-01 12:00:00+00:00"


def test_our_own_signature_is_a_baseline_one() -> None:
    """What the product signs, its own validation finds without fault."""
    signature = only_signature(OWN)
    assert (codes(signature), signature.level) == (set(), "PAdES_BASELINE_B")


# ------------------------------------------------------------ appended by others

APPENDED: dict[str, Callable[[bytes], bytes]] = {
    "one blank": lambda data: data + b" ",
    "one line end more": lambda data: data + b"\n",
    "a comment": lambda data: data + b"% nothing\n",
    "zeros": lambda data: data + bytes(100),
    "another %%EOF": lambda data: data + b"%%EOF\n",
    "an update that changes the page": lambda data: append_table(
        data, {4: pdfs.stream(b"BT /F1 12 Tf 72 700 Td (Changed) Tj ET")}, size=8
    ),
    "an update that changes nothing": lambda data: append_table(data, {5: pdfs.FONT}, size=8),
    "a copied signature object": lambda data: append_table(
        data, {9: b"<< /Copied true >>"}, size=10
    ),
}


@pytest.mark.parametrize("name", list(APPENDED))
def test_whatever_is_appended_is_a_change(name: str) -> None:
    """Bytes behind the signed revision are listed; the revision itself stays intact."""
    signature = only_signature(APPENDED[name](GOOD))
    assert signature.integrity is Integrity.INTACT
    assert signature.coverage is not Coverage.WHOLE_FILE
    assert signature.changes or "pdf_damaged" in codes(signature)


def test_a_second_signature_is_a_permitted_change() -> None:
    """A later signature of another person is listed and leaves the first one as it is."""
    first, second = facts_of(signed(OWN)).signatures
    assert (first.coverage, second.coverage) == (Coverage.REVISION, Coverage.WHOLE_FILE)
    (change,) = first.changes
    assert (change.code, change.verdict) == ("signature-added", ChangeVerdict.PERMITTED)
    assert (first.revision, second.revision, second.changes) == (2, 3, ())
    assert codes(first) == codes(second) == set()


def test_signed_bytes_may_end_at_the_marker() -> None:
    """A signature up to %%EOF stays one over its revision when a line end and more follow."""
    data = SignedPdf(ranges=lambda found: (*found[:3], found[3] - 1)).build()
    assert data.endswith(b"%%EOF\n")
    for later in (data, signed(data[:-1]), signed(data)):
        first = facts_of(later).signatures[0]
        assert codes(first) == set()
        assert (first.integrity, first.coverage) == (Integrity.INTACT, Coverage.REVISION)
        assert first.changes


def appended(objects: dict[int, bytes]) -> bytes:
    """The good file with an update that somebody else appended."""
    return append_table(GOOD, objects, size=max(8, *(number + 1 for number in objects)))


def test_an_overriding_signature_dictionary_is_a_spoof() -> None:
    """A later revision that writes the signature dictionary anew does not hold its value."""
    found = re.search(rb"7 0 obj\n(.*?)\nendobj", GOOD, re.DOTALL)
    assert found
    spoofed = found[1].replace(b"/M (D:20260601120000Z)", b"/M (D:20200101120000Z)")
    signature = only_signature(appended({7: spoofed}))
    assert {"gap_elsewhere", "signed_revision_differs"} <= codes(signature)
    assert signature.coverage is Coverage.BROKEN


def test_a_renamed_field_differs_from_the_signed_revision() -> None:
    """The signed bytes alone must have the signature in the field of the same name."""
    field = b"<< /FT /Sig /T (Renamed) /V 7 0 R >>"
    assert "signed_revision_differs" in codes(only_signature(appended({6: field})))


def test_another_catalog_differs_from_the_signed_revision() -> None:
    """An update that makes another object the catalog shows another document."""
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>"
    data = appended({11: catalog}).replace(b"/Root 1 0 R /Prev", b"/Root 11 0 R /Prev")
    assert "signed_revision_differs" in codes(only_signature(data))


def test_a_signature_that_reuses_a_byte_range_collides() -> None:
    """A second dictionary over the same bytes is refused."""
    found = re.search(rb"7 0 obj\n(.*?)\nendobj", GOOD, re.DOTALL)
    assert found
    fields = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R 9 0 R] >> >>"
    data = appended({1: fields, 9: b"<< /FT /Sig /T (Again) /V 10 0 R >>", 10: found[1]})
    again = next(item for item in facts_of(data).signatures if item.id == "Again")
    assert {"byte_range_collision", "gap_elsewhere"} <= codes(again)


def test_an_update_that_leaves_the_signed_revision_out_is_broken() -> None:
    """When the chain of cross-references does not pass the signed revision, nothing covers it."""
    data = appended({5: pdfs.FONT})
    newest = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
    whole = table_pdf(plain_objects(), trailer=b"")
    table = whole[whole.rindex(b"xref\n", 0, whole.rindex(b"startxref")) :]
    signature = only_signature(data[:newest] + table)
    assert "pdf_damaged" in codes(signature)


def test_a_section_behind_the_signed_bytes_is_not_covered() -> None:
    """A signed trailer that points forward lets somebody put objects there afterwards."""
    place = 9000
    data = SignedPdf(trailer=b"/Prev %d " % place).build()
    startxref = data[data.rindex(b"startxref") :]
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 8 /Root 1 0 R >>\n"
    later = data + b"%".ljust(place - len(data) - 1) + b"\n" + table + startxref
    signature = only_signature(later)
    assert {"xref_not_covered", "signed_revision_differs"} <= codes(signature)
    assert signature.coverage is Coverage.BROKEN


# ---------------------------------------------------------------- damaged files


def test_a_damaged_file_still_lists_its_signatures() -> None:
    """Damage is told for the file and for every signature, with what can still be computed."""
    broken = GOOD.replace(b"endstream", b"endsTream", 1)
    found = facts_of(broken)
    assert [item.code for item in found.findings] == ["pdf_damaged"]
    (signature,) = found.signatures
    assert {"pdf_damaged", "digest_mismatch"} <= codes(signature)
    assert (signature.integrity, signature.coverage) == (Integrity.BROKEN, Coverage.BROKEN)


@pytest.mark.parametrize("cut", [10, 200, 2000])
def test_a_file_that_was_cut_off_lists_its_signature(cut: int) -> None:
    """Even when the dictionary itself is incomplete, it is not passed over."""
    (signature,) = facts_of(GOOD[:-cut]).signatures
    assert "pdf_damaged" in codes(signature)


def test_a_document_time_stamp_is_noticed_and_not_counted() -> None:
    """A token stands among the time-stamps, not the signatures, with what is wrong with it."""
    token = Forgery(content=b"x", content_type="1.2.840.113549.1.9.16.1.4")
    entries = {"SubFilter": b"/ETSI.RFC3161", "Type": b"/DocTimeStamp"}
    found = facts_of(SignedPdf(entries=entries, cms=token.encode).build())
    assert found.signatures == ()
    (stamp,) = found.time_stamps
    assert stamp.kind is TimeStampKind.DOCUMENT
    assert [item.code for item in stamp.findings] == ["time_stamp_unreadable"]


LEVELS: dict[str, tuple[dict[str, bytes], str, str]] = {
    "older rules": ({"SubFilter": b"/adbe.pkcs7.detached"}, "not_pades", "PKCS7_B"),
    "certificate in the dictionary": ({"Cert": b"(x)"}, "cert_entry", "PAdES_BES"),
    "no handler": ({"Filter": b""}, "filter_missing", "PAdES_BES"),
    "no time": ({"M": b""}, "claimed_time_missing", "PAdES_BES"),
    "unreadable time": ({"M": b"(yesterday)"}, "claimed_time_missing", "PAdES_BES"),
}


@pytest.mark.parametrize("name", list(LEVELS))
def test_what_is_no_baseline_signature_is_called_so(name: str) -> None:
    """Shortcomings of the format lower the level and leave integrity alone."""
    entries, code, level = LEVELS[name]
    signature = only_signature(SignedPdf(entries=entries).build())
    assert (codes(signature), signature.level) == ({code}, level)
    assert signature.integrity is Integrity.INTACT


@pytest.mark.parametrize(
    ("oid", "value", "entry", "code"),
    [
        ("1.2.840.113549.1.9.5", der.NULL, "Reason", "signing_time_in_cms"),
        ("1.2.840.113549.1.9.16.2.16", COMMITMENT, "Reason", "reason_twice"),
        ("1.2.840.113549.1.9.16.2.17", der.sequence(), "Location", "location_twice"),
    ],
)
def test_what_is_said_twice_lowers_the_level(oid: str, value: bytes, entry: str, code: str) -> None:
    """Time, reason and place stand either in the PDF or in the CMS (EN 319 142-1 cl. 6.3)."""
    cms = Forgery(add=((oid, [value]),))
    signature = only_signature(SignedPdf(cms=cms.encode, entries={entry: b"(x)"}).build())
    assert (codes(signature), signature.level) == ({code}, "PAdES_BES")


@pytest.mark.parametrize(
    ("oid", "value", "code"),
    [
        ("1.2.840.113549.1.9.16.2.15", der.NULL, "signature_policy_not_applied"),
        ("1.2.840.113549.1.9.16.2.16", der.NULL, "claim_unreadable"),
    ],
)
def test_what_a_claim_is_worth_is_told(oid: str, value: bytes, code: str) -> None:
    """A policy is not applied, an unreadable claim not shown; neither changes the form."""
    cms = Forgery(add=((oid, [value]),))
    signature = only_signature(SignedPdf(cms=cms.encode).build())
    assert (codes(signature), signature.level) == ({code}, "PAdES_BASELINE_B")


# ------------------------------------------------------------ encryption, limits


@pytest.mark.parametrize("data", [OWN, signed(pdfs.stream_pdf(plain_objects()))])
def test_every_kind_of_memory_is_read_alike(data: bytes, tmp_path: Path) -> None:
    """Bytes, a view and a memory map of a file give the same facts."""
    expected = read_facts(data)
    assert read_facts(memoryview(data)) == read_facts(bytearray(data)) == expected
    file = tmp_path / "a.pdf"
    file.write_bytes(data)
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        assert read_facts(mapped) == expected


def test_an_encrypted_file_needs_its_password() -> None:
    """With the password the signature is intact, without it nothing is said."""
    data = signed(pdfs.encrypted(6, aes=True, user="secret"), password="secret")
    (signature,) = facts_of(data, password="secret").signatures
    assert (codes(signature), signature.integrity) == (set(), Integrity.INTACT)
    for password in (None, "wrong"):
        with pytest.raises(PdfPasswordWrong):
            facts_of(data, password=password)


def test_a_large_file_is_not_read() -> None:
    """Beyond the limit nothing is parsed."""
    with pytest.raises(InputTooLarge):
        read_facts(GOOD, max_bytes=100)


def test_too_many_signatures_are_refused() -> None:
    """A file with hundreds of signatures is refused, not worked on for minutes."""
    count = 80
    numbers = range(10, 10 + count)
    fields = b" ".join(b"%d 0 R" % number for number in numbers)
    objects = {f"o{number}": b"<< /FT /Sig /T (S%d) /V 1 >>" % number for number in numbers}
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%b] >> >>" % fields
    with pytest.raises(InputTooLarge):
        facts_of(table_pdf(plain_objects(o1=catalog, **objects)))


@given(st.binary(max_size=400))
def test_random_bytes_raise_only_our_own_error(data: bytes) -> None:
    """Random bytes are no PDF; behind a PDF header they give facts without a good signature."""
    if b"%PDF-" not in data:
        with pytest.raises(NotAPdf):
            read_facts(data)
    assert not any(
        item.integrity is Integrity.INTACT for item in read_facts(b"%PDF-1.7\n" + data).signatures
    )


@settings(max_examples=150)
@given(st.integers(0, len(OWN) - 1), st.integers(1, 255))
def test_no_flipped_byte_passes(position: int, difference: int) -> None:
    """One changed byte anywhere leaves no signature intact, whole and free of findings."""
    flipped = bytearray(OWN)
    flipped[position] ^= difference
    try:
        found = read_facts(bytes(flipped))
    except IdServiceError:
        return
    for item in found.signatures:
        good = item.integrity is Integrity.INTACT and item.coverage is Coverage.WHOLE_FILE
        # The issuer's certificate in the bag is judged with the path, not here.
        assert not (good and not item.findings) or item.certificates != SIGNATURE.certificates


SIGNATURE = only_signature(OWN)


@settings(max_examples=60)
@given(st.integers(0, len(OWN) - 1))
def test_no_truncation_passes(length: int) -> None:
    """A file that was cut off anywhere has no signature over the whole of it."""
    try:
        found = read_facts(OWN[:length])
    except MalformedInput:
        return
    assert all(item.coverage is Coverage.BROKEN for item in found.signatures)


def test_what_qpdf_rewrites_loses_its_signature() -> None:
    """A file that another program saved anew is listed with a broken signature."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(OWN)) as pdf:
        pdf.save(target)
    (signature,) = facts_of(target.getvalue()).signatures
    assert signature.integrity is not Integrity.INTACT or codes(signature)
