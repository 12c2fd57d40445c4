"""Forms that are filled in with looks that say something else than the value."""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import (
    AGREE,
    AMOUNT,
    APPROVAL_LOOK,
    CHOICE,
    FORM_FONT,
    IMAGE,
    LAYER,
    NAME,
    PICTURE,
    RADIO,
    RADIO_A,
    RADIO_B,
)
from support.attacks import Change, Recipes, Variant, over_bases
from support.pdf_writing import stream
from support.revision_writing import Revision

_BOX = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] "
_FONTS = b"/Resources << /Font << /Helv 48 0 R >> /XObject << /Im 20 0 R >> >> "
_CODES = (
    "appearance-differs-from-value appearance-changed-without-value field-changed font-changed "
    "annotation-covers-content appearance-changed form-value-malformed"
)


def _drawn(
    text: bytes, entries: bytes = _FONTS, box: bytes = _BOX, value: bytes = b"(200)"
) -> Change:
    """Fill the amount with a value, and with an appearance that draws something."""

    def change(revision: Revision) -> None:
        look = revision.add(stream(text, box + entries))
        revision.put(AMOUNT, {"V": value, "AP": b"<< /N %d 0 R >>" % look})

    return change


def _shown(text: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    return b"/Tx BMC q BT /Helv 12 Tf 0 g 2 4 Td %b%b%b ET Q EMC" % (before, text, after)


def _font(entries: bytes) -> Change:
    """Fill with a font of one's own, in which the characters stand for others."""

    def change(revision: Revision) -> None:
        font = revision.add(b"<< /Type /Font %b >>" % entries)
        named = b"/Resources << /Font << /Helv %d 0 R >> >> " % font
        _drawn(_shown(b"(200) Tj"), named)(revision)

    return change


def _glyphs(revision: Revision) -> None:
    """Fill with a font whose characters are drawings."""
    nine = revision.add(stream(b"500 0 0 0 500 500 d1 0 0 500 500 re f"))
    font = (
        b"/Subtype /Type3 /FontBBox [0 0 500 500] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 48 "
        b"/LastChar 50 /Widths [500 500 500] /Encoding << /Differences [48 /o /i /z] >> "
        b"/CharProcs << /o %d 0 R /i %d 0 R /z %d 0 R >>" % (nine, nine, nine)
    )
    _font(font)(revision)


def _other_state(key: bytes) -> Change:
    """Give a second look that says something else, for a click or a pointer above it."""

    def change(revision: Revision) -> None:
        honest = revision.add(stream(_shown(b"(200) Tj"), _BOX + _FONTS))
        other = revision.add(stream(_shown(b"(9999) Tj"), _BOX + _FONTS))
        looks = b"<< /N %d 0 R /%b %d 0 R >>" % (honest, key, other)
        revision.put(AMOUNT, {"V": b"(200)", "AP": looks})

    return change


def _nested(revision: Revision) -> None:
    inner = revision.add(stream(_shown(b"(9999) Tj"), _BOX + _FONTS))
    named = b"/Resources << /Font << /Helv 48 0 R >> /XObject << /X %d 0 R >> >> " % inner
    _drawn(b"/X Do " + _shown(b"(200) Tj", b"3 Tr "), named)(revision)


def _more(entries: dict[str, bytes | None]) -> Change:
    """Fill honestly, and change more of the field than its value."""

    def change(revision: Revision) -> None:
        look = revision.add(stream(_shown(b"(200) Tj"), _BOX + _FONTS))
        revision.put(AMOUNT, {"V": b"(200)", "AP": b"<< /N %d 0 R >>" % look, **entries})

    return change


_RECIPES: Recipes = {
    "other-text": (_CODES, _drawn(_shown(b"(9999) Tj"))),
    "more-text": (_CODES, _drawn(_shown(b"(200) Tj ( 000) Tj"))),
    "no-text": (_CODES, _drawn(b"0 0 200 20 re f")),
    "empty": (_CODES, _drawn(b"")),
    "hidden-and-other": (_CODES, _drawn(_shown(b"(200) Tj 0 Tr (9999) Tj", b"3 Tr "))),
    "hidden": (_CODES, _drawn(_shown(b"(200) Tj", b"3 Tr "))),
    "white": (_CODES, _drawn(_shown(b"(200) Tj", b"1 g "))),
    "tiny": (_CODES, _drawn(_shown(b"(200) Tj", b"/Helv 0.01 Tf "))),
    "flat": (_CODES, _drawn(_shown(b"(200) Tj", b"0 Tz "))),
    "outside": (_CODES, _drawn(_shown(b"(200) Tj", b"900 900 Td "))),
    "outside-by-matrix": (
        _CODES,
        _drawn(b"1 0 0 1 900 900 cm " + _shown(b"(200) Tj")),
    ),
    "covered-by-box": (_CODES, _drawn(_shown(b"(200) Tj") + b" 1 g 0 0 200 20 re f")),
    "covered-by-image": (
        _CODES,
        _drawn(_shown(b"(200) Tj") + b" q 200 0 0 20 0 0 cm /Im Do Q"),
    ),
    "covered-by-path": (
        _CODES,
        _drawn(_shown(b"(200) Tj") + b" 1 G 40 w 0 10 m 200 10 l S"),
    ),
    "written-as-path": (
        _CODES,
        _drawn(_shown(b"(200) Tj", b"3 Tr ") + b" 2 w 10 2 m 10 18 l 20 18 l S"),
    ),
    "clipped": (_CODES, _drawn(b"0 0 0 0 re W n " + _shown(b"(200) Tj"))),
    "box-empty": (
        _CODES,
        _drawn(_shown(b"(200) Tj"), box=b"/Subtype /Form /BBox [0 0 0 0] "),
    ),
    "box-elsewhere": (
        _CODES,
        _drawn(_shown(b"(200) Tj"), box=b"/Subtype /Form /BBox [500 500 700 520] "),
    ),
    "actual-text": (
        _CODES,
        _drawn(b"/Span << /ActualText (200) >> BDC " + _shown(b"(9999) Tj") + b" EMC"),
    ),
    "layer": (_CODES, _drawn(_shown(b"(200) Tj"), _FONTS + b"/OC %d 0 R " % LAYER)),
    "layer-inside": (
        _CODES,
        _drawn(
            b"/OC /L BDC " + _shown(b"(200) Tj") + b" EMC " + _shown(b"(9999) Tj"),
            b"/Resources << /Font << /Helv 48 0 R >> /Properties << /L 35 0 R >> >> ",
        ),
    ),
    "transparent": (
        _CODES,
        _drawn(
            b"/G gs " + _shown(b"(200) Tj"),
            b"/Resources << /Font << /Helv 48 0 R >> /ExtGState << /G << /ca 0 >> >> >> ",
        ),
    ),
    "masked": (
        _CODES,
        _drawn(
            b"/G gs " + _shown(b"(200) Tj"),
            b"/Resources << /Font << /Helv 48 0 R >> /ExtGState << /G << /SMask << /S /Luminosity "
            b"/G 21 0 R >> >> >> >> ",
        ),
    ),
    "nested": (_CODES, _nested),
    "font-encoding": (
        _CODES,
        _font(
            b"/Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [50 /nine 48 /nine] >>"
        ),
    ),
    "font-symbols": (_CODES, _font(b"/Subtype /Type1 /BaseFont /ZapfDingbats")),
    "font-of-drawings": (_CODES, _glyphs),
    "font-missing": (_CODES, _drawn(_shown(b"(200) Tj"), b"/Resources << >> ")),
    "font-written-again": (
        _CODES,
        lambda r: (
            _drawn(_shown(b"(200) Tj"))(r),
            r.put(FORM_FONT, {"Encoding": b"<< /Differences [50 /nine] >>"}),
        ),
    ),
    "look-when-pointed-at": (_CODES, _other_state(b"R")),
    "look-when-pressed": (_CODES, _other_state(b"D")),
    "look-is-image": (
        _CODES,
        lambda r: r.put(AMOUNT, {"V": b"(200)", "AP": b"<< /N %d 0 R >>" % IMAGE}),
    ),
    "look-is-picture": (
        _CODES,
        lambda r: r.put(AMOUNT, {"V": b"(200)", "AP": b"<< /N %d 0 R >>" % PICTURE}),
    ),
    "look-of-signature": (
        _CODES,
        lambda r: r.put(AMOUNT, {"V": b"(200)", "AP": b"<< /N %d 0 R >>" % APPROVAL_LOOK}),
    ),
    "look-kept": (_CODES, lambda r: r.put(AMOUNT, {"V": b"(9999)"})),
    "rich-value": (_CODES, _more({"RV": b"(<body><p>9999</p></body>)"})),
    "default": (_CODES, _more({"DV": b"(9999)"})),
    "characteristics": (_CODES, _more({"MK": b"<< /BG [1 1 1] /CA (9999) >>"})),
    "place": (_CODES, _more({"Rect": b"[72 735 272 755]"})),
    "flags": (_CODES, _more({"F": b"2"})),
    "name": (_CODES, _more({"T": b"(Discount)"})),
    "layer-of-field": (_CODES, _more({"OC": b"35 0 R"})),
    "value-array": (_CODES, _drawn(_shown(b"(200) Tj"), value=b"[(200) (9999)]")),
    "value-dictionary": (_CODES, _drawn(_shown(b"(200) Tj"), value=b"<< /A (200) >>")),
    "box-half": (_CODES, lambda r: r.put(AGREE, {"V": b"/Yes"})),
    "box-other-half": (_CODES, lambda r: r.put(AGREE, {"AS": b"/Yes"})),
    "box-unknown": (_CODES, lambda r: r.put(AGREE, {"V": b"/No", "AS": b"/No"})),
    "box-look": (
        _CODES,
        lambda r: r.put(
            AGREE, {"V": b"/Yes", "AS": b"/Yes", "AP": b"<< /N << /Yes 21 0 R /Off 40 0 R >> >>"}
        ),
    ),
    "radio-crossed": (
        _CODES,
        lambda r: r.put(RADIO, {"V": b"/A"}).put(RADIO_B, {"AS": b"/B"}),
    ),
    "radio-both": (
        _CODES,
        lambda r: (
            r.put(RADIO, {"V": b"/A"}).put(RADIO_A, {"AS": b"/A"}).put(RADIO_B, {"AS": b"/B"})
        ),
    ),
    "radio-unknown": (_CODES, lambda r: r.put(RADIO, {"V": b"/C"})),
    "choice-look": (
        _CODES,
        lambda r: r.put(
            CHOICE,
            {
                "V": b"(FI)",
                "AP": b"<< /N %d 0 R >>" % r.add(stream(_shown(b"(EE) Tj"), _BOX + _FONTS)),
            },
        ),
    ),
    "choice-index": (_CODES, lambda r: r.put(CHOICE, {"V": b"(FI)", "I": b"[2]"})),
    "choice-options": (_CODES, lambda r: r.put(CHOICE, {"V": b"(SE)", "Opt": b"[(SE)]"})),
    "name-page-wide": (
        _CODES,
        lambda r: r.put(NAME, {"V": b"(Ann)", "Rect": b"[0 0 595 842]"}),
    ),
}


def variants() -> Iterator[Variant]:
    """Every filling that shows something else than it says."""
    yield from over_bases("fill-evil", _RECIPES, ("table", "p2", "p3-objects"))
