"""Each kind of damage is refused by name, with what to do about it."""

import re

import pytest

from idservice.errors import MalformedPdf
from idservice.pdf.document import open_document
from support import pdfs

GOOD = pdfs.build("baseline").data

PLAIN = pdfs.plain_objects()

ENCRYPTED = pdfs.build("encrypted-rc4-128").data

_NUMBER = re.search(rb"/Encrypt (\d+) 0 R", ENCRYPTED)

assert _NUMBER is not None

_BODY = re.search(rb"\n%b 0 obj\n(<<.*?>>)\nendobj" % _NUMBER[1], ENCRYPTED, re.DOTALL)

assert _BODY is not None

ENCRYPTION = (_NUMBER[1] + b" 0 R", _BODY[1])


def _with(**changed: bytes) -> bytes:
    return pdfs.table_pdf(pdfs.plain_objects(**changed))


DAMAGED: dict[str, tuple[bytes, str]] = {
    "no version": (GOOD.replace(b"%PDF-1.7", b"%PDF-x.y"), "PDF version"),
    "cut off": (GOOD[:-300], "cut off|startxref"),
    "no startxref": (GOOD.replace(b"startxref", b"startxxxx"), "startxref"),
    "no number": (GOOD.replace(b"startxref\n", b"startxref\nx"), "one number"),
    "no end mark": (GOOD.replace(b"%%EOF", b"%EOF"), "EOF"),
    "two numbers": (GOOD.replace(b"startxref\n", b"startxref\n12\n"), "EOF"),
    "beyond the end": (GOOD.replace(b"startxref\n", b"startxref\n9"), "behind the end"),
    "into nowhere": (GOOD.replace(b"startxref\n3", b"startxref\n1"), "xref not found|expected"),
    "shifted object": (GOOD.replace(b"4 0 obj", b" 4 0 obj", 1)[:-1], "damaged"),
    "wrong number": (GOOD.replace(b"4 0 obj", b"8 0 obj", 1), "expected 4 0 obj"),
    "unknown filter": (
        _with(o6=pdfs.stream(b"x", b"/Filter /Oink ")),
        "filter that does not exist",
    ),
    "filter is text": (
        _with(o6=pdfs.stream(b"x", b"/Filter (FlateDecode) ")),
        "filter that does not exist",
    ),
    "unknown filter in a row": (
        _with(o6=pdfs.stream(b"x", b"/Filter [/FlateDecode /Oink] ")),
        "filter that does not exist",
    ),
    "wrong stream length": (_with(o4=pdfs.stream(pdfs.TEXT).replace(b"42", b"44")), "endstream"),
    "duplicate key": (_with(o1=pdfs.CATALOG[:-2] + b"/Lang (a) /Lang (b) >>"), "duplicated key"),
    "duplicate reference": (
        _with(o1=pdfs.CATALOG[:-2] + b"/A 4 0 R /A 5 0 R >>"),
        "duplicated key",
    ),
    "no catalog": (_with(o1=b"[ ]"), "Root|catalog"),
    "catalog of another type": (_with(o1=b"<< /Type /Page /Pages 2 0 R >>"), "atalog|Root"),
    "no pages": (_with(o1=b"<< /Type /Catalog >>"), "page tree"),
    "pages are text": (_with(o1=b"<< /Type /Catalog /Pages (x) >>"), "page tree"),
    "no kids": (_with(o2=b"<< /Type /Pages /Count 0 >>"), "no /Kids"),
    "empty tree": (_with(o2=b"<< /Type /Pages /Kids [ ] /Count 0 >>"), "no page"),
    "kid is a number": (_with(o2=b"<< /Type /Pages /Kids [7] /Count 1 >>"), "no dictionary"),
    "kid is a dangling reference": (
        _with(o2=b"<< /Type /Pages /Kids [3 0 R 9 0 R] /Count 2 >>"),
        "no dictionary",
    ),
    "kid is no page": (_with(o3=b"<< /Type /Font >>"), "is no page"),
    "kid has no type": (_with(o3=pdfs.PAGE.replace(b"/Type /Page ", b"")), "is no page"),
    "page twice": (_with(o2=b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>"), "twice"),
    "wrong count": (_with(o2=b"<< /Type /Pages /Kids [3 0 R] /Count 2 >>"), "wrongly"),
    "circular pages": (
        _with(o2=b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>"),
        "circular",
    ),
    "deep pages": (pdfs.table_pdf(pdfs.many_pages(1, depth=80)), "deeper than"),
    "form is text": (_with(o1=pdfs.CATALOG[:-2] + b"/AcroForm (x) >>"), "form"),
    "fields are text": (_with(o1=pdfs.CATALOG[:-2] + b"/AcroForm << /Fields (x) >> >>"), "fields"),
    "field is a number": (
        _with(o1=pdfs.CATALOG[:-2] + b"/AcroForm << /Fields [7] >> >>"),
        "no dictionary",
    ),
    "name of a field is a number": (
        _with(o1=pdfs.CATALOG[:-2] + b"/AcroForm << /Fields [<< /T 7 >>] >> >>"),
        "no text",
    ),
    "circular fields": (
        _with(
            o1=pdfs.CATALOG[:-2] + b"/AcroForm << /Fields [6 0 R] >> >>",
            o6=b"<< /T (a) /Kids [6 0 R] >>",
        ),
        "circular",
    ),
    "deep fields": (
        _with(
            o1=pdfs.CATALOG[:-2]
            + b"/AcroForm << /Fields [%b] >> >>" % (b"<< /Kids [" * 70 + b"] >>" * 70)
        ),
        "deeper than",
    ),
    "catalog in the trailer": (
        GOOD.replace(b"/Root 1 0 R", b"/Root << /Type /Catalog /Pages 2 0 R >>"),
        "atalog|Root",
    ),
    "encryption in the trailer": (
        ENCRYPTED.replace(b"/Encrypt %b" % ENCRYPTION[0], b"/Encrypt %b" % ENCRYPTION[1]),
        "in the trailer itself",
    ),
    "key of unknown length": (
        ENCRYPTED.replace(b"/Length 128 /O", b"/Lengtx 128 /O"),
        "how long the key is",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named(name: str) -> None:
    """Each kind of damage is refused, and the message says what it is and what to do."""
    data, words = DAMAGED[name]
    with pytest.raises(MalformedPdf, match=words) as caught:
        open_document(data)
    assert "--repair" in caught.value.fix
