"""Forms with the fonts that well-known programs put into them, and fillings of their fields."""

from __future__ import annotations

from support.attack_documents import FORM, NAME, contract
from support.attacks import Change
from support.pdf_writing import stream
from support.prepared_forms import WIDGET
from support.revision_writing import Revision

_DOC_ENCODING = (
    b"<< /Type /Encoding /Differences [24 /breve /caron /circumflex /dotaccent /hungarumlaut "
    b"/ogonek /ring /tilde 39 /quotesingle 96 /grave 128 /bullet /dagger /daggerdbl /ellipsis "
    b"/emdash /endash /florin /fraction /guilsinglleft /guilsinglright /minus /perthousand "
    b"/quotedblbase /quotedblleft /quotedblright /quoteleft /quoteright /quotesinglbase "
    b"/trademark /fi /fl /Lslash /OE /Scaron /Ydieresis /Zcaron /dotlessi /lslash /oe /scaron "
    b"/zcaron 160 /Euro 164 /currency 166 /brokenbar 168 /dieresis /copyright /ordfeminine 172 "
    b"/logicalnot /.notdef /registered /macron /degree /plusminus /twosuperior /threesuperior "
    b"/acute /mu 183 /periodcentered /cedilla /onesuperior /ordmasculine 188 /onequarter /onehalf "
    b"/threequarters 192 /Agrave /Aacute 200 /Egrave /Eacute 213 /Otilde 228 /adieresis 232 "
    b"/egrave /eacute 245 /otilde /odieresis] >>"
)
_TO_UNICODE = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    b"4 beginbfchar <0001> <0410> <0002> <043D> <0003> <0031> <0004> <00D5> endbfchar\n"
    b"endcmap end end"
)
# What signed forms bring along: fonts of Acrobat, and a subset of a font for other scripts.
FONTS: dict[int, bytes] = {
    FORM: contract()[FORM].replace(
        b"/DR << /Font << /Helv 48 0 R >> >>",
        b"/DR << /Encoding << /PDFDocEncoding 60 0 R >> /Font << /Helv 48 0 R /HeBo 61 0 R "
        b"/ZaDb 62 0 R /Noto 63 0 R >> >>",
    ),
    48: (b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Name /Helv /Encoding 60 0 R >>"),
    60: _DOC_ENCODING,
    61: (
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Name /HeBo /Encoding 60 0 R >>"
    ),
    62: b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats /Name /ZaDb >>",
    63: (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /ABCDEF+Noto /Encoding /Identity-H "
        b"/ToUnicode 65 0 R /DescendantFonts [64 0 R] >>"
    ),
    64: (
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /ABCDEF+Noto /CIDToGIDMap /Identity "
        b"/DW 600 /W [1 [640 560 572 778]] /FontDescriptor 66 0 R "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    ),
    65: stream(_TO_UNICODE),
    66: (
        b"<< /Type /FontDescriptor /FontName /ABCDEF+Noto /Flags 4 /FontBBox [0 0 9 9] "
        b"/ItalicAngle 0 /Ascent 8 /Descent 0 /StemV 8 /FontFile2 67 0 R >>"
    ),
    67: stream(b"glyphs of the subset", b"/Length1 20 "),
}
_RESOURCES = b"/Resources << /Font << /Helv 48 0 R >> /ProcSet [/PDF /Text] >> "


def box(width: int, height: int, resources: bytes = _RESOURCES, more: bytes = b"") -> bytes:
    """The entries of a look of this size, in points."""
    return b"/Type /XObject /Subtype /Form /BBox [0 0 %d %d] %b%b" % (
        *(width, height),
        resources,
        more,
    )


LINE = box(200, 20)
WITH_MATRIX = box(200, 20, more=b"/FormType 1 /Matrix [1 0 0 1 0 0] ")


def filled_text(
    value: bytes,
    drawn: bytes,
    entries: bytes = LINE,
    more: dict[str, bytes | None] | None = None,
    number: int = NAME,
) -> Change:
    """A value, a look, and what else the program writes into the field."""

    def change(revision: Revision) -> None:
        look = revision.add(stream(drawn, entries))
        revision.put(number, {"V": value, "AP": b"<< /N %d 0 R >>" % look, **(more or {})})

    return change


def field(entries: bytes = b"", rect: bytes = b"[72 640 272 660]") -> dict[int, bytes]:
    """The form with another text field, and the fonts."""
    return FONTS | {
        NAME: b"<< %b/FT /Tx /T (Name) /DA (/Helv 12 Tf 0 g) /Rect %b %b>>"
        % (WIDGET, rect, entries)
    }


def utf16(text: str) -> bytes:
    """A text string in UTF-16."""
    return b"<FEFF" + text.encode("utf-16-be").hex().upper().encode() + b">"
