"""Forged signature dictionaries, and signatures where none may be, one change at a time."""

import re

import pytest

from idservice.validation.facts import Coverage, Integrity
from support import pdfs
from support.pdfs import plain_objects, table_pdf
from support.signed_pdfs import ROOM, SignedPdf, codes, facts_of, only_signature

GOOD = SignedPdf().build()


# -------------------------------------------------- universal signature forgery

FORGED_DICTIONARIES: dict[str, tuple[SignedPdf, str]] = {
    "other sub filter": (
        SignedPdf(entries={"SubFilter": b"/ETSI.CAdES"}),
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


def with_rights(entries: bytes) -> bytes:
    """A file whose catalog names a dictionary as usage rights."""
    rights = b"<< /Type /Sig /Contents <00> /ByteRange [0 1 2 3] %b >>" % entries
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Perms << /UR3 6 0 R >> >>"
    return table_pdf(plain_objects(o1=catalog, o6=rights))


def test_usage_rights_are_no_signature() -> None:
    """What a vendor signs to unlock features of its viewer says nothing of a person."""
    for method in (b"/UR3", b"/UR"):
        found = facts_of(with_rights(b"/Reference [<< /TransformMethod %b >>]" % method))
        assert found.signatures == ()
        assert [item.code for item in found.findings] == ["usage_rights_not_validated"]


@pytest.mark.parametrize(
    "entries",
    [b"", b"/Reference 5", b"/Reference [5]", b"/Reference [<< /TransformMethod /DocMDP >>]"],
)
def test_usage_rights_hide_no_signature(entries: bytes) -> None:
    """A signature does not disappear because the catalog calls it usage rights."""
    (signature,) = facts_of(with_rights(entries)).signatures
    assert "signature_not_in_field" in codes(signature)


def test_a_stream_that_looks_like_a_signature_is_listed() -> None:
    """The dictionary of a stream can pretend to be a signature as well as any other."""
    held = pdfs.stream(b"x", b"/Type /Sig /Contents <00> /ByteRange [0 1 2 3] ")
    (signature,) = facts_of(table_pdf(plain_objects(o6=held))).signatures
    assert "signature_not_in_field" in codes(signature)


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
