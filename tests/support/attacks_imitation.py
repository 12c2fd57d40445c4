"""Comments that read as a line more of what was signed, and signs that stand on its words.

The first page says three lines in 12 points at 72, the last one at 720.
"""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import LAYER, PAGE
from support.attacks import Change, Recipes, Variant, over_bases
from support.attacks_annotations import annotation
from support.pdf_writing import stream
from support.revision_writing import Revision

_BELOW, _ABOVE = b"[70 694 400 714]", b"[70 776 400 794]"
_FONTS = b"/Resources << /Font << /Helv 48 0 R >> >> "
_FORM = b"/Type /XObject /Subtype /Form /BBox %b " + _FONTS
_LINE = b"BT /Helv 12 Tf %b %d %d Td (The buyer also pays 9999 euros.) Tj ET"
_TEXT = b"/Subtype /FreeText /Contents (The buyer also pays 9999 euros.) "
_BY_VIEWER = _TEXT + b"/DA (/Helv 12 Tf 0 g) "
_IMITATES, _COVERS = "annotation-imitates-content", "annotation-covers-content"


def _set(
    kind: bytes, *, rect: bytes = _BELOW, x: int = 72, y: int = 700, more: bytes = b""
) -> Change:
    """A line in the type of the page, by an annotation of a kind."""
    look = stream(more + _LINE % (b"0 g", x, y), _FORM % rect)
    return annotation(kind, rect=rect, look=look)


def _notes(*corners: bytes) -> Change:
    """Several notes, each with a corner of its icon."""

    def change(revision: Revision) -> None:
        for corner in corners:
            annotation(b"/Subtype /Text /Name /Note ", rect=corner)(revision)

    return change


def _icon(rect: bytes) -> Change:
    look = stream(b".2 .4 .9 rg 1 1 18 18 re f", b"/Subtype /Form /BBox [0 0 20 20] ")
    return annotation(b"/Subtype /Text ", rect=rect, look=look)


def _flagged(flags: int) -> Change:
    """A text beside what was signed, with flags."""

    def change(revision: Revision) -> None:
        body = b"<< /Type /Annot /Rect [350 200 550 240] /F %d /DA (/Helv 9 Tf) %b>>"
        revision.extend(PAGE, "Annots", b"%d 0 R" % revision.add(body % (flags, _TEXT)))

    return change


_QUADS = b"/QuadPoints [72 755 200 755 72 735 200 735] "

_RECIPES: Recipes = {
    "line-below": (_IMITATES, _set(_TEXT)),
    "line-below-typed": (_IMITATES, _set(_TEXT + b"/IT /FreeTextTypewriter ")),
    "line-below-without-look": (_IMITATES, annotation(_BY_VIEWER, rect=b"[70 690 400 712]")),
    "line-below-on-white": (
        _IMITATES,
        annotation(_BY_VIEWER + b"/C [1 1 1] /BS << /W 0 >> ", rect=b"[70 690 400 712]"),
    ),
    "line-above": (_IMITATES, _set(_TEXT, rect=_ABOVE, y=780)),
    "line-below-by-stamp": (_IMITATES, _set(b"/Subtype /Stamp ")),
    "line-below-by-square": (_IMITATES, _set(b"/Subtype /Square /BS << /W 0 >> ")),
    "line-below-indented": (_IMITATES, _set(_TEXT, x=76)),
    "line-below-in-white-frame": (
        _IMITATES,
        _set(_TEXT, more=b"1 G 1 w 71 695 328 18 re S "),
    ),
    "line-below-in-thread": (_IMITATES, _set(_TEXT, more=b"0 G .01 w 71 695 m 90 695 l S ")),
    "line-below-on-veil": (
        _IMITATES,
        _set(_TEXT, more=b"1 g 71 695 328 18 re f "),
    ),
    "note-on-amount": (_COVERS, _notes(b"[150 735 174 759]")),
    "note-large": (_COVERS, _notes(b"[72 700 400 760]")),
    "note-with-icon-on-amount": (_COVERS, _icon(b"[150 736 174 756]")),
    "note-upon-notes": (
        _COVERS,
        _notes(b"[150 724 170 744]", b"[150 744 170 764]", b"[152 727 172 747]"),
    ),
    "highlight-painted-over": (
        _COVERS,
        annotation(b"/Subtype /Highlight /C [1 1 0] /BM /Normal " + _QUADS),
    ),
    "line-with-caption": (
        _COVERS,
        annotation(
            b"/Subtype /Line /L [72 732 300 732] /Cap true /Contents (pays 9999) ",
            rect=b"[70 730 302 734]",
        ),
    ),
    "line-with-caption-moved": (
        _COVERS,
        annotation(
            b"/Subtype /Line /L [72 300 300 300] /Cap true /CO [0 440] /Contents (pays 9999) ",
            rect=b"[70 298 302 302]",
        ),
    ),
}

_NOT_PERMITTED: Recipes = {
    kind: ("annotation-not-permitted", annotation(b"/Subtype /%b " % kind.encode()))
    for kind in ("Sound", "TrapNet", "Projection", "Screen", "Movie", "RichMedia", "3D")
}
_NOT_PERMITTED |= {
    "watermark-beside": (
        "annotation-not-permitted",
        annotation(b"/Subtype /Watermark ", rect=b"[350 200 550 240]"),
    ),
    "layer-beside": (
        "annotation-not-permitted",
        annotation(b"/Subtype /Text /OC %d 0 R " % LAYER, rect=b"[540 760 558 778]"),
    ),
    "in-print-only": ("annotation-not-permitted", _flagged(36)),
    "when-pointed-at": ("annotation-not-permitted", _flagged(288)),
}


def variants() -> Iterator[Variant]:
    """Every imitation, every sign on a word, and every kind that is no comment."""
    yield from over_bases("eaa-imitating", _RECIPES, ("table", "stream", "p3"))
    yield from over_bases("eaa-no-comment", _NOT_PERMITTED, ("table", "stream", "p3"))
