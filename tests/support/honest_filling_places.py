"""Honest filling of fields that stand over something: lines, boxes, grounds, printed squares."""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import AGREE, AMOUNT, CONTENT, NAME, OFF_LOOK, ON_LOOK, contract
from support.attacks import OWN, Change, Variant, variant
from support.pdf_writing import stream
from support.prepared_forms import FULL, WIDGET, fill_over, prepared
from support.revision_writing import Revision

_FILLED = ("form-value-changed",)
_LOOK = (
    b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /Helv 48 0 R >> >> "
)
_SQUARE = b"/Type /XObject /Subtype /Form /BBox [0 0 20 20] /Resources << /Font << /ZaDb %b >> >> "
_DINGBATS = b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"
_GROUND = b"1 1 0.9 rg 0 0 200 20 re f "
_ANN = b"/Tx BMC q BT /Helv 12 Tf 0 g 2 4 Td (Ann) Tj ET Q EMC"
_EMPTY = b"/Tx BMC EMC"


def _printed(more: bytes) -> dict[int, bytes]:
    """The contract with more on its first page."""
    body = contract()[CONTENT]
    data = body[body.index(b"stream\n") + 7 : body.rindex(b"\nendstream")]
    return {CONTENT: stream(data + b"\n" + more)}


def _name(entries: bytes = b"", rect: bytes = b"[72 640 272 660]") -> dict[int, bytes]:
    return {NAME: b"<< %b/FT /Tx /T (Name) /Rect %b %b>>" % (WIDGET, rect, entries)}


def _box(rect: bytes) -> dict[int, bytes]:
    on = stream(b"q BT /ZaDb 14 Tf 0 g 4 5 Td (4) Tj ET Q", _SQUARE % _DINGBATS)
    body = contract()[AGREE].replace(b"/Rect [72 580 92 600]", b"/Rect " + rect)
    return {AGREE: body, ON_LOOK: on, OFF_LOOK: stream(b"", _SQUARE % _DINGBATS)}


def _ticked(revision: Revision) -> None:
    revision.put(AGREE, {"V": b"/Yes", "AS": b"/Yes"})


_WRITES = fill_over(NAME, b"(Ann)", _ANN, _LOOK)
_PAINTS = fill_over(NAME, b"(Ann)", _GROUND + _ANN, _LOOK)
_OVER_TEXT = b"[60 700 560 790]"
_OLD_GROUND = {50: stream(b"1 g 0 0 500 90 re f " + _EMPTY, FULL)}
_PLACES: dict[str, tuple[dict[int, bytes], Change]] = {
    "over-blank-paper": (_name(b"/MK << /BG [1 1 0.9] >> "), _PAINTS),
    "ground-by-viewers": (
        _name(b"/MK << /BG [1 1 1] /BC [0 0 0] >> "),
        lambda r: r.put(NAME, {"V": b"(Ann)"}),
    ),
    "over-a-line": (_printed(b".5 w 72 643 m 272 643 l S") | _name(), _WRITES),
    "over-a-box": (_printed(b"0 0 1 RG 1 w 72 640 200 20 re S") | _name(), _WRITES),
    "ground-over-a-box": (_printed(b"1 w 71.5 639.5 201 21 re S") | _name(), _PAINTS),
    "over-a-shade": (_printed(b".9 g 70 638 204 24 re f") | _name(), _WRITES),
    "over-dots": (
        _printed(b"BT /F1 12 Tf 72 644 Td (...............................) Tj ET") | _name(),
        _WRITES,
    ),
    "over-a-scan": (_printed(b"q 595 0 0 842 0 0 cm /Im1 Do Q") | _name(), _WRITES),
    "below-a-label": (
        _printed(b"BT /F1 9 Tf 72 661 Td (Your name, please) Tj ET") | _name(),
        _PAINTS,
    ),
    "beside-a-label": (
        _printed(b"BT /Helv 10 Tf 40 646 Td (Name) Tj ET")
        | _name()
        | {
            3: contract()[3].replace(
                b"/Font << /F1 5 0 R >>", b"/Font << /F1 5 0 R /Helv 48 0 R >>"
            )
        },
        _PAINTS,
    ),
    "ground-as-before": (
        _name(b"/AP << /N 50 0 R >> ", _OVER_TEXT) | _OLD_GROUND,
        fill_over(
            NAME,
            b"(Ann)",
            b"1 g 0 0 500 90 re f /Tx BMC BT /Helv 12 Tf 0 g 12 40 Td (Ann) Tj ET EMC",
            FULL,
        ),
    ),
    "value-again-on-a-ground": (
        {
            AMOUNT: contract()[AMOUNT].replace(b"/Rect [72 610 272 630]", b"/Rect " + _OVER_TEXT),
            38: stream(b"1 g 0 0 500 90 re f BT /Helv 12 Tf 0 g 12 40 Td (100) Tj ET", FULL),
        },
        fill_over(
            AMOUNT,
            b"(200)",
            b"1 g 0 0 500 90 re f BT /Helv 12 Tf 0 g 12 40 Td (200) Tj ET",
            FULL,
        ),
    ),
    "box-on-paper": (_box(b"[72 580 92 600]"), _ticked),
    "box-on-a-printed-box": (
        _printed(b"1 w 73 581 18 18 re S") | _box(b"[72 580 92 600]"),
        _ticked,
    ),
    "box-on-a-printed-character": (
        _printed(b"BT /F1 16 Tf 74 584 Td (o) Tj ET") | _box(b"[72 580 92 600]"),
        _ticked,
    ),
    "box-on-a-scan": (
        _printed(b"q 595 0 0 842 0 0 cm /Im1 Do Q") | _box(b"[72 580 92 600]"),
        _ticked,
    ),
    "box-with-a-ground": (
        _box(b"[72 580 92 600]")
        | {
            ON_LOOK: stream(
                b"q 1 g 0 0 20 20 re f Q q BT /ZaDb 14 Tf 0 g 4 5 Td (8) Tj ET Q",
                _SQUARE % _DINGBATS,
            )
        },
        _ticked,
    ),
    "dot-of-curves": (
        _box(b"[72 580 92 600]")
        | {
            ON_LOOK: stream(
                b"q 1 0 0 1 10 10 cm 0 g 5 0 m 5 2.8 2.8 5 0 5 c -2.8 5 -5 2.8 -5 0 c "
                b"-5 -2.8 -2.8 -5 0 -5 c 2.8 -5 5 -2.8 5 0 c f Q",
                _SQUARE % _DINGBATS,
            )
        }
        | _printed(b"BT /F1 16 Tf 74 584 Td (o) Tj ET"),
        _ticked,
    ),
}


def variants() -> Iterator[Variant]:
    """Every field over something that stays readable, in certified documents and in others."""
    for certify in (None, 2):
        base = "plain" if certify is None else f"p{certify}"
        for name, (objects, change) in _PLACES.items():
            make = prepared(objects, change, certify)
            yield variant("fill-over", f"{name}-{base}", OWN, _FILLED, make)
