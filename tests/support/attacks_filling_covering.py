"""Forms whose fields stand over signed words, and are filled in so that they hide them."""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import AGREE, CHOICE, NAME, ON_LOOK, RADIO, RADIO_A, contract
from support.attacks import OWN, Change, Variant, variant
from support.pdf_writing import stream
from support.prepared_forms import FULL, WIDGET, fill_over, over_text, prepared
from support.revision_writing import Revision

_CODES = ("field-covers-content",)
_WHITE = b"1 g 0 0 500 90 re f "
_SAID = b"The buyer pays 9999 euros to the seller."
_WRITTEN = b"/Tx BMC BT /Helv 12 Tf 0 g 12 40 Td (%b) Tj ET EMC" % _SAID
_NO_BACKGROUND = over_text(NAME, b"/FT /Tx /Ff 4096 /T (Name) /DA (/Helv 12 Tf 0 g) ")
_BACKGROUND = over_text(
    NAME, b"/FT /Tx /Ff 4096 /T (Name) /MK << /BG [1 1 1] >> /DA (/Helv 12 Tf 0 g) "
)
_HATCHED = b" ".join(b"12 %.1f m 500 %.1f l S" % (y / 2, y / 2) for y in range(2, 180))


def _look(drawn: bytes) -> Change:
    return fill_over(NAME, b"(%b)" % _SAID, drawn)


def _value(number: int, value: bytes) -> Change:
    return lambda revision: revision.put(number, {"V": value})


def _ticked(revision: Revision) -> None:
    revision.put(AGREE, {"V": b"/Yes", "AS": b"/Yes"})


def _box(drawn: bytes, rect: bytes = b"[60 700 560 790]") -> dict[int, bytes]:
    """The check box over the text, with a look that waits for being ticked."""
    body = contract()[AGREE].replace(b"/Rect [72 580 92 600]", b"/Rect " + rect)
    return {AGREE: body, ON_LOOK: stream(drawn, FULL)}


def _choice_look(revision: Revision) -> None:
    drawn = stream(_WHITE + b"/Tx BMC BT /Helv 12 Tf 0 g 12 40 Td (FI) Tj ET EMC", FULL)
    revision.put(CHOICE, {"V": b"(FI)", "AP": b"<< /N %d 0 R >>" % revision.add(drawn)})


_RADIO = {
    RADIO_A: contract()[RADIO_A].replace(b"/Rect [72 550 92 570]", b"/Rect [60 700 560 790]"),
    ON_LOOK: stream(b"1 g 0 0 500 90 re f 0 g 12 40 m 100 90 l S", FULL),
}
_ELSEWHERE = {
    NAME: _NO_BACKGROUND[NAME].replace(b"/P 3 0 R", b"/P 22 0 R"),
}
_FORMS: dict[str, tuple[dict[int, bytes], Change]] = {
    "patch": (_NO_BACKGROUND, _look(_WHITE + _WRITTEN)),
    "patch-in-grey": (_NO_BACKGROUND, _look(b".9 g 0 0 500 90 re f " + _WRITTEN)),
    "patch-in-pieces": (
        _NO_BACKGROUND,
        _look(
            b"1 g " + b" ".join(b"%d 0 10 90 re f" % x for x in range(0, 500, 10)) + b" " + _WRITTEN
        ),
    ),
    "hatched": (_NO_BACKGROUND, _look(b"1 G .6 w " + _HATCHED + b" " + _WRITTEN)),
    "thick-line": (_NO_BACKGROUND, _look(b"1 G 90 w 0 45 m 500 45 l S " + _WRITTEN)),
    "path": (_NO_BACKGROUND, _look(b"1 g 0 0 m 500 0 l 499 90 l 0 90 l f " + _WRITTEN)),
    "other-page-named": (_ELSEWHERE, _look(_WHITE + _WRITTEN)),
    "ground-by-viewers": (_BACKGROUND, _value(NAME, b"(%b)" % _SAID)),
    "ground-drawn-anew": (
        _BACKGROUND | {6: contract()[6][:-2] + b"/NeedAppearances false >>"},
        lambda r: r.put(NAME, {"V": b"(9999)"}).put(6, {"NeedAppearances": b"true"}),
    ),
    "ground-and-look": (_BACKGROUND, _look(_WHITE + _WRITTEN)),
    "box-white": (_box(b"1 g 0 0 500 90 re f 0 g 12 40 m 100 90 l S"), _ticked),
    "box-dark": (_box(b"0 g 0 0 500 90 re f"), _ticked),
    "box-text": (
        _box(b"1 g 0 0 500 90 re f BT /Helv 12 Tf 0 g 12 40 Td (9999) Tj ET"),
        _ticked,
    ),
    "box-on-one-word": (
        _box(b"0 g 0 0 500 90 re f", b"[150 736 176 756]"),
        _ticked,
    ),
    "radio": (_RADIO, lambda r: r.put(RADIO, {"V": b"/A"}).put(RADIO_A, {"AS": b"/A"})),
    "choice": (
        over_text(CHOICE, b"/FT /Ch /Ff 131072 /T (Country) /Opt [(EE) (FI)] "),
        _choice_look,
    ),
    "many-widgets": (
        {
            NAME: b"<< /FT /Tx /T (Name) /DA (/Helv 12 Tf 0 g) /Kids [50 0 R] >>",
            50: b"<< %b/Parent 7 0 R /Rect [60 700 560 790] >>" % WIDGET,
            3: contract()[3].replace(b"[7 0 R", b"[50 0 R"),
        },
        lambda r: r.put(NAME, {"V": b"(%b)" % _SAID}).put(
            50, {"AP": b"<< /N %d 0 R >>" % r.add(stream(_WHITE + _WRITTEN, FULL))}
        ),
    ),
}


def variants() -> Iterator[Variant]:
    """Every field that hides what it stands over, in certified documents and in others."""
    for certify in (None, 2, 3):
        base = "plain" if certify is None else f"p{certify}"
        for name, (objects, change) in _FORMS.items():
            make = prepared(objects, change, certify)
            yield variant("fill-covers", f"{name}-{base}", OWN, _CODES, make)
