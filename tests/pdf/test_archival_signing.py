"""What signing adds to a PDF/A keeps it one, rule by rule (ISO 19005-1, -2 and -3).

The rules were compared with what veraPDF says of 30 such files before and after signing.
"""

import re

import pytest

from idservice.cms.claims import Commitment, SignerClaims
from idservice.pades.signing import SignatureOptions
from idservice.pdf.document import PdfDocument, open_document
from idservice.pdf.fields import FieldLock
from idservice.pdf.signature_field import Restrictions
from support import pdfs
from support.signing import signed
from support.stamps import stamp

ARCHIVAL = pdfs.build("archival-with-metadata").data.replace(b'pdfaid:part="2"', b'pdfaid:part="1"')
WAYS = {
    "plain": SignatureOptions(),
    "visible": SignatureOptions(stamp=stamp()),
    "restricted": SignatureOptions(
        claims=SignerClaims(Commitment.ORIGIN),
        restrictions=Restrictions(2, FieldLock("All")),
    ),
}
every_way = pytest.mark.parametrize("way", WAYS)


def added(way: str) -> tuple[bytes, PdfDocument]:
    """Sign the document; return what was appended, and the whole opened."""
    data = signed(ARCHIVAL, options=WAYS[way])
    return data[len(ARCHIVAL) :], open_document(data)


@every_way
def test_the_field_has_a_normal_appearance_and_no_other(way: str) -> None:
    """19005-1 cl. 6.9 and 6.5.3, 19005-2 cl. 6.3.3: /AP holds /N alone, and that is a stream."""
    _, document = added(way)
    (field,) = document.form.signature_fields
    appearance = field.dictionary["/AP"]
    assert set(appearance.keys()) == {"/N"}
    assert appearance["/N"].get("/Subtype") == "/Form"
    assert appearance["/N"].is_indirect


@every_way
def test_the_widget_is_printed_and_never_hidden(way: str) -> None:
    """19005-1 cl. 6.5.3, 19005-2 cl. 6.3.2: Print is set; Hidden, Invisible and NoView are not."""
    _, document = added(way)
    (field,) = document.form.signature_fields
    assert field.dictionary["/F"] == 132
    assert "/A" not in field.dictionary
    assert "/AA" not in field.dictionary


@every_way
def test_nothing_that_is_forbidden_is_added(way: str) -> None:
    """No encryption, scripts, transparency, post-script, external files or XFA."""
    update, document = added(way)
    for word in (
        b"/Encrypt",
        b"/JavaScript",
        b"/NeedAppearances",
        b"/XFA",
        b"/SMask",
        b"/LZWDecode",
    ):
        assert word not in update
    assert b"/Group" not in update
    assert set(document.catalog.get("/Perms", {}).keys()) <= {"/DocMDP"}
    for item in document.form.signature_fields:
        assert item.value is not None
        for transform in item.value.get("/Reference", []):
            assert not {"/DigestMethod", "/DigestValue"} & set(transform.keys())


@every_way
def test_strings_in_hexadecimal_have_whole_bytes(way: str) -> None:
    """19005-1 cl. 6.1.6: an even number of digits and nothing else between the brackets."""
    update, _ = added(way)
    plain = re.sub(rb"stream\r?\n.*?endstream", b"", update, flags=re.DOTALL)
    for digits in re.findall(rb"(?<!<)<(?!<)([^<>]*)>(?!>)", plain):
        assert re.fullmatch(rb"(?:[0-9A-Fa-f]{2})*", digits)


@every_way
def test_metadata_and_identifier_stay(way: str) -> None:
    """The XMP packet is the same object with the same bytes, and the first /ID is the same."""
    update, document = added(way)
    before = open_document(ARCHIVAL)
    old, new = before.catalog["/Metadata"], document.catalog["/Metadata"]
    assert old.objgen == new.objgen
    assert bytes(old.read_raw_bytes()) == bytes(new.read_raw_bytes())
    assert b"\n%d 0 obj" % old.objgen[0] not in update
    assert bytes(before.trailer["/ID"][0]) == bytes(document.trailer["/ID"][0])


@pytest.mark.parametrize("name", ["version-1.4", "archival-with-metadata"])
def test_other_documents_get_no_empty_appearance(name: str) -> None:
    """Only PDF/A-1 asks for it; elsewhere a time-stamp with one looks like a change of a form."""
    document = open_document(signed(pdfs.build(name).data))
    (field,) = document.form.signature_fields
    assert "/AP" not in field.dictionary
