"""Comments of harmless kinds that hide what was signed, or say it anew."""

from __future__ import annotations

from collections.abc import Iterator

from support import attacks_imitation
from support.attack_documents import LAYER, PAGE
from support.attacks import Change, Recipes, Variant, over_bases
from support.attacks_annotations import annotation
from support.pdf_writing import stream
from support.revision_writing import Revision

_OVER = b"[72 735 400 765]"
_QUADS = b"/QuadPoints [72 765 400 765 72 735 400 735] "
_BOX = b"/Type /XObject /Subtype /Form /BBox [72 735 400 765] "
_FILL = b"72 735 328 30 re f"
_CODES = (
    "annotation-covers-content annotation-imitates-content annotation-not-permitted "
    "annotation-acts annotation-hidden"
)


def _state(entries: bytes, drawn: bytes) -> Change:
    """A highlight that is drawn under a graphics state."""
    named = b"/Resources << /ExtGState << /G << %b >> /H << /BM /Normal >> >> >> " % entries
    return annotation(b"/Subtype /Highlight /C [1 1 0] " + _QUADS, look=stream(drawn, _BOX + named))


def _drawn(kind: bytes, drawn: bytes, entries: bytes = b"") -> Change:
    return annotation(b"/Subtype /%b %b" % (kind, _QUADS), look=stream(drawn, _BOX + entries))


def _states(key: bytes) -> Change:
    """A harmless look, and one that covers for a click or a pointer above it."""

    def change(revision: Revision) -> None:
        line = revision.add(stream(b"1 0 0 RG 72 736 m 400 736 l S", _BOX))
        cover = revision.add(stream(b"1 g " + _FILL, _BOX))
        looks = b"/AP << /N %d 0 R /%b %d 0 R >> " % (line, key, cover)
        annotation(b"/Subtype /Underline " + _QUADS + looks)(revision)

    return change


def _chosen_state(revision: Revision) -> None:
    line = revision.add(stream(b"1 0 0 RG 72 736 m 400 736 l S", _BOX))
    cover = revision.add(stream(b"1 g " + _FILL, _BOX))
    looks = b"/AP << /N << /A %d 0 R /B %d 0 R >> >> /AS /B " % (line, cover)
    annotation(b"/Subtype /Underline " + _QUADS + looks)(revision)


_MANY = b" ".join(b"72 %d m 400 %d l S" % (y, y) for y in range(735, 766))
_WORDS = b"0 g BT /F1 12 Tf 74 740 Td (pays 9999 euros) Tj ET"
_FONTS = b"/Resources << /Font << /F1 5 0 R >> >> "
_PATTERN = (
    b"/Resources << /Pattern << /P << /Type /Pattern /PatternType 2 /Shading << /ShadingType 2 "
    b"/ColorSpace /DeviceGray /Coords [0 0 1 0] /Extend [true true] /Function << /FunctionType 2 "
    b"/Domain [0 1] /C0 [1] /C1 [1] /N 1 >> >> >> >> >> "
)

_RECIPES: Recipes = {
    "highlight-black": (_CODES, annotation(b"/Subtype /Highlight /C [0 0 0] " + _QUADS)),
    "multiply-black": (_CODES, _state(b"/BM /Multiply", b"/G gs 0 g " + _FILL)),
    "multiply-then-normal": (
        _CODES,
        _state(b"/BM /Multiply", b"/G gs 1 1 0 rg " + _FILL + b" /H gs 1 g " + _FILL),
    ),
    "normal-then-multiply": (_CODES, _state(b"/BM /Multiply", b"1 g " + _FILL + b" /G gs")),
    "multiply-restored": (_CODES, _state(b"/BM /Multiply", b"q /G gs Q 1 g " + _FILL)),
    "screen-white": (_CODES, _state(b"/BM /Screen", b"/G gs 1 g " + _FILL)),
    "lighten-white": (_CODES, _state(b"/BM /Lighten", b"/G gs 1 g " + _FILL)),
    "dodge-white": (_CODES, _state(b"/BM /ColorDodge", b"/G gs 1 g " + _FILL)),
    "colour-white": (_CODES, _state(b"/BM /Luminosity", b"/G gs 1 g " + _FILL)),
    "unknown-mode": (_CODES, _state(b"/BM /Foo", b"/G gs 1 g " + _FILL)),
    "list-of-modes": (_CODES, _state(b"/BM [/Foo /Normal]", b"/G gs 1 g " + _FILL)),
    "nearly-opaque": (_CODES, _state(b"/ca 0.98", b"/G gs 1 g " + _FILL)),
    "thin-but-often": (_CODES, _state(b"/ca 0.4", b"/G gs 1 g " + (_FILL + b" ") * 12)),
    "thin-with-words": (
        _CODES,
        _state(b"/ca 0.4", b"/G gs 1 1 0 rg " + _FILL + b" " + _WORDS),
    ),
    "state-missing": (
        _CODES,
        _drawn(b"Highlight", b"/None gs 1 g " + _FILL),
    ),
    "words": (_CODES, _drawn(b"Highlight", _WORDS, _FONTS)),
    "underline-thick": (_CODES, _drawn(b"Underline", b"1 G 40 w 72 750 m 400 750 l S")),
    "underline-words": (_CODES, _drawn(b"Underline", _WORDS, _FONTS)),
    "strike-out-often": (_CODES, _drawn(b"StrikeOut", b"1 G 1 w " + _MANY)),
    "squiggly-pattern": (
        _CODES,
        _drawn(b"Squiggly", b"/Pattern cs /P scn " + _FILL, _PATTERN),
    ),
    "ink-often": (
        _CODES,
        annotation(
            b"/Subtype /Ink /InkList [[72 750 400 750]] ", look=stream(b"1 G 1 w " + _MANY, _BOX)
        ),
    ),
    "ink-dense-without-look": (
        _CODES,
        annotation(
            b"/Subtype /Ink /C [1 1 1] /BS << /W 2 >> /InkList [%b] "
            % b" ".join(b"[72 %d 400 %d]" % (y, y) for y in range(735, 766))
        ),
    ),
    "caret-large": (_CODES, annotation(b"/Subtype /Caret /C [1 1 1] ")),
    "note-large-icon": (
        _CODES,
        annotation(
            b"/Subtype /Text /Name /Note /Contents (x) ",
            look=stream(b"1 1 0 rg 0 0 18 18 re f", b"/Subtype /Form /BBox [0 0 18 18] "),
        ),
    ),
    "look-when-pointed-at": (_CODES, _states(b"R")),
    "look-when-pressed": (_CODES, _states(b"D")),
    "look-chosen": (_CODES, _chosen_state),
    "free-text-line": (
        _CODES,
        annotation(
            b"/Subtype /FreeText /IT /FreeTextCallout /DA (/Helv 9 Tf) /Contents (x) "
            b"/CL [72 750 400 750] /C [1 1 1] /BS << /W 40 >> ",
            rect=b"[350 200 550 240]",
        ),
    ),
    "free-text-with-page-font": (
        _CODES,
        annotation(
            b"/Subtype /FreeText /DA (/F1 12 Tf) /Contents (pays 9999 euros) ",
            rect=_OVER,
            look=stream(_WORDS, _BOX + _FONTS),
        ),
    ),
    "stamp-with-hole": (
        _CODES,
        annotation(b"/Subtype /Stamp ", look=stream(b"1 g 0 0 900 900 re 300 300 9 9 re f*", _BOX)),
    ),
    "layer": (
        _CODES,
        annotation(
            b"/Subtype /FreeText /OC %d 0 R /DA (/F1 9 Tf) " % LAYER,
            look=stream(_WORDS, _BOX + _FONTS),
        ),
    ),
    "print-only": (
        _CODES,
        lambda r: r.extend(
            PAGE,
            "Annots",
            b"%d 0 R"
            % r.add(
                b"<< /Type /Annot /Subtype /Stamp /F 36 /Rect %b /AP << /N %d 0 R >> >>"
                % (_OVER, r.add(stream(b"1 g " + _FILL, _BOX)))
            ),
        ),
    ),
    "square-thick": (
        _CODES,
        annotation(b"/Subtype /Square /C [1 1 1] /BS << /W 30 >> "),
    ),
    "polygon-dictionary": (
        _CODES,
        annotation(
            b"/Subtype /Polygon /BE << /S /C /I 2 >> /IC [1 1 1] "
            b"/Vertices [72 735 400 735 400 765 72 765] "
        ),
    ),
    "link-thick": (_CODES, annotation(b"/Subtype /Link /C [1 1 1] /BS << /W 30 >> ")),
    "quads-elsewhere": (
        _CODES,
        annotation(b"/Subtype /Highlight /C [0 0 0] " + _QUADS, rect=b"[500 60 520 80]"),
    ),
}


def variants() -> Iterator[Variant]:
    """Every harmless kind of comment with a look that is not."""
    yield from over_bases("eaa-disguised", _RECIPES, ("table", "p3", "p3-objects"))
    yield from attacks_imitation.variants()
