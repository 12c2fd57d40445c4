"""Fonts that programs add to a form, also where pages share the dictionary (as PDFBox does)."""

from __future__ import annotations

import pytest

from idservice.pades.facts import read_facts
from support import pdfs
from support.pdf_writing import stream, table_pdf
from support.revision_writing import Revision
from support.signing import signed

FONTS, FORM, FIELD = 20, 21, 22
_HELV = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def document(content: bytes = b"", look: bytes = b"") -> bytes:
    """Sign a form whose default resources are those of its page, with this content and look."""
    page = stream(b"BT /F1 12 Tf 72 700 Td (Text) Tj ET " + content)
    shown = stream(
        b"/Tx BMC BT /F1 9 Tf 2 2 Td (x) Tj ET EMC " + look,
        b"/Type /XObject /Subtype /Form /BBox [0 0 80 20] /Resources << /Font 20 0 R >> ",
    )
    objects = pdfs.plain_objects(o4=page) | {
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm 21 0 R >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font 20 0 R >> /Annots [22 0 R] >>",
        FONTS: b"<< /F1 5 0 R >>",
        FORM: b"<< /Fields [22 0 R] /DR << /Font 20 0 R >> /DA (/F1 9 Tf 0 g) >>",
        FIELD: b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Name) /V (x) /F 4 /P 3 0 R "
        b"/Rect [100 100 180 120] /DA (/F1 9 Tf 0 g) /AP << /N 23 0 R >> >>",
        23: shown,
    }
    return signed(table_pdf(objects))


def codes(data: bytes, fonts: bytes) -> set[tuple[str, str]]:
    """What is said of a revision that writes the dictionary of fonts again."""
    change = Revision(data)
    change.write(FONTS, fonts % change.add(_HELV) if b"%d" in fonts else fonts)
    (signature,) = read_facts(change.build()).signatures
    return {(item.code, item.verdict.value) for item in signature.changes}


def test_a_font_that_nothing_names_may_be_added() -> None:
    """A page that shares its fonts with the form does not change by a name it never says."""
    found = codes(document(), b"<< /F1 5 0 R /Helv %d 0 R >>")
    assert found == {("form-resources-added", "permitted")}


@pytest.mark.parametrize(
    ("content", "look"),
    [
        (b"BT /Helv 12 Tf 72 600 Td (Nine hundred) Tj ET", b""),
        (b"BT /H#65lv 12 Tf 72 600 Td (Nine hundred) Tj ET", b""),
        (b"", b"BT /Helv 9 Tf 2 2 Td (x) Tj ET"),
    ],
)
def test_a_font_that_content_waited_for_may_not(content: bytes, look: bytes) -> None:
    """A text in a font that was missing would show, or show otherwise, only now."""
    found = codes(document(content, look), b"<< /F1 5 0 R /Helv %d 0 R >>")
    assert ("font-changed", "forbidden") in found


@pytest.mark.parametrize(
    "fonts", [b"<< /F1 %d 0 R >>", b"<< /Helv %d 0 R >>", b"<< /F1 5 0 R /Helv 4 0 R >>"]
)
def test_nothing_else_of_the_dictionary_may_differ(fonts: bytes) -> None:
    """A font may neither be another one, nor be gone, nor be no font."""
    assert any(verdict == "forbidden" for _, verdict in codes(document(), fonts))
