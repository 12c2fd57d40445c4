"""Fillings that draw all of the value, and of which people see only a part."""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import AMOUNT
from support.attacks import OWN, Variant, variant
from support.forms_of_programs import box
from support.prepared_forms import WIDGET, fill_over, prepared

_CODES = ("appearance-differs-from-value",)
_RESOURCES = b"/Resources << /Font << /Helv 48 0 R >> >> "
_LINES: dict[int, bytes] = {
    AMOUNT: b"<< %b/FT /Tx /Ff 4096 /T (Amount) /V (100) /Rect [72 570 272 630] >>" % WIDGET
}
_START = b"BT /Helv 12 Tf 0 g "
_ONE_LINE: dict[str, tuple[bytes, bytes]] = {
    "word-beyond-the-right-edge": (b"(100 000)", b"178 4 Td (100) Tj 25 0 Td (000) Tj ET"),
    "number-over-the-right-edge": (b"(100000)", b"179.98 4 Td (100000) Tj ET"),
    "number-over-the-left-edge": (b"(200100)", b"-20 4 Td (200100) Tj ET"),
    "word-beyond-the-left-edge": (b"(200 100)", b"-20.2 4 Td (200) Tj 22 0 Td (100) Tj ET"),
    "letters-spread": (b"(100 000)", b"50 Tc 2 4 Td (1000) Tj 0 Tc 200 0 Td (00) Tj ET"),
    "letters-widened": (b"(100 000)", b"900 Tz 2 4 Td (100) Tj 100 Tz 197 0 Td (000) Tj ET"),
    "words-spread": (b"(1 0 0 000)", b"70 Tw 2 4 Td (1 0 0) Tj 0 Tw 197 0 Td (000) Tj ET"),
    "spread-by-operator": (b"(100 000)", b'2 4 Td 90 60 (1000) " 0 0 (00) " ET'),
    "feet-cut-off": (b"(888)", b"2 -4.4 Td (888) Tj ET"),
    "heads-cut-off": (b"(888)", b"2 15 Td (888) Tj ET"),
    "next-line-far-away": (b"(100200)", b"2 4 Td (100) Tj 300 TL (200) ' ET"),
    "raised-away": (b"(100 000)", b"2 4 Td (100) Tj 30 Ts (000) Tj ET"),
    "raised-to-a-power": (b"(102)", b"2 4 Td (10) Tj 5 Ts (2) Tj ET"),
    "on-top-of-each-other": (b"(100900)", b"2 4 Td (100) Tj -20 0 Td (900) Tj ET"),
    "letters-on-one-spot": (b"(1008)", b"-6.6 Tc 2 4 Td (1008) Tj ET"),
    "letters-over-others": (b"(1118)", b"-4 Tc 2 4 Td (1118) Tj ET"),
    "letters-too-narrow": (b"(100000)", b"8 Tz 2 4 Td (100000) Tj ET"),
    "comma-elsewhere": (b"(1,000.50)", b"2 4 Td (1000,50) Tj ET"),
    "point-below": (b"(1.000)", b"2 4 Td (1) Tj -9 Ts (.) Tj 0 Ts (000) Tj ET"),
    "point-tiny": (b"(1.000)", b"2 4 Td (1) Tj /Helv 2 Tf (.) Tj /Helv 12 Tf (000) Tj ET"),
    "sign-tiny": (b"(-1000)", b"2 4 Td /Helv 1.7 Tf (-) Tj /Helv 12 Tf (1000) Tj ET"),
    "sign-narrow": (b"(-1000)", b"2 4 Td 1 Tz (-) Tj 100 Tz (1000) Tj ET"),
    "sign-pale": (b"(-1000)", b"2 4 Td .79 g (-) Tj 0 g (1000) Tj ET"),
    "sign-under-a-digit": (b"(-1000)", b"2 4 Td (-) Tj -4 0 Td (1000) Tj ET"),
    "digit-tiny": (b"(91000)", b"2 4 Td /Helv 2 Tf (9) Tj /Helv 12 Tf (1000) Tj ET"),
    "digit-white": (b"(1000)", b"2 4 Td (100) Tj 1 g (0) Tj ET"),
    "digit-on-digit": (
        b"(1122)",
        b"2 4 Td (1) Tj 0 0 Td (1) Tj 20 0 Td (2) Tj 0 0 Td (2) Tj ET",
    ),
    "words-in-another-order": (b"(100 200)", b"60 4 Td (100) Tj -50 0 Td (200) Tj ET"),
    "digits-drawn-backwards": (b"(12)", b"2 4 Td [(1) 1500 (2)] TJ ET"),
    "letters-huge": (b"(1000)", b"/Helv 60 Tf -20 -10 Td (1000) Tj ET"),
    "struck-out": (b"(100 200)", b"2 4 Td (100) Tj 40 0 Td (200) Tj ET 2 8 m 25 8 l S"),
    "struck-out-before": (b"(100 200)", b"ET 3 w 2 8 m 25 8 l S BT 2 4 Td (100 200) Tj ET"),
    "one-drawn": (b"(2000)", b"ET 1 w 30 5 m 30 13 l S BT 2 4 Td (2000) Tj ET"),
    "nought-drawn": (b"(200)", b"ET 24 4 6 8 re f 1 g 25 5 4 6 re f BT 0 g 2 4 Td (200) Tj ET"),
    "minus-drawn": (b"(200)", b"ET 2 w 2 8 m 8 8 l S BT 12 4 Td (200) Tj ET"),
    "minus-filled": (b"(200)", b"ET 3 8 6 1 re f BT 12 4 Td (200) Tj ET"),
    "point-drawn": (b"(20000)", b"ET 15 4 1.2 1.2 re f BT 2 4 Td (20000) Tj ET"),
    "narrowed-by-a-matrix": (
        b"(-1000)",
        b".05 0 0 1 2 4 Tm (-) Tj 1 0 0 1 3 4 Tm (1000) Tj ET",
    ),
}
_TURNED: dict[str, tuple[bytes, bytes]] = {
    "squeezed": (b"/BBox [0 0 2000 20] ", b""),
    "turned-to-the-side": (b"/BBox [0 0 200 20] ", b"/Matrix [0 1 -1 0 0 0] "),
    "upside-down": (b"/BBox [0 0 200 20] ", b"/Matrix [-1 0 0 -1 0 0] "),
    "mirrored": (b"/BBox [0 0 200 20] ", b"/Matrix [-1 0 0 1 0 0] "),
}
_SEVERAL_LINES: dict[str, tuple[bytes, bytes]] = {
    "line-below-the-edge": (
        b"(Pay\\n100\\n000)",
        b"2 46 Td (Pay) Tj 0 -40 Td (100) Tj 0 -13 Td (000) Tj ET",
    ),
    "line-below-an-empty-box": (
        b"(Pay 100\\n000)",
        b"2 4 Td (Pay 100) Tj 0 -16 Td (000) Tj ET",
    ),
    "line-left-out": (b"(Pay 100\\n000)", b"2 4 Td (Pay 100) Tj ET"),
    "lines-left-out-of-huge-ones": (b"(Pay 100\\n000)", b"/Helv 40 Tf 2 12 Td (Pay 100) Tj ET"),
    "lines-left-out-of-spread-ones": (
        b"(I\\npay 100\\n000)",
        b"2 46 Td (I) Tj 0 -40 Td (pay 100) Tj ET",
    ),
}


def variants() -> Iterator[Variant]:
    """Every filling of which a part is not seen, in certified documents and in others."""
    for certify in (None, 2):
        base = "plain" if certify is None else f"p{certify}"
        for recipes, objects, height in (
            (_ONE_LINE, dict[int, bytes](), 20),
            (_SEVERAL_LINES, _LINES, 60),
        ):
            look = box(200, height, _RESOURCES)
            for name, (value, drawn) in recipes.items():
                make = prepared(objects, fill_over(AMOUNT, value, _START + drawn, look), certify)
                yield variant("fill-hides", f"{name}-{base}", OWN, _CODES, make)
        for name, (size, turned) in _TURNED.items():
            look = box(200, 20, _RESOURCES, turned).replace(b"/BBox [0 0 200 20] ", size)
            drawn = _START + b"2 4 Td (6009) Tj ET"
            make = prepared({}, fill_over(AMOUNT, b"(6009)", drawn, look), certify)
            yield variant("fill-hides", f"{name}-{base}", OWN, _CODES, make)
