"""A signature whose value is shown by another object of the document never passes."""

import pytest

from idservice.validation.facts import Coverage, Integrity
from support.signed_pdfs import SignedPdf, codes, only_signature

_LENGTH = b"/Length 00000000"


def spanning_stream() -> bytes:
    """A signed file with an image whose data goes on through the whole signature."""
    head = b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 " + _LENGTH + b" >>\nstream\n"
    tail = b" /X (\nendstream\nendobj\n)"

    def laid_out(length: int) -> bytes:
        image = head.replace(_LENGTH, b"/Length %08d" % length)
        catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> /I 5 0 R >>"
        return SignedPdf(objects={"o1": catalog, "o5": image}, after_contents=tail).build()

    data = laid_out(0)
    start = data.index(b">>\nstream\n", data.index(b"/Width")) + len(b">>\nstream\n")
    return laid_out(data.index(b"\nendstream\nendobj\n)") - start)


def spanning_string() -> bytes:
    """A signed file with a string that ends in a comment of the signature dictionary."""
    return SignedPdf(objects={"o5": b"("}, after_contents=b" % ) endobj\n").build()


@pytest.mark.parametrize("data", [spanning_stream(), spanning_string()], ids=["stream", "string"])
def test_an_object_around_a_signature_is_refused(data: bytes) -> None:
    """The signature itself verifies, and its coverage is broken all the same."""
    signature = only_signature(data)
    assert signature.integrity is Integrity.INTACT
    assert signature.coverage is Coverage.BROKEN
    assert codes(signature) == {"gap_shared"}
