"""Attacks on PDF signatures, one change at a time, and what the reader says about each."""

import io
import re
from collections.abc import Callable

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idservice.errors import IdServiceError, InputTooLarge, MalformedInput, PdfPasswordWrong
from idservice.pades.facts import read_facts
from idservice.validation.facts import Coverage, Integrity
from support import pdfs
from support.cms_forgery import Forgery
from support.pdfs import append_table, plain_objects, table_pdf
from support.signed_pdfs import ROOM, SignedPdf, codes, facts_of, only_signature
from support.signing import signed

GOOD = SignedPdf().build()
OWN = signed(pdfs.baseline())


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


# -------------------------------------------------- universal signature forgery

FORGED_DICTIONARIES: dict[str, tuple[SignedPdf, str]] = {
    "other sub filter": (
        SignedPdf(entries={"SubFilter": b"/adbe.x509.rsa_sha1"}),
        "sub_filter_unsupported",
    ),
    "no sub filter": (SignedPdf(entries={"SubFilter": b""}), "sub_filter_unsupported"),
    "time-stamp without a token": (
        SignedPdf(entries={"SubFilter": b"/ETSI.RFC3161", "Type": b"/DocTimeStamp"}),
        "sub_filter_unsupported",
    ),
    "type of a time-stamp": (SignedPdf(entries={"Type": b"/DocTimeStamp"}), "signature_type"),
    "byte range from one": (
        SignedPdf(ranges=lambda r: (1, r[1] - 1, r[2], r[3])),
        "byte_range_start",
    ),
    "byte range beyond the file": (
        SignedPdf(ranges=lambda r: (0, r[1], r[2], r[3] + 1)),
        "byte_range_outside",
    ),
    "negative byte range": (SignedPdf(ranges=lambda r: (0, r[1], r[2], -1)), "byte_range_order"),
    "overlapping ranges": (
        SignedPdf(ranges=lambda r: (0, r[1], r[1] - 1, r[3])),
        "byte_range_order",
    ),
    "empty first range": (SignedPdf(ranges=lambda r: (0, 0, r[2], r[3])), "byte_range_order"),
    "end before the end": (
        SignedPdf(ranges=lambda r: (0, r[1], r[2], r[3] - 30)),
        "coverage_no_revision",
    ),
    "gap one byte too wide in front": (
        SignedPdf(ranges=lambda r: (0, r[1] - 1, r[2], r[3])),
        "gap_not_contents",
    ),
    "gap one byte too wide behind": (
        SignedPdf(ranges=lambda r: (0, r[1], r[2] + 1, r[3] - 1)),
        "gap_not_contents",
    ),
    "second range shifted, sum right": (
        SignedPdf(ranges=lambda r: (0, r[1], r[2] + 8, r[3] - 8)),
        "gap_not_contents",
    ),
    "both ranges shifted": (
        SignedPdf(ranges=lambda r: (0, r[1] + 2, r[2] + 2, r[3] - 2)),
        "gap_not_contents",
    ),
    "brackets signed": (
        SignedPdf(ranges=lambda r: (0, r[1] + 1, r[2] - 1, r[3] + 1)),
        "gap_not_contents",
    ),
    "two contents": (SignedPdf(before_contents=b"/Contents <00> "), "contents_repeated"),
    "two contents, the other behind": (
        SignedPdf(after_contents=b"/Contents <00>"),
        "contents_repeated",
    ),
    "two contents, one name escaped": (
        SignedPdf(before_contents=b"/Conten#74s <00> "),
        "contents_repeated",
    ),
    "two byte ranges": (
        SignedPdf(after_contents=b"/ByteRange [0 1 2 3]"),
        "byte_range_repeated",
    ),
    "another entry repeated": (SignedPdf(after_contents=b"/M (D:2020)"), "pdf_damaged"),
    "padding that is no zero": (SignedPdf(padding=b"1"), "cms_trailing_data"),
}


@pytest.mark.parametrize("name", list(FORGED_DICTIONARIES))
def test_a_forged_dictionary_has_its_code(name: str) -> None:
    """The signature is listed, with the fault that was put in."""
    forged, code = FORGED_DICTIONARIES[name]
    assert code in codes(only_signature(forged.build()))


def rewritten(pattern: bytes, value: bytes) -> bytes:
    """Replace a part of the good file by something of the same length."""
    found = re.search(pattern, GOOD)
    assert found
    return GOOD[: found.start()] + value.ljust(len(found[0])) + GOOD[found.end() :]


USF: dict[str, tuple[bytes, bytes, str]] = {
    "contents null": (rb"/Contents <[0-9a-f]+>", b"/Contents null", "contents_malformed"),
    "contents empty": (rb"/Contents <[0-9a-f]+>", b"/Contents <>", "contents_malformed"),
    "contents zero": (rb"/Contents <[0-9a-f]+>", b"/Contents <00>", "cms_unreadable"),
    "contents odd": (rb"/Contents <[0-9a-f]+>", b"/Contents <308>", "contents_malformed"),
    "contents blank inside": (rb"/Contents <30", b"/Contents <3 ", "contents_malformed"),
    "contents literal": (rb"/Contents <[0-9a-f]+>", b"/Contents (0\\202)", "contents_malformed"),
    "contents a number": (rb"/Contents <[0-9a-f]+>", b"/Contents 0", "contents_malformed"),
    "contents gone": (rb"/Contents <[0-9a-f]+>", b"", "contents_missing"),
    "contents a reference": (rb"/Contents <[0-9a-f]+>", b"/Contents 4 0 R", "contents_malformed"),
    "contents in two cases": (rb"/Contents <30", b"/Contents <3A", "contents_malformed"),
    "byte range null": (rb"/ByteRange \[[^]]*\]", b"/ByteRange null", "byte_range_malformed"),
    "byte range gone": (rb"/ByteRange \[[^]]*\]", b"", "byte_range_missing"),
    "byte range negative": (
        rb"/ByteRange \[[^]]*\]",
        b"/ByteRange [0 -1 -1 -1]",
        "byte_range_order",
    ),
    "byte range short": (rb"/ByteRange \[[^]]*\]", b"/ByteRange [0 9 9]", "byte_range_malformed"),
    "byte range of reals": (
        rb"/ByteRange \[[^]]*\]",
        b"/ByteRange [0.0 1.0 2.0 3.0]",
        "byte_range_malformed",
    ),
    "byte range of names": (
        rb"/ByteRange \[[^]]*\]",
        b"/ByteRange [/a /b /c /d]",
        "byte_range_malformed",
    ),
    "byte range indirect": (
        rb"/ByteRange \[[^]]*\]",
        b"/ByteRange 4 0 R",
        "byte_range_malformed",
    ),
    "type of something else": (rb"/Type /Sig ", b"/Type /Foo", "signature_type"),
}


@pytest.mark.parametrize("name", list(USF))
def test_universal_forgery_is_never_passed_over(name: str) -> None:
    """A signature that cannot be verified is listed as such, with the reason."""
    pattern, value, code = USF[name]
    data = rewritten(pattern, value)
    assert code in codes(only_signature(data))


@pytest.mark.parametrize("value", [b"42", b"(text)", b"[1 2]", b"/Name", b"true"])
def test_a_field_value_that_is_no_dictionary_is_a_broken_signature(value: bytes) -> None:
    """A signature field with a value of the wrong type is listed, not skipped."""
    field = b"<< /FT /Sig /T (S) /V %b >>" % value
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>"
    signature = only_signature(table_pdf(plain_objects(o1=catalog, o6=field)))
    assert "dictionary_ambiguous" in codes(signature)
    assert (signature.integrity, signature.coverage) == (Integrity.UNVERIFIABLE, Coverage.BROKEN)


# ------------------------------------------------------ where a signature stands


def stray(**objects: bytes) -> bytes:
    """The good file with its signature reached in another way."""
    return SignedPdf(objects=objects).build()


ELSEWHERE: dict[str, dict[str, bytes]] = {
    "text field": {"o6": b"<< /FT /Tx /T (S) /V 7 0 R >>"},
    "field without type": {"o6": b"<< /T (S) /V 7 0 R >>"},
    "free object": {"o6": b"<< /FT /Sig /T (S) >>"},
    "no form": {"o1": b"<< /Type /Catalog /Pages 2 0 R >>"},
    "annotation only": {
        "o1": b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] >> /Held 6 0 R >>"
    },
}


@pytest.mark.parametrize("name", list(ELSEWHERE))
def test_a_signature_outside_a_signature_field_is_refused(name: str) -> None:
    """Only the value of a signature field in /AcroForm /Fields is a signature."""
    (signature,) = facts_of(stray(**ELSEWHERE[name])).signatures
    assert "signature_not_in_field" in codes(signature)


def test_a_direct_signature_in_a_text_field_is_refused() -> None:
    """A dictionary written inside a text field is found as well."""
    value = b"<< /Type /Sig /Contents <00> /ByteRange [0 1 2 3] >>"
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>"
    field = b"<< /FT /Tx /T (S) /V %b >>" % value
    (signature,) = facts_of(table_pdf(plain_objects(o1=catalog, o6=field))).signatures
    assert "signature_not_in_field" in codes(signature)


def test_usage_rights_are_no_signature() -> None:
    """What a vendor signs to unlock features of its viewer says nothing of a person."""
    rights = b"<< /Type /Sig /Contents <00> /ByteRange [0 1 2 3] >>"
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Perms << /UR3 6 0 R >> >>"
    assert facts_of(table_pdf(plain_objects(o1=catalog, o6=rights))).signatures == ()


def test_a_direct_value_in_its_field_is_read_where_it_stands() -> None:
    """The dictionary may be written inside the field; it is then verified there."""
    entries = b"/Type /Sig /Filter /F /SubFilter /ETSI.CAdES.detached /M (D:20260601120000Z)"
    held = b"<< /FT /Sig /T (S) /V << %b /ByteRange [0 0000000000 0000000000 0000000000] " % entries
    data = SignedPdf(
        objects={
            "o6": held + b"/Contents <" + b"0" * ROOM + b"> >> >>",
            "o7": b"null",
        }
    ).build()
    assert (codes(only_signature(data)), only_signature(data).id) == (set(), "S")


def test_one_signature_in_two_fields_is_reported_once() -> None:
    """Two fields that share a value hold one signature."""
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R 8 0 R] >> >>"
    data = stray(o1=catalog, o8=b"<< /FT /Sig /T (Other) /V 7 0 R >>")
    assert only_signature(data).id == "Signature1"


def test_a_signature_inside_an_object_stream_cannot_be_placed() -> None:
    """A dictionary that is not written at a place of the file cannot be verified."""
    objects = plain_objects(
        o1=b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>",
        o6=b"<< /FT /Sig /T (S) /V 7 0 R >>",
        o7=b"<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> >>",
    )
    signature = only_signature(pdfs.stream_pdf(objects, compressed=(7,)))
    assert "dictionary_ambiguous" in codes(signature)


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


def test_a_second_signature_leaves_the_first_not_analysed() -> None:
    """Even a later signature of our own is a change that this version does not analyse."""
    first, second = facts_of(signed(OWN)).signatures
    assert (first.coverage, second.coverage) == (Coverage.REVISION, Coverage.WHOLE_FILE)
    assert [item.code for item in first.changes] == ["revision-appended"]
    assert (first.revision, second.revision, second.changes) == (2, 3, ())
    assert codes(first) == codes(second) == set()


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
    """A real time-stamp token is no signature; that it is not validated is told."""
    token = Forgery(content=b"x", content_type="1.2.840.113549.1.9.16.1.4")
    entries = {"SubFilter": b"/ETSI.RFC3161", "Type": b"/DocTimeStamp"}
    found = facts_of(SignedPdf(entries=entries, cms=token.encode).build())
    assert found.signatures == ()
    assert [item.code for item in found.findings] == ["timestamp_not_validated"]


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
    ("oid", "entry", "code"),
    [
        ("1.2.840.113549.1.9.5", "Reason", "signing_time_in_cms"),
        ("1.2.840.113549.1.9.16.2.16", "Reason", "reason_twice"),
        ("1.2.840.113549.1.9.16.2.17", "Location", "location_twice"),
    ],
)
def test_what_is_said_twice_lowers_the_level(oid: str, entry: str, code: str) -> None:
    """Time, reason and place stand either in the PDF or in the CMS (EN 319 142-1 cl. 6.3)."""
    cms = Forgery(add=((oid, [b"\x05\x00"]),))
    signature = only_signature(SignedPdf(cms=cms.encode, entries={entry: b"(x)"}).build())
    assert (codes(signature), signature.level) == ({code}, "PAdES_BES")


# ------------------------------------------------------------ encryption, limits


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
    with pytest.raises(MalformedInput):
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
