"""Forms that are filled in so that people read another value than programs."""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import AMOUNT, CHOICE, FORM, NAME, contract
from support.attacks import OWN, Change, Variant, variant
from support.pdf_writing import stream
from support.prepared_forms import WIDGET, fill_over, prepared
from support.revision_writing import Revision

_CODES = (
    "appearance-differs-from-value",
    "appearance-not-compared",
    "read-only-field-changed",
    "field-changed",
)
_BOX = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] "
_LOOK = _BOX + b"/Resources << /Font << /Helv 48 0 R >> >> "
_TALL = _BOX.replace(b"200 20", b"200 60") + b"/Resources << /Font << /Helv 48 0 R >> >> "
_FONT = _BOX + b"/Resources << /Font << /Helv %d 0 R >> >> "
_NO_LOOK: dict[str, bytes | None] = {"V": b"(9999)", "AP": None}
_RIGHT_TO_LEFT = "\u05d0"


def _shown(text: bytes) -> bytes:
    return b"/Tx BMC q BT /Helv 12 Tf 0 g 2 4 Td (%b) Tj ET Q EMC" % text


def _amount(entries: bytes) -> dict[int, bytes]:
    """The amount with more entries."""
    return {AMOUNT: contract()[AMOUNT][:-2] + entries + b" >>"}


def _fill(value: bytes, shown: bytes, number: int = AMOUNT, entries: bytes = _LOOK) -> Change:
    return fill_over(number, value, _shown(shown), entries)


def _utf16(text: str) -> bytes:
    return b"<FEFF" + text.encode("utf-16-be").hex().upper().encode() + b">"


def _by_font(body: bytes, shown: bytes = b"(200) Tj") -> Change:
    """Fill in 200 with a font of one's own."""

    def change(revision: Revision) -> None:
        font = revision.add(body.replace(b"FILE", b"%d 0 R" % revision.add(stream(b"any glyphs"))))
        drawn = b"/Tx BMC BT /Helv 12 Tf 0 g 2 4 Td %b ET EMC" % shown
        fill_over(AMOUNT, b"(200)", drawn, _FONT % font)(revision)

    return change


def _mapped_font(entries: bytes, mapped: bytes, shown: bytes = b"(200) Tj") -> Change:
    """Fill in 200 with a font that claims something else of its codes than it draws."""

    def change(revision: Revision) -> None:
        codes = revision.add(stream(b"1 beginbfchar " + mapped + b" endbfchar"))
        _by_font(entries.replace(b"CODES", b"%d 0 R" % codes), shown)(revision)

    return change


def _list(options: bytes, drawn: bytes, value: bytes = b"(FI)") -> tuple[dict[int, bytes], Change]:
    """A list box of three lines."""
    body = b"<< %b/FT /Ch /T (Country) /Opt %b /Rect [72 480 272 540] >>" % (WIDGET, options)
    return {CHOICE: body}, fill_over(CHOICE, value, drawn, _TALL)


_PLAIN = b"[(EE) (FI) (LV)]"
_THREE = b"BT /Helv 12 Tf 0 g 2 44 Td (EE) Tj 0 -16 Td (%b) Tj 0 -16 Td (LV) Tj ET"
_MARK = b"0.6 0.75 0.85 rg 0 %d 200 16 re f "
_OUTER = b"0 0 m 200 0 l 200 20 l 0 20 l h "
_KID = b"<< %b/Parent %d 0 R /Rect [72 %d 272 %d] /AP << /N 38 0 R >> %b>>"
_KIDS = {
    AMOUNT: b"<< /FT /Tx /T (Amount) /V (100) /Kids [50 0 R 51 0 R] >>",
    50: _KID % (WIDGET, AMOUNT, 610, 630, b""),
    51: _KID % (WIDGET, AMOUNT, 580, 600, b""),
    3: contract()[3].replace(b"8 0 R 9 0 R", b"50 0 R 51 0 R"),
}
_NAMED_KIDS = _KIDS | {
    50: _KID % (WIDGET, AMOUNT, 610, 630, b"/T (net) "),
    51: _KID % (WIDGET, AMOUNT, 580, 600, b"/T (gross) "),
}


def _clipped(clip: bytes) -> Change:
    """Fill in 200 000, of which the clipping may leave less to be seen."""
    drawn = b"q %b BT /Helv 12 Tf 0 g 2 4 Td (200 000) Tj ET Q" % clip
    return fill_over(AMOUNT, b"(200 000)", drawn, _LOOK)


def _written(key: bytes, value: bytes) -> Change:
    """Fill in 200, and change something else of the field."""

    def change(revision: Revision) -> None:
        _fill(b"(200)", b"200")(revision)
        revision.put(AMOUNT, {key[1:].decode(): value})

    return change


def _one_of_two(revision: Revision) -> None:
    look = revision.add(stream(_shown(b"200"), _LOOK))
    revision.put(AMOUNT, {"V": b"(200)"}).put(50, {"AP": b"<< /N %d 0 R >>" % look})


def _defaults(entries: bytes) -> Change:
    return lambda revision: revision.put(AMOUNT, {**_NO_LOOK, "DA": entries})


_FORMAT = b'/AA << /F << /S /JavaScript /JS (AFNumber_Format\\(2,1,0,0,"",true\\)) >> >>'
_ENCODED = (
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode CODES /Encoding << "
    b"/Differences [50 /%b 48 /%b] >> >>"
)
_COMPOSITE = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /Arial /Encoding /%b /ToUnicode CODES "
    b"/DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Arial /DW 500 "
    b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>] >>"
)
_EMBEDDED = (
    b"<< /Type /Font /Subtype /TrueType /BaseFont /AAAAAB+Helvetica /Encoding /WinAnsiEncoding "
    b"/FirstChar 48 /LastChar 50 /Widths [500 500 500] /FontDescriptor << /Type /FontDescriptor "
    b"/FontName /AAAAAB+Helvetica /Flags 32 /FontBBox [0 0 9 9] /ItalicAngle 0 /Ascent 8 "
    b"/Descent 0 /StemV 8 /FontFile2 FILE >> >>"
)
_SIMPLE = b"<< /Type /Font /Subtype /TrueType /BaseFont /%b /Encoding /WinAnsiEncoding >>"
_CODES_OF_200 = b"<32> <0032> <30> <0030>"
_FORMS: dict[str, tuple[dict[int, bytes], Change]] = {
    "kids-stale": (_KIDS, lambda r: r.put(AMOUNT, {"V": b"(200)"})),
    "kids-partly-stale": (_KIDS, _one_of_two),
    "kids-with-names-stale": (_NAMED_KIDS, lambda r: r.put(AMOUNT, {"V": b"(200)"})),
    "font-embedded": ({}, _by_font(_EMBEDDED)),
    "font-of-signs": ({}, _by_font(_SIMPLE % b"Wingdings")),
    "font-of-bar-codes": ({}, _by_font(_SIMPLE % b"Code39")),
    "font-claims-glyphs": ({}, _mapped_font(_ENCODED % (b"uni0039", b"uni0039"), _CODES_OF_200)),
    "font-claims-unknown": ({}, _mapped_font(_ENCODED % (b"g9", b"g9"), _CODES_OF_200)),
    "font-claims-signs": ({}, _mapped_font(_ENCODED % (b"Euro", b"yen"), _CODES_OF_200)),
    "font-claims-unicode": (
        {},
        _mapped_font(
            _COMPOSITE % b"UniGB-UCS2-H", b"<0039> <0032> <0038> <0030>", b"<003900380038> Tj"
        ),
    ),
    "font-claims-identity": (
        {},
        _mapped_font(
            _COMPOSITE % b"Identity-H", b"<0039> <0032> <0038> <0030>", b"<003900380038> Tj"
        ),
    ),
    "script-for-keys": (
        _amount(b"/AA << /K << /S /JavaScript /JS (x) >> >>"),
        _fill(b"(101)", b"9999"),
    ),
    "script-for-looks": (_amount(_FORMAT), _fill(b"(101)", b"9999")),
    "script-and-words": (_amount(_FORMAT), _fill(b"(300)", b"300 million")),
    "script-and-point": (_amount(_FORMAT), _fill(b"(1000)", b"10.00")),
    "script-and-hundredfold": (_amount(_FORMAT), _fill(b"(1.5)", b"150")),
    "script-and-sign": (_amount(_FORMAT), _fill(b"(300)", b"-300.00")),
    "password": (_amount(b"/Ff 8192"), _fill(b"(101)", b"9999")),
    "file": (_amount(b"/Ff 1048576"), _fill(b"(/home/ann/offer-101.pdf)", b"1.pdf")),
    "file-empty": (_amount(b"/Ff 1048576"), fill_over(AMOUNT, b"(a.pdf)", b"", _LOOK)),
    "lines-cut-in-a-number": (_amount(b"/Ff 4096"), _fill(b"(1000)", b"1")),
    "lines-cut-short": (
        {
            AMOUNT: contract()[AMOUNT][:-2].replace(b"72 610", b"72 560") + b"/Ff 4096 >>",
        },
        _fill(b"(I agree\\nunless it rains)", b"I agree", entries=_TALL),
    ),
    "rich-text": (_amount(b"/Ff 33554432"), _fill(b"(101)", b"9999")),
    "rich-text-hidden": (
        _amount(b"/Ff 33554432"),
        lambda r: r.put(
            AMOUNT,
            {**_NO_LOOK, "RV": b'(<body><p style="font-size:0.1pt">9999</p></body>)'},
        ),
    ),
    "defaults-tiny": ({}, _defaults(b"(/Helv 0.1 Tf 0 g)")),
    "defaults-white": ({}, _defaults(b"(/Helv 12 Tf 1 g)")),
    "defaults-invisible": ({}, _defaults(b"(/Helv 12 Tf 3 Tr 0 g)")),
    "defaults-flat": ({}, _defaults(b"(/Helv 12 Tf 1 Tz 0 g)")),
    "defaults-elsewhere": ({}, _defaults(b"(/Helv 12 Tf 0 g 1 0 0 1 900 900 Tm)")),
    "alignment-of-no-kind": ({}, lambda r: r.put(AMOUNT, {**_NO_LOOK, "Q": b"9"})),
    "choice-not-offered": ({}, _fill(b"(9999 euros)", b"9999 euros", CHOICE)),
    "choice-not-offered-without-look": ({}, lambda r: r.put(CHOICE, {"V": b"(9999 euros)"})),
    "list-not-offered": _list(_PLAIN, _shown(b"SE"), b"(SE)"),
    "list-of-other-texts": _list(_PLAIN, _MARK % 24 + _THREE % b"9999"),
    "list-marks-another": _list(_PLAIN, _MARK % 40 + _THREE % b"FI"),
    "list-marks-two": _list(_PLAIN, _MARK % 40 + _MARK % 24 + _THREE % b"FI"),
    "list-marks-none": _list(_PLAIN, _THREE % b"FI"),
    "list-shows-another": _list(_PLAIN, _shown(b"EE")),
    "turned-around": ({}, _fill(_utf16("\u202e" + "100 " + _RIGHT_TO_LEFT), b"001")),
    "turned-around-forwards": ({}, _fill(_utf16("\u202d" + "100"), b"100")),
    "digits-in-other-order": ({}, _fill(_utf16("100 " + _RIGHT_TO_LEFT), b"001")),
    "digits-apart": (
        {},
        fill_over(
            AMOUNT,
            _utf16("100 " + _RIGHT_TO_LEFT),
            b"BT /Helv 12 Tf 0 g 60 4 Td (1) Tj -50 0 Td (00) Tj ET",
            _LOOK,
        ),
    ),
    "other-currency": ({}, _fill(_utf16("100 €"), b"100 \\243")),
    "minus-left-out": ({}, _fill(_utf16("\u2212100"), b"100")),
    "digits-left-out": ({}, _fill(_utf16("100\u0661"), b"100")),
    "words-left-out": ({}, _fill(_utf16("Я не согласен 1"), b"1", NAME)),
    "clip-turned": ({}, _clipped(b".7 .7 -.7 .7 0 0 cm 0 0 200 20 re W n")),
    "clip-of-three-corners": ({}, _clipped(b"0 0 m 200 0 l 0 20 l h W n")),
    "clip-with-a-hole": ({}, _clipped(_OUTER + b"14 1 m 14 19 l 24 19 l 24 1 l h W n")),
    "clip-with-an-even-hole": ({}, _clipped(_OUTER + b"14 1 10 18 re W* n")),
    "clip-in-two-parts": ({}, _clipped(b"0 0 14 20 re 24 0 100 20 re W n")),
    "clip-with-a-curve": ({}, _clipped(b"0 0 m 200 0 l 200 20 l 0 20 l 100 0 100 20 0 0 c W n")),
    "ground-changed": ({}, _written(b"/MK", b"<< /BG [0] >>")),
    "ground-dark": (_amount(b"/MK << /BG [1] >> "), _written(b"/MK", b"<< /BG [0 0 0] >>")),
    "turned": (_amount(b"/MK << /R 0 >> "), _written(b"/MK", b"<< /R 180 >>")),
    "caption-changed": (_amount(b"/MK << /CA (a) >> "), _written(b"/MK", b"<< /CA (b) >>")),
    "frame-over-all": ({}, _written(b"/BS", b"<< /W 40 >>")),
    "frame-of-no-number": ({}, _written(b"/BS", b"<< /W (1) >>")),
    "renamed": ({}, _written(b"/T", _utf16("Amounts"))),
    "explained-otherwise": (_amount(b"/TU (Net) "), _written(b"/TU", _utf16("Gross"))),
    "computed-without-script": (
        _amount(b"/Ff 1") | {FORM: contract()[FORM][:-2] + b"/CO [8 0 R] >>"},
        lambda r: r.put(AMOUNT, _NO_LOOK),
    ),
}


def variants() -> Iterator[Variant]:
    """Every filling that shows another value, in certified documents and in others."""
    for certify in (None, 2):
        base = "plain" if certify is None else f"p{certify}"
        for name, (objects, change) in _FORMS.items():
            make = prepared(objects, change, certify)
            yield variant("fill-lies", f"{name}-{base}", OWN, _CODES, make)
