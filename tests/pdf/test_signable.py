"""What no validation could accept afterwards is not signed in the first place."""

import pytest

from idservice.errors import MalformedPdf, PdfSigningForbidden
from idservice.pdf import signable
from idservice.pdf.document import open_document
from idservice.pdf.signable import require_signable
from support import pdfs
from support.signed_pdfs import SignedPdf
from support.signing import signed

STRAY = b"<< /Type /Sig /Filter /Adobe.PPKLite /Contents <00> /ByteRange [0 1 2 3] >>"


def _with(body: bytes) -> bytes:
    return pdfs.table_pdf(pdfs.plain_objects(o6=body))


@pytest.mark.parametrize(
    "data",
    [
        _with(STRAY),
        _with(STRAY.replace(b"/ByteRange", b"/Byte#52ange").replace(b"/Sig", b"/S#69g")),
        _with(b"<< /Type /DocTimeStamp /Contents <00> >>"),
        _with(b"<< /FT /Tx /T (x) /V %b >>" % STRAY),
        pdfs.stream_pdf(pdfs.plain_objects(o6=STRAY), compressed=(2, 6)),
    ],
    ids=["plain", "escaped names", "time stamp", "value of another field", "in an object stream"],
)
def test_a_signature_outside_the_form_is_in_the_way(data: bytes) -> None:
    """A file with a signature in no signature field can never pass, so it is not signed."""
    with pytest.raises(PdfSigningForbidden, match="no signature field"):
        signed(data)


@pytest.mark.parametrize(
    "data",
    [
        _with(b"(/ByteRange [0 1 2 3] /Type /Sig)"),
        _with(b"<< /Odd#20Name /Sig >>"),
        signed(pdfs.build("baseline").data),
        signed(pdfs.build("object-streams").data),
    ],
    ids=["text", "other names", "signed", "signed with object streams"],
)
def test_other_files_are_signed(data: bytes) -> None:
    """Words in a text, and signatures in their fields, are in nobody's way."""
    assert open_document(signed(data)).is_signed


def test_a_value_that_another_object_shows_is_in_the_way() -> None:
    """A file in which a string goes on into an earlier signature's value is not signed."""
    data = SignedPdf(objects={"o5": b"("}, after_contents=b" % ) endobj\n").build()
    with pytest.raises(MalformedPdf, match="reaches into the value"):
        signed(data)


@pytest.mark.parametrize("behind", [1, 5000])
def test_a_signature_over_bytes_that_are_not_there_is_in_the_way(behind: int) -> None:
    """A further signature would stand where the earlier one says that its own bytes are."""
    data = SignedPdf(ranges=lambda found: (*found[:3], found[3] + behind)).build()
    with pytest.raises(MalformedPdf, match="behind the end"):
        signed(data)


def test_no_more_signatures_than_are_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last signature that would be validated is made, the one after it is not."""
    monkeypatch.setattr(signable, "MAX_SIGNATURES", 2)
    twice = signed(signed(pdfs.build("baseline").data))
    with pytest.raises(PdfSigningForbidden, match="2 signatures"):
        signed(twice)


def test_any_buffer_is_looked_at() -> None:
    """A view of the bytes is searched as the bytes themselves are."""
    with pytest.raises(PdfSigningForbidden):
        require_signable(open_document(memoryview(_with(STRAY))))


@pytest.mark.parametrize(
    "body",
    [
        b"<< /Length 99999 >>\nstream\nabc",
        b"<< /Length 90 0 R >>\nstream\nabc\nendstream",
        b"(",
        b"[",
    ],
    ids=["stream", "stream without a length", "string", "array"],
)
def test_nothing_reaches_into_what_is_appended(body: bytes) -> None:
    """An object that only ends behind the end of the file is damage: it would go on into ours."""
    with pytest.raises(MalformedPdf):
        signed(_with(body))
