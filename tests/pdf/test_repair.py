"""Repair makes a signable file of a damaged one, never of one that is signed."""

import pytest

from idservice.errors import IdServiceError, MalformedPdf, PdfPasswordWrong, PdfSigningForbidden
from idservice.pdf.document import open_document
from idservice.pdf.repair import repair
from support import pdfs
from support.signing import signed


def test_repair_keeps_encryption_and_text() -> None:
    """A damaged encrypted file is rewritten with the same encryption, and then signs."""
    case = pdfs.build("password-aes-128")
    broken = case.data.replace(b"startxref\n", b"startxref\n1")
    with pytest.raises(MalformedPdf):
        open_document(broken, password=case.password)
    repaired = repair(broken, password=case.password)
    assert repaired.faults
    document = open_document(signed(repaired.data, password=case.password), password=case.password)
    assert document.encryption is not None
    with pytest.raises(PdfPasswordWrong):
        repair(broken, password="wrong")


def test_repair_refuses_what_is_signed() -> None:
    """A damaged file that carries a signature is never rewritten."""
    data = signed(pdfs.build("baseline").data)
    broken = data.replace(b"startxref\n", b"startxref\n1")
    with pytest.raises(IdServiceError, match="carries a signature"):
        repair(broken)


SIGNATURE = b"<< /Type /Sig /Contents <00> /ByteRange [0 1 2 3] >>"


@pytest.mark.parametrize(
    "body",
    [
        SIGNATURE.replace(b"/ByteRange [", b"/Byte#52ange ["),
        SIGNATURE.replace(b"/ByteRange [", b"/#42yteRan#67e["),
        SIGNATURE.replace(b"/ByteRange [", b"/ByteRange % what follows is hidden\n["),
        SIGNATURE.replace(b"[0 1 2 3]", b"7 0 R"),
        b"<< /Type /Sig /Contents <00> >>",
        b"<< /Type /DocTimeS#74amp /Contents <00> >>",
        b"<< /FT /Tx /V << /Type /S#69g /Contents <00> >> >>",
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_repair_sees_a_signature_in_any_dress(body: bytes, *, compressed: bool) -> None:
    """Escapes, comments and references in a signature of no field do not hide it."""
    objects = pdfs.plain_objects(o6=body, o7=b"[0 1 2 3]")
    data = pdfs.stream_pdf(objects, compressed=(6,) if compressed else ())
    broken = data.replace(b"startxref\n", b"startxref\n1")
    with pytest.raises(PdfSigningForbidden, match="carries a signature"):
        repair(broken)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\nnothing", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"])
def test_repair_says_when_there_is_nothing_to_mend(data: bytes) -> None:
    """What cannot be made a document of is refused as beyond repair."""
    with pytest.raises(MalformedPdf, match="beyond repair"):
        repair(data)
