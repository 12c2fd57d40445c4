"""Boxes, buttons and lists as well-known programs fill them in."""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import AGREE, CHOICE, NAME, OFF_LOOK, ON_LOOK, contract
from support.attacks import OWN, Change, Variant, variant
from support.forms_of_programs import FONTS, LINE, box, filled_text
from support.pdf_writing import stream
from support.prepared_forms import WIDGET, prepared
from support.revision_writing import Revision

_FILLED = ("form-value-changed",)
_SQUARE = box(20, 20, b"/Resources << /Font << /ZaDb 62 0 R >> >> ")


def _check_box(on: bytes) -> tuple[dict[int, bytes], Change]:
    form = FONTS | {
        ON_LOOK: stream(on, _SQUARE),
        OFF_LOOK: stream(b"", _SQUARE),
        AGREE: contract()[AGREE].replace(b"/V /Off", b"/MK << /CA (4) >> /V /Off"),
    }
    return form, lambda revision: revision.put(AGREE, {"V": b"/Yes", "AS": b"/Yes"})


def _sign_drawn_anew(sign: bytes) -> Change:
    """Tick a box whose looks the program draws itself."""

    def change(revision: Revision) -> None:
        on = revision.add(stream(b"q BT /ZaDb 14 Tf 0 g 4 5 Td (%b) Tj ET Q" % sign, _SQUARE))
        off = revision.add(stream(b"", _SQUARE))
        looks = b"<< /N << /Yes %d 0 R /Off %d 0 R >> >>" % (on, off)
        revision.put(AGREE, {"V": b"/Yes", "AS": b"/Yes", "AP": looks})

    return change


_TALL = b"[72 480 272 540]"
_LIST = FONTS | {
    CHOICE: b"<< %b/FT /Ch /T (Country) /Opt [[(EE) (Estonia)] [(FI) (Finland)] [(LV) (Latvia)]] "
    b"/DA (/Helv 12 Tf 0 g) /Rect %b >>" % (WIDGET, _TALL)
}
_LIST_BOX = box(200, 60)
_PROGRAMS: dict[str, tuple[dict[int, bytes], Change]] = {
    "box-tick": _check_box(b"q BT /ZaDb 14 Tf 0 g 4 5 Td (4) Tj ET Q"),
    "box-cross": _check_box(b"q 1 1 18 18 re W n BT /ZaDb 14.3 Tf 0 g 4.2 5 Td (8) Tj ET Q"),
    "box-dot": _check_box(b"q BT /ZaDb 14 Tf 0 g 4 5 Td (l) Tj ET Q"),
    "box-framed": _check_box(
        b".75 g 0 0 20 20 re f q 1 0 0 1 0 0 cm 1 w .5 .5 19 19 re s Q q BT 0 g /ZaDb 14 Tf 4 5 Td "
        b"(4) Tj ET Q"
    ),
    "box-drawn-anew": (FONTS, _sign_drawn_anew(b"4")),
    "box-crossed-anew": (FONTS, _sign_drawn_anew(b"8")),
    "combo": (
        _LIST | {CHOICE: _LIST[CHOICE].replace(b"/FT /Ch", b"/FT /Ch /Ff 131072")},
        filled_text(
            b"(FI)",
            b"/Tx BMC q 1 1 198 58 re W n BT /Helv 12 Tf 0 g 2 26 Td (Finland) Tj ET Q EMC",
            _LIST_BOX,
            {"I": b"[1]"},
            CHOICE,
        ),
    ),
    "combo-written": (
        _LIST | {CHOICE: _LIST[CHOICE].replace(b"/FT /Ch", b"/FT /Ch /Ff 393216")},
        filled_text(
            b"(Norway)",
            b"/Tx BMC BT /Helv 12 Tf 0 g 2 26 Td (Norway) Tj ET EMC",
            _LIST_BOX,
            number=CHOICE,
        ),
    ),
    "list": (
        _LIST,
        filled_text(
            b"(FI)",
            b"/Tx BMC q 1 1 198 58 re W n 0.6 0.75686 0.8549 rg 1 27 198 15 re f BT /Helv 12 Tf "
            b"0 g 2 45 Td (Estonia) Tj 0 -15 Td (Finland) Tj 0 -15 Td (Latvia) Tj ET Q EMC",
            _LIST_BOX,
            {"I": b"[1]"},
            CHOICE,
        ),
    ),
    "list-of-several": (
        _LIST | {CHOICE: _LIST[CHOICE].replace(b"/FT /Ch", b"/FT /Ch /Ff 2097152")},
        filled_text(
            b"[(EE) (FI)]",
            b"/Tx BMC q 1 1 198 58 re W n 0.6 0.75686 0.8549 rg 1 42 198 15 re f 1 27 198 15 re f "
            b"BT /Helv 12 Tf 0 g 2 45 Td (Estonia) Tj 0 -15 Td (Finland) Tj 0 -15 Td (Latvia) Tj "
            b"ET Q EMC",
            _LIST_BOX,
            {"I": b"[0 1]"},
            CHOICE,
        ),
    ),
    "list-scrolled": (
        _LIST,
        filled_text(
            b"(LV)",
            b"/Tx BMC q 1 1 198 58 re W n 0 0 .5 rg 1 27 198 15 re f BT /Helv 12 Tf "
            b"0 g 2 45 Td (Finland) Tj 1 g 0 -15 Td (Latvia) Tj ET Q EMC",
            _LIST_BOX,
            {"I": b"[2]", "TI": b"1"},
            CHOICE,
        ),
    ),
    "list-shows-the-choice": (
        _LIST,
        filled_text(
            b"(FI)",
            b"/Tx BMC BT /Helv 12 Tf 0 g 2 45 Td (Finland) Tj ET EMC",
            _LIST_BOX,
            number=CHOICE,
        ),
    ),
    "two-widgets": (
        FONTS
        | {
            NAME: b"<< /FT /Tx /T (Name) /DA (/Helv 12 Tf 0 g) /Kids [50 0 R 51 0 R] >>",
            50: b"<< %b/Parent 7 0 R /Rect [72 640 272 660] >>" % WIDGET,
            51: b"<< %b/Parent 7 0 R /Rect [300 640 500 660] >>" % WIDGET,
            3: contract()[3].replace(b"[7 0 R", b"[50 0 R 51 0 R"),
        },
        lambda r: (
            r.put(NAME, {"V": b"(Ann)"})
            .put(50, {"AP": b"<< /N %d 0 R >>" % r.add(_look_of_ann())})
            .put(51, {"AP": b"<< /N %d 0 R >>" % r.add(_look_of_ann())})
        ),
    ),
}


def _look_of_ann() -> bytes:
    return stream(b"/Tx BMC BT /Helv 12 Tf 0 g 2 5 Td (Ann) Tj ET EMC", LINE)


def variants() -> Iterator[Variant]:
    """Every program, in certified documents and in others."""
    for certify in (None, 2):
        base = "plain" if certify is None else f"p{certify}"
        for name, (objects, change) in _PROGRAMS.items():
            make = prepared(objects, change, certify)
            yield variant("fill-like", f"{name}-{base}", OWN, _FILLED, make)
