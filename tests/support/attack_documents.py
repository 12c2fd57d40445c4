"""Documents of the kinds that are attacked, signed by this product: the bases of all variants.

`contract()` is a file with everything an attacker could want to change: three pages, an
image, fonts, a form of five kinds of fields, comments, layers, an attachment, metadata and a
logical structure. `signed_base(name)` signs it in one of many ways, once for all tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from idservice.pades.signing import SignatureOptions
from idservice.pdf.fields import FieldLock
from idservice.pdf.signature_dictionary import SignatureText
from idservice.pdf.signature_field import Restrictions
from support import long_term
from support.pdf_writing import IDENTIFIER, stream, stream_pdf, table_pdf
from support.pki import AT
from support.signed_pdfs import signed_again
from support.signing import signed
from support.stamps import stamp

CATALOG, PAGES, PAGE, CONTENT, FONT, FORM = 1, 2, 3, 4, 5, 6
NAME, AMOUNT, AGREE, RADIO, RADIO_A, RADIO_B, CHOICE, APPROVAL = 7, 8, 9, 10, 11, 12, 13, 14
NOTE, HIGHLIGHT, LINK, FREE_TEXT, SQUARE = 16, 17, 18, 19, 15
IMAGE, PICTURE, PAGE_2, PAGE_3, CONTENT_2, CONTENT_3 = 20, 21, 22, 23, 24, 25
DESCRIPTOR, FONT_FILE, TO_UNICODE, INFORMATION = 26, 27, 28, 29
NAMES, OUTLINES, STRUCTURE, METADATA, LAYER, FILE_SPEC, FILE = 30, 31, 32, 33, 35, 36, 37
AMOUNT_LOOK, ON_LOOK, OFF_LOOK, APPROVAL_LOOK, FREE_TEXT_LOOK, ELEMENT = 38, 39, 40, 41, 42, 43
SHADOW_PAGES, SHADOW_PAGE, SHADOW_CONTENT, SHADOW_CATALOG, FORM_FONT = 44, 45, 46, 47, 48
ENCODING = 49

XOBJECT = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] "
_TEXT = b"BT /F1 12 Tf 72 %d Td (%b) Tj ET\n"
_MORE = (
    b"/Group << /S /Transparency >> /Resources << /Font << /F1 5 0 R >> "
    b"/XObject << /X1 21 0 R /Im1 20 0 R >> /Properties << /OC1 35 0 R >> >> "
)
_WIDGET = b"/Type /Annot /Subtype /Widget /P 3 0 R /F 4 "
_XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    b'xmp:ModifyDate="2026-06-01T12:00:00Z" xmp:CreatorTool="Office"/></rdf:RDF></x:xmpmeta>'
    b'<?xpacket end="w"?>'
)


def _page(content: int, annotations: bytes = b"[]") -> bytes:
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Annots %b "
        b"%b>>" % (content, annotations, _MORE)
    )


def _text(*lines: bytes) -> bytes:
    body = b"".join(_TEXT % (760 - 20 * row, line) for row, line in enumerate(lines))
    return stream(body + b"/OC /OC1 BDC " + _TEXT % (300, b"Annex applies") + b"EMC")


@cache
def contract() -> dict[int, bytes]:
    """The objects of the document, by the numbers that this module names."""
    return {
        CATALOG: (
            b"<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R /Names 30 0 R /Outlines 31 0 R "
            b"/StructTreeRoot 32 0 R /Metadata 33 0 R /MarkInfo << /Marked true >> "
            b"/OCProperties << /OCGs [35 0 R] /D << /ON [35 0 R] /Order [35 0 R] >> >> >>"
        ),
        PAGES: b"<< /Type /Pages /Kids [3 0 R 22 0 R 23 0 R] /Count 3 >>",
        PAGE: _page(
            4,
            b"[7 0 R 8 0 R 9 0 R 11 0 R 12 0 R 13 0 R 14 0 R 16 0 R 17 0 R 18 0 R 19 0 R 15 0 R]",
        ),
        CONTENT: _text(b"Contract", b"The buyer pays 100 euros to the seller.", b"Signed below."),
        FONT: (
            b"<< /Type /Font /Subtype /TrueType /BaseFont /AAAAAA+Sans /FirstChar 32 /LastChar 33 "
            b"/Widths [250 500] /FontDescriptor 26 0 R /ToUnicode 28 0 R /Encoding 49 0 R >>"
        ),
        FORM: (
            b"<< /Fields [7 0 R 8 0 R 9 0 R 10 0 R 13 0 R 14 0 R] /SigFlags 1 "
            b"/DA (/Helv 0 Tf 0 g) /DR << /Font << /Helv 48 0 R >> >> >>"
        ),
        NAME: b"<< %b/FT /Tx /T (Name) /Rect [72 640 272 660] >>" % _WIDGET,
        AMOUNT: (
            b"<< %b/FT /Tx /T (Amount) /V (100) /Rect [72 610 272 630] /AP << /N 38 0 R >> >>"
            % _WIDGET
        ),
        AGREE: (
            b"<< %b/FT /Btn /T (Agree) /V /Off /AS /Off /Rect [72 580 92 600] "
            b"/AP << /N << /Yes 39 0 R /Off 40 0 R >> >> >>" % _WIDGET
        ),
        RADIO: b"<< /FT /Btn /Ff 49152 /T (Way) /V /Off /Kids [11 0 R 12 0 R] >>",
        RADIO_A: (
            b"<< %b/Parent 10 0 R /AS /Off /Rect [72 550 92 570] "
            b"/AP << /N << /A 39 0 R /Off 40 0 R >> >> >>" % _WIDGET
        ),
        RADIO_B: (
            b"<< %b/Parent 10 0 R /AS /Off /Rect [102 550 122 570] "
            b"/AP << /N << /B 39 0 R /Off 40 0 R >> >> >>" % _WIDGET
        ),
        CHOICE: (
            b"<< %b/FT /Ch /Ff 131072 /T (Country) /Opt [(EE) (FI) (LV)] /Rect [72 520 272 540] >>"
            % _WIDGET
        ),
        APPROVAL: (
            b"<< %b/FT /Sig /T (Approval) /Rect [350 100 500 150] /AP << /N 41 0 R >> >>" % _WIDGET
        ),
        SQUARE: (
            b"<< /Type /Annot /Subtype /Square /Rect [400 640 450 660] /F 4 /C [1 0 0] /T (Ann) >>"
        ),
        NOTE: (
            b"<< /Type /Annot /Subtype /Text /Rect [500 700 520 720] /Contents (Read this) "
            b"/T (Ann) /M (D:20260601110000Z) >>"
        ),
        HIGHLIGHT: (
            b"<< /Type /Annot /Subtype /Highlight /Rect [72 735 200 755] /C [1 1 0] "
            b"/QuadPoints [72 755 200 755 72 735 200 735] /T (Ann) >>"
        ),
        LINK: (
            b"<< /Type /Annot /Subtype /Link /Rect [72 480 272 500] /Border [0 0 0] "
            b"/A << /S /URI /URI (https://example.com/terms) >> >>"
        ),
        FREE_TEXT: (
            b"<< /Type /Annot /Subtype /FreeText /Rect [300 440 500 460] /DA (/Helv 12 Tf) "
            b"/Contents (draft) /AP << /N 42 0 R >> >>"
        ),
        IMAGE: stream(
            b"\x10\x80\xf0",
            b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 "
            b"/ColorSpace /DeviceRGB ",
        ),
        PICTURE: stream(b"0 0 200 20 re S", XOBJECT),
        PAGE_2: _page(24),
        PAGE_3: _page(25),
        CONTENT_2: _text(b"Second page", b"Warranty lasts two years."),
        CONTENT_3: _text(b"Third page", b"Law of Estonia applies."),
        DESCRIPTOR: (
            b"<< /Type /FontDescriptor /FontName /AAAAAA+Sans /Flags 4 /FontFile2 27 0 R "
            b"/FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 800 /Descent -200 /StemV 80 >>"
        ),
        FONT_FILE: stream(b"glyphs of the signed font", b"/Length1 25 "),
        TO_UNICODE: stream(b"/CIDInit /ProcSet findresource begin 1 beginbfchar <21> <0031> end"),
        INFORMATION: b"<< /Title (Contract) /Producer (Office) /ModDate (D:20260601120000Z) >>",
        NAMES: b"<< /EmbeddedFiles << /Names [(terms.txt) 36 0 R] >> /Dests << /Names [] >> >>",
        OUTLINES: b"<< /Type /Outlines /Count 0 >>",
        STRUCTURE: b"<< /Type /StructTreeRoot /K [43 0 R] >>",
        METADATA: stream(_XMP, b"/Type /Metadata /Subtype /XML "),
        LAYER: b"<< /Type /OCG /Name (Annex) >>",
        FILE_SPEC: b"<< /Type /Filespec /F (terms.txt) /EF << /F 37 0 R >> >>",
        FILE: stream(b"Terms as agreed.", b"/Type /EmbeddedFile "),
        AMOUNT_LOOK: stream(b"/Tx BMC BT /Helv 12 Tf 2 4 Td (100) Tj ET EMC", XOBJECT),
        ON_LOOK: stream(b"0 0 m 20 20 l S", XOBJECT),
        OFF_LOOK: stream(b"", XOBJECT),
        APPROVAL_LOOK: stream(b"% sign here", XOBJECT),
        FREE_TEXT_LOOK: stream(b"BT /Helv 12 Tf 2 4 Td (draft) Tj ET", XOBJECT),
        ELEMENT: b"<< /Type /StructElem /S /P /P 32 0 R /Pg 3 0 R /ActualText (100 euros) >>",
        SHADOW_PAGES: b"<< /Type /Pages /Kids [45 0 R] /Count 1 >>",
        SHADOW_PAGE: _page(46).replace(b"/Parent 2 0 R", b"/Parent 44 0 R"),
        SHADOW_CONTENT: _text(b"Contract", b"The buyer pays 9999 euros to the seller."),
        SHADOW_CATALOG: b"<< /Type /Catalog /Pages 44 0 R /AcroForm 6 0 R >>",
        FORM_FONT: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ENCODING: b"<< /Type /Encoding /Differences [33 /one] >>",
    }


_TRAILER = IDENTIFIER + b" /Info 29 0 R"
_PACKED = tuple(number for number, body in contract().items() if not body.endswith(b"endstream"))


@cache
def unsigned(style: str = "table") -> bytes:
    """The document with a table, a cross-reference stream, or object streams as well."""
    if style == "table":
        return table_pdf(contract(), trailer=_TRAILER)
    return stream_pdf(contract(), compressed=_PACKED if style == "objects" else (), version=b"1.7")


def options(
    certify: int | None = None, lock: FieldLock | None = None, **more: object
) -> SignatureOptions:
    """Signature options with restrictions."""
    return SignatureOptions(restrictions=Restrictions(certify, lock), **more)  # type: ignore[arg-type]


def _certified(permission: int, style: str = "table") -> Callable[[], bytes]:
    return lambda: signed(unsigned(style), options=options(permission))


def _unnamed(permission: int) -> Callable[[], bytes]:
    """A certification that only the signature speaks of, and /Perms of the catalog does not."""

    def make() -> bytes:
        certified = signed_base(f"p{permission}")
        start = certified.rindex(b"/Perms")
        named = certified[start : certified.index(b">>", start) + 2]
        return signed_again(certified, named, b"")

    return make


_TEXT_OF_SIGNATURE = SignatureText(name="JAAK-KRISTJAN", reason="I agree", location="Tallinn")


@cache
def signed_base(name: str) -> bytes:
    """The document, signed in this way."""
    return _BASES[name]()


_BASES: dict[str, Callable[[], bytes]] = {
    "table": lambda: signed(unsigned(), options=SignatureOptions(text=_TEXT_OF_SIGNATURE)),
    "stream": lambda: signed(unsigned("stream")),
    "objects": lambda: signed(unsigned("objects")),
    "p1": _certified(1),
    "p2": _certified(2),
    "p3": _certified(3),
    "p1-unnamed": _unnamed(1),
    "p2-unnamed": _unnamed(2),
    "p2-stream": _certified(2, "stream"),
    "p3-objects": _certified(3, "objects"),
    "locked": lambda: signed(unsigned(), options=options(lock=FieldLock("Include", ("Amount",)))),
    "visible": lambda: signed(
        unsigned(), options=SignatureOptions(stamp=stamp(), field_name="Approval")
    ),
    "twice": lambda: signed(signed_base("table")),
    "b-t": lambda: long_term.sign(unsigned()),
    "b-t-stream": lambda: long_term.sign(unsigned("stream")),
    "b-lt": lambda: long_term.store(
        signed_base("b-t"), **long_term.material(AT + long_term.MINUTE)
    ),
    "b-lta": lambda: long_term.archive(signed_base("b-lt"), AT + 2 * long_term.MINUTE),
}
BASES = tuple(_BASES)
"""The name of every way in which the document is signed."""
