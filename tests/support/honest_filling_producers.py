"""Texts as well-known programs fill them in: the operators, resources and entries of each."""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import AMOUNT, FORM, INFORMATION, NAME, contract
from support.attacks import OWN, Change, Variant, variant
from support.forms_of_programs import FONTS, LINE, WITH_MATRIX, box, field, filled_text, utf16
from support.prepared_forms import prepared

_FILLED = ("form-value-changed",)
_COMB = field(b"/Ff 16777216 /MaxLen 10 ")
_COMB_CELLS = b" ".join(
    b"%b 0 Td (%c) Tj" % (b"6.5" if not place else b"20", digit)
    for place, digit in enumerate(b"38001085718"[:10])
)
_MULTILINE = field(b"/Ff 4096 ", b"[72 480 272 540]")

_HELVETICA = box(200, 20, b"/Resources << /Font << /Helvetica 48 0 R >> >> ")
_PROGRAMS: dict[str, tuple[dict[int, bytes], Change]] = {
    "acrobat": (
        field(),
        filled_text(
            b"(Ann)",
            b"/Tx BMC \nq\n1 1 198 18 re\nW\nn\nBT\n/Helv 12 Tf\n0 g\n2 5.692 Td\n(Ann) Tj\nET\nQ"
            b"\nEMC\n",
            WITH_MATRIX,
        ),
    ),
    "acrobat-automatic-size": (
        field(b"/DV (Name) "),
        filled_text(
            b"(Ann-Mari)",
            b"/Tx BMC q 0 0 200 20 re W n BT 0 g /Helv 13.7432 Tf 2 5.4013 Td (Ann-Mari) Tj ET Q "
            b"EMC",
        ),
    ),
    "acrobat-comb": (
        _COMB,
        filled_text(
            b"(3800108571)",
            b"/Tx BMC q 1 1 198 18 re W n BT 0 g /Helv 12 Tf 1 0 0 1 0 5.6 Tm "
            + _COMB_CELLS
            + b" ET Q EMC",
        ),
    ),
    "comb-by-spacing": (
        _COMB,
        filled_text(
            b"(3800108571)",
            b"/Tx BMC BT /Helv 12 Tf 0 g 13.33 Tc 6.6 5.6 Td (3800108571) Tj ET EMC",
        ),
    ),
    "acrobat-lines": (
        _MULTILINE,
        filled_text(
            b"(First line\\rSecond line, longer)",
            b"/Tx BMC q 1 1 198 58 re W n BT /Helv 12 Tf 0 g 2 46.2 Td (First line) Tj "
            b"0 -13.872 Td (Second line, ) Tj (longer) Tj ET Q EMC",
            box(200, 60),
        ),
    ),
    "lines-with-leading": (
        _MULTILINE,
        filled_text(
            b"(First line\\nSecond line)",
            b"/Tx BMC BT /Helv 12 Tf 0 g 14 TL 2 46 Td (First line) Tj T* (Second line) Tj ET EMC",
            box(200, 60),
        ),
    ),
    "lines-that-do-not-fit": (
        _MULTILINE,
        filled_text(
            b"(One two\\nthree four\\nfive six\\nseven eight\\nnine)",
            b"/Tx BMC q 0 0 200 60 re W n BT /Helv 12 Tf 0 g 14 TL 2 46 Td (One two) Tj T* "
            b"(three four) Tj T* (five six) Tj T* (seven eight) Tj ET Q EMC",
            box(200, 60),
        ),
    ),
    "lines-that-go-on-below": (
        _MULTILINE,
        filled_text(
            b"(One two\\nthree four\\nfive six\\nseven eight\\nnine)",
            b"/Tx BMC q 0 0 200 60 re W n BT /Helv 12 Tf 0 g 14 TL 2 46 Td (One two) Tj T* "
            b"(three four) Tj T* (five six) Tj T* (seven eight) Tj T* (nine) Tj ET Q EMC",
            box(200, 60),
        ),
    ),
    "pdf-js": (
        field(b"/Q 0 "),
        filled_text(
            b"(Ann)",
            b"/Tx BMC q BT /Helv 12 Tf 0 g 1 0 0 1 0 0 Tm 2.00 6.07 Td (Ann) Tj ET Q EMC",
            more={"M": b"(D:20260602080000Z)"},
        ),
    ),
    "pdfbox": (
        field(),
        filled_text(
            b"(Ann & Co)",
            b"/Tx BMC\nq\n1 1 198 18 re\nW\nn\nBT\n/Helv 12 Tf\n0 g\n2 5.65 Td\n(Ann & Co) Tj\n"
            b"ET\nQ\nEMC\n",
            WITH_MATRIX,
        ),
    ),
    "itext": (
        field(),
        filled_text(
            b"(Ann)",
            b"/Tx BMC q q 1 0 0 1 2 2 cm 0 0 196 16 re W n BT /Helv 12 Tf 0 g 0 3.7 Td (Ann)Tj ET "
            b"Q Q EMC",
            LINE,
            {"DA": b"(0 g /Helv 12 Tf)"},
        ),
    ),
    "itext-with-position": (
        FONTS | {AMOUNT: contract()[AMOUNT]},
        filled_text(
            b"(200)",
            b"/Tx BMC q BT 0 g /Helv 12 Tf 1 0 0 1 178 6.3 Tm [(2)-5(00)] TJ ET Q EMC",
            more={"Q": b"2", "DA": b"(/Helv 12 Tf 0 g)"},
            number=AMOUNT,
        ),
    ),
    "pdf-lib": (
        field(),
        filled_text(
            utf16("Ann"),
            b"/Tx BMC q 1 1 198 18 re W n BT 0 g /Helv 14.2 Tf 14.5 TL 0 Tc 100 Tz 1 0 0 1 2 5.2 "
            b"Tm <416E6E> Tj T* ET Q EMC",
        ),
    ),
    "pdf-lib-with-frame": (
        field(),
        filled_text(
            utf16("Ann"),
            b"1 0 0 1 0 0 cm q q .8 .84 1 rg .1 G 1 w [] 0 d 1 0 0 1 .5 .5 cm 0 0 m 0 19 l 199 19 "
            b"l 199 0 l h B Q 2 2 m 2 18 l 198 18 l 198 2 l h W n /Tx BMC q BT .1 g "
            b"/Helvetica 12 Tf 1 0 0 1 2 5.2 Tm <416E6E> Tj ET Q EMC Q",
            _HELVETICA,
        ),
    ),
    "pdf-lib-without-frame": (
        field(),
        filled_text(
            utf16("Ann"),
            b"q q 0 w [] 0 d 0 0 m 0 20 l 200 20 l 200 0 l h h Q 1 1 m 1 19 l 199 19 l 199 1 l h W "
            b"n /Tx BMC q BT 0 0 0 rg /Helvetica 12 Tf 1 0 0 1 1 5.2 Tm <416E6E> Tj ET Q EMC Q",
            _HELVETICA,
        ),
    ),
    "pdf-js-with-frame": (
        field(b"/BS << /W 1 >> /MK << /BC [0] /BG [.9] /CA (x) >> "),
        filled_text(
            b"(Ann)",
            b"/Tx BMC q .9 g 0 0 200 20 re f 1 w 0 G 0 0 200 20 re S BT 0 g /Helv 12 Tf 1 0 0 1 0 "
            b"0 Tm 2 6.07 Td (Ann) Tj ET Q EMC",
            more={"MK": b"<< /BC [0 0 0] /BG [.9019 .9019 .9019] >>"},
        ),
    ),
    "mupdf": (
        field(b"/MK << /BC [0 0 0] >> "),
        filled_text(
            b"(Ann)",
            b"/Tx BMC q 1 w 0 0 0 RG .5 .5 199 19 re s 1 1 198 18 re W n BT 0 0 0 rg /Helv 12 Tf 2 "
            b"6 Td (Ann) Tj ET Q EMC",
            more={"BS": b"<< /S /S /W 1 >>"},
        ),
    ),
    "names-in-another-encoding": (
        field(b"/TU <FEFF00540065006C> ") | {INFORMATION: b"<< /Creator <FEFF0041> >>"},
        lambda r: r.put(NAME, {"V": b"(Ann)", "TU": b"(Tel)", "T": utf16("Name")}).put(
            INFORMATION, {"Creator": b"(A)"}
        ),
    ),
    "line-too-long-and-not-broken": (
        _MULTILINE,
        filled_text(
            b"(First line\nSecond line that is rather long and must be wrapped somewhere)",
            b"q /Tx BMC q 2 1 194 57 re W BT /Helv 12 Tf 0 g 2 46 Td (First line) Tj 0 -13 Td "
            b"(Second line that is rather long and must be wrapped somewhere) Tj ET Q EMC Q",
            box(200, 60),
        ),
    ),
    "qpdf-lines": (
        _MULTILINE,
        filled_text(
            b"(First line\\nSecond line that is rather long and must be wrapped somewhere)",
            b"/Tx BMC q BT 0 0 0 rg /Helv 11 Tf 1 26.6 Td (First line\\nSecond line that is rather "
            b"long and must be wrapped somewhere) Tj ET Q EMC",
            box(200, 60),
        ),
    ),
    "okular": (
        field(),
        filled_text(
            utf16("Ann Õunapuu"),
            b"/Tx BMC\nq\nBT\n0 g /Helv 12 Tf 1 0 0 1 2.00 5.20 Tm\n(Ann \\325unapuu) Tj\n"
            b"ET\nQ\nEMC\n",
            more={"M": b"(D:20260602080000Z)"},
        ),
    ),
    "pyhanko": (
        field(),
        filled_text(
            b"(Ann)",
            b"q 0 0 0 rg BT /Helv 12 Tf 12 TL 0 17 Td (Ann) ' ET Q",
            more={"DA": b"(/Helv 12 Tf 0 g)", "Q": b"1"},
        ),
    ),
    "alignment-alone": (
        field(),
        lambda r: r.put(NAME, {"V": b"(Ann)", "Q": b"2", "DA": b"(/HeBo 0 Tf 0 0 1 rg)"}),
    ),
    "no-look": (field(), lambda r: r.put(NAME, {"V": utf16("Ann")})),
    "no-look-drawn-by-viewers": (
        field() | {FORM: FONTS[FORM][:-2] + b"/NeedAppearances true >>"},
        lambda r: r.put(NAME, {"V": b"(Ann)"}),
    ),
    "escapes": (
        field(),
        filled_text(
            b"(a\\(b\\)c\\\\d \\200)",
            b"/Tx BMC BT /Helv 12 Tf 0 g 2 5 Td (a\\(b\\)c\\\\d \\200) Tj ET EMC",
        ),
    ),
    "currency": (
        field(),
        filled_text(utf16("100 €"), b"/Tx BMC BT /Helv 12 Tf 0 g 2 5 Td (100 \\240) Tj ET EMC"),
    ),
    "signed-subset": (
        field(),
        filled_text(
            utf16("\u0410\u043d1Õ"),
            b"/Tx BMC BT /Noto 12 Tf 0 g 2 5 Td <0001000200030004> Tj ET EMC",
            box(200, 20, b"/Resources << /Font << /Noto 63 0 R >> >> "),
        ),
    ),
    "resources-of-the-form": (
        field(),
        filled_text(
            b"(Ann)", b"/Tx BMC BT /Helv 12 Tf 0 g 2 5 Td (Ann) Tj ET EMC", box(200, 20, b"")
        ),
    ),
    "win-ansi": (
        field(),
        filled_text(
            utf16("Žofia Müller – 5 €"),
            b"/Tx BMC BT /F 12 Tf 0 g 2 5 Td (\\216ofia M\\374ller \\226 5 \\200) Tj ET EMC",
            box(
                *(200, 20),
                b"/Resources << /Font << /F << /Type /Font /Subtype /TrueType /BaseFont /ArialMT "
                b"/Encoding /WinAnsiEncoding >> >> >> ",
            ),
        ),
    ),
    "right-to-left": (
        field(b"/Q 2 "),
        filled_text(
            utf16("שלום 123"),
            b"/Tx BMC BT /F 12 Tf 0 g 100 5 Td (123 \\340\\341\\342\\343) Tj ET EMC",
            box(
                *(200, 20),
                b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica "
                b"/Encoding << /Differences [224 /afii57667 /afii57668 /afii57669 /afii57670] >> >>"
                b" >> >> ",
            ),
        ),
    ),
    "password": (
        field(b"/Ff 8192 "),
        filled_text(b"(secret)", b"/Tx BMC BT /Helv 12 Tf 0 g 2 5 Td (******) Tj ET EMC"),
    ),
    "formatted": (
        field(
            b'/AA << /F << /S /JavaScript /JS (AFNumber_Format\\(2,1,0,0," EUR",false\\)) >> >> '
        ),
        filled_text(b"(1234.5)", b"/Tx BMC BT /Helv 12 Tf 0 g 2 5 Td (1.234,50 EUR) Tj ET EMC"),
    ),
    "formatted-date": (
        field(b'/AA << /F << /S /JavaScript /JS (AFDate_FormatEx\\("d mmm yyyy"\\)) >> >> '),
        filled_text(b"(02.06.2026)", b"/Tx BMC BT /Helv 12 Tf 0 g 2 5 Td (2 Jun 2026) Tj ET EMC"),
    ),
}


def variants() -> Iterator[Variant]:
    """Every program, in certified documents and in others."""
    for certify in (None, 2):
        base = "plain" if certify is None else f"p{certify}"
        for name, (objects, change) in _PROGRAMS.items():
            make = prepared(objects, change, certify)
            yield variant("fill-like", f"{name}-{base}", OWN, _FILLED, make)
