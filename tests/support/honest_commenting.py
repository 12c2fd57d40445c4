"""Honest comments, as viewers of many makes write them: made, changed and taken back.

They stand beside the signed text, or on it in a way that leaves it readable.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pypdf
from pypdf.annotations import Highlight, Text
from pypdf.generic import ArrayObject, FloatObject, RectangleObject

from support.attack_documents import PAGE, PAGE_2, PAGE_3
from support.attacks import Change, Recipes, Variant, over_bases, variant
from support.attacks_annotations import annotation
from support.honest_notes import NOTES
from support.pdf_writing import stream
from support.revision_writing import Revision

_MADE = "annotation-added"
_BOXED = b"/Type /XObject /Subtype /Form /BBox %b "
_FREE = b"[350 200 550 240]"
_ON_TEXT = b"[72 735 200 755]"
_QUADS = b"/QuadPoints [72 755 200 755 72 735 200 735] "
_WHO = b"/T (Ann) /M (D:20260602090000Z) /CreationDate (D:20260602090000Z) /NM (a-1) "

# Yellow over text, multiplied with what is below: as pdf.js, Acrobat and Preview draw it.
_MULTIPLY = (
    b"/Resources << /ExtGState << /G0 << /Type /ExtGState /BM /Multiply /ca 1 /CA 1 >> >> >> "
    b"/Group << /S /Transparency /Type /Group >> "
)
_YELLOW = stream(
    b"/G0 gs 1 1 0 rg 72 735 m 200 735 l 200 755 l 72 755 l h f", _BOXED % _ON_TEXT + _MULTIPLY
)
_THROUGH = stream(
    b"/G0 gs 1 1 0 rg 72 735 128 20 re f",
    _BOXED % _ON_TEXT + b"/Resources << /ExtGState << /G0 << /ca 0.4 /BM /Normal >> >> >> ",
)
_BELOW = stream(b"1 0 0 RG 1 w 72 736 m 200 736 l S", _BOXED % _ON_TEXT)
_STRUCK = stream(b"1 0 0 RG 1 w 72 745 m 200 745 l S", _BOXED % _ON_TEXT)
_WAVE = stream(b"1 0 0 RG 1 w 72 736 m 76 738 l 80 736 l 84 738 l 88 736 l S", _BOXED % _ON_TEXT)
_STROKES = stream(
    b"0 0 1 RG 2 w 1 J 355 210 m 380 220 l 400 205 l S", _BOXED % b"[350 200 550 240]"
)
_ICON = stream(
    b"1 1 0 rg 0 G 0 0 18 18 re B 3 12 m 15 12 l 3 8 m 15 8 l S", _BOXED % b"[0 0 18 18]"
)
_WORDS = stream(
    b"0 g BT /Helv 10 Tf 355 215 Td (Please check) Tj ET",
    _BOXED % _FREE + b"/Resources << /Font << /Helv 48 0 R >> >> ",
)
_RUBBER = stream(b"1 0 0 RG 351 201 198 38 re S", _BOXED % _FREE)


def _with_popup(revision: Revision) -> None:
    """Add a note together with the window that shows its words."""
    note = revision.add(b"null")
    popup = revision.add(
        b"<< /Type /Annot /Subtype /Popup /Rect [400 600 580 700] /Parent %d 0 R /Open false "
        b"/F 28 >>" % note
    )
    icon = revision.add(_ICON)
    revision.write(
        note,
        b"<< /Type /Annot /Subtype /Text /Rect [540 760 558 778] /F 28 /Name /Comment "
        b"/Contents (Why 100?) /Popup %d 0 R /P %d 0 R /AP << /N %d 0 R >> %b>>"
        % (popup, PAGE, icon, _WHO),
    )
    revision.extend(PAGE, "Annots", b"%d 0 R" % note, b"%d 0 R" % popup)


def _answered(revision: Revision) -> None:
    """Add a note and an answer to it."""
    note = revision.add(
        b"<< /Type /Annot /Subtype /Text /Rect [540 760 558 778] /Contents (Why?) %b>>" % _WHO
    )
    answer = revision.add(
        b"<< /Type /Annot /Subtype /Text /Rect [540 760 558 778] /Contents (Because) /IRT %d 0 R "
        b"/RT /R /F 30 %b>>" % (note, _WHO)
    )
    revision.extend(PAGE, "Annots", b"%d 0 R" % note, b"%d 0 R" % answer)


def _direct(revision: Revision) -> None:
    revision.extend(
        PAGE, "Annots", b"<< /Type /Annot /Subtype /Text /Rect [540 760 558 778] /Contents (x) >>"
    )


COMMENTS: Recipes = {
    "note": (
        _MADE,
        annotation(b"/Subtype /Text /Contents (Why?) " + _WHO, rect=b"[540 760 558 778]"),
    ),
    "note-with-icon": (
        _MADE,
        annotation(
            b"/Subtype /Text /Name /Note /Contents (Why?) " + _WHO,
            rect=b"[540 760 558 778]",
            look=_ICON,
        ),
    ),
    "note-with-popup": (_MADE, _with_popup),
    "note-with-answer": (_MADE, _answered),
    "note-direct": (_MADE, _direct),
    "note-on-page-2": (
        _MADE,
        annotation(b"/Subtype /Text /Contents (x) ", rect=b"[540 760 558 778]", page=PAGE_2),
    ),
    "highlight": (
        _MADE,
        annotation(b"/Subtype /Highlight /C [1 1 0] " + _QUADS + _WHO, rect=_ON_TEXT),
    ),
    "highlight-multiplied": (
        _MADE,
        annotation(b"/Subtype /Highlight /C [1 1 0] " + _QUADS + _WHO, rect=_ON_TEXT, look=_YELLOW),
    ),
    "highlight-through": (
        _MADE,
        annotation(
            b"/Subtype /Highlight /C [1 1 0] /CA 0.4 " + _QUADS, rect=_ON_TEXT, look=_THROUGH
        ),
    ),
    "underline": (
        _MADE,
        annotation(b"/Subtype /Underline /C [1 0 0] " + _QUADS, rect=_ON_TEXT, look=_BELOW),
    ),
    "underline-without-look": (
        _MADE,
        annotation(b"/Subtype /Underline /C [1 0 0] " + _QUADS, rect=_ON_TEXT),
    ),
    "strike-out": (
        _MADE,
        annotation(b"/Subtype /StrikeOut /C [1 0 0] " + _QUADS, rect=_ON_TEXT, look=_STRUCK),
    ),
    "squiggly": (
        _MADE,
        annotation(b"/Subtype /Squiggly /C [1 0 0] " + _QUADS, rect=_ON_TEXT, look=_WAVE),
    ),
    "caret": (_MADE, annotation(b"/Subtype /Caret /Contents (add) ", rect=b"[205 730 212 737]")),
    "ink": (
        _MADE,
        annotation(
            b"/Subtype /Ink /InkList [[355 210 380 220 400 205]] /C [0 0 1] /BS << /W 2 >> ",
            rect=_FREE,
            look=_STROKES,
        ),
    ),
    "ink-without-look": (
        _MADE,
        annotation(
            b"/Subtype /Ink /InkList [[355 210 380 220 400 205]] /C [0 0 1] /BS << /W 2 >> ",
            rect=_FREE,
        ),
    ),
    "free-text-beside": (
        _MADE,
        annotation(
            b"/Subtype /FreeText /Contents (Please check) /DA (/Helv 10 Tf 0 g) " + _WHO,
            rect=_FREE,
            look=_WORDS,
        ),
    ),
    "stamp-beside": (
        _MADE,
        annotation(b"/Subtype /Stamp /Name /Draft " + _WHO, rect=_FREE, look=_RUBBER),
    ),
    "square-beside": (
        _MADE,
        annotation(b"/Subtype /Square /C [1 0 0] /BS << /W 1 >> ", rect=_FREE, look=_RUBBER),
    ),
    "link-inside": (
        _MADE,
        annotation(b"/Subtype /Link /Border [0 0 0] /Dest [22 0 R /Fit] ", rect=_FREE),
    ),
    "two-on-page-3": (
        _MADE,
        lambda r: (
            annotation(b"/Subtype /Text /Contents (x) ", rect=b"[500 100 518 118]", page=PAGE_3)(r),
            annotation(b"/Subtype /Text /Contents (y) ", rect=b"[540 100 558 118]", page=PAGE_2)(r),
        ),
    ),
}


def _added_then(change: Change) -> Callable[[bytes], bytes]:
    """Add a note in one revision, and do something to it in the next."""

    def make(data: bytes) -> bytes:
        first = Revision(data)
        COMMENTS["note"][1](first)
        second = Revision(first.build())
        change(second)
        return second.build()

    return make


def _newest(revision: Revision) -> int:
    array = revision.read(PAGE).Annots
    return int(array[len(array) - 1].objgen[0])


def _without_newest(revision: Revision) -> Revision:
    annotations = revision.entries(PAGE)["Annots"].replace(b"%d 0 R" % _newest(revision), b"")
    return revision.put(PAGE, {"Annots": annotations})


_OWN: dict[str, tuple[str, Change]] = {
    "own-changed": (
        "annotation-changed",
        lambda r: r.put(_newest(r), {"Contents": b"(Understood)", "M": b"(D:20260603090000Z)"}),
    ),
    "own-moved": (
        "annotation-changed",
        lambda r: r.put(_newest(r), {"Rect": b"[540 700 558 718]"}),
    ),
    "own-removed": ("annotation-removed", _without_newest),
    "own-removed-and-freed": (
        "annotation-removed",
        lambda r: _without_newest(r).free(_newest(r)),
    ),
}


def _by_pypdf(make: Callable[[], pypdf.generic.DictionaryObject]) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        writer = pypdf.PdfWriter(io.BytesIO(data), incremental=True)
        writer.add_annotation(page_number=0, annotation=make())
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    return edit


def _quads() -> ArrayObject:
    return ArrayObject(FloatObject(x) for x in (72, 755, 200, 755, 72, 735, 200, 735))


_PYPDF: dict[str, Callable[[], pypdf.generic.DictionaryObject]] = {
    "pypdf-note": lambda: Text(text="Why?", rect=(540, 760, 558, 778)),
    "pypdf-highlight": lambda: Highlight(
        rect=RectangleObject((72, 735, 200, 755)), quad_points=_quads()
    ),
}


def variants() -> Iterator[Variant]:
    """Every comment."""
    yield from over_bases("comment", COMMENTS, ("table", "p3", "p3-objects"))
    yield from over_bases("comment-near", NOTES, ("table", "stream", "p3"))
    for base in ("table", "stream", "p3"):
        for name, (codes, change) in _OWN.items():
            yield variant("comment", name, base, codes.split(), _added_then(change))
    for base in ("table", "p3"):
        for name, made in _PYPDF.items():
            yield variant("comment", name, base, (_MADE,), _by_pypdf(made))
