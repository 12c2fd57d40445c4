"""Evil annotations: what is added over the signed page, or changed in what lay there.

The permissions of a certification (P=3) allow comments, not the covering or imitating of
what was signed. At P=1 and P=2 every comment is forbidden.
"""

from __future__ import annotations

from collections.abc import Iterator

from support.attack_documents import (
    FORM,
    FREE_TEXT,
    FREE_TEXT_LOOK,
    HIGHLIGHT,
    LAYER,
    LINK,
    NOTE,
    PAGE,
    PAGE_2,
    PICTURE,
    SQUARE,
)
from support.attacks import Change, Recipes, Variant, over_bases
from support.pdf_writing import stream
from support.revision_writing import Revision

_OVER = b"[72 735 400 765]"
_WHOLE = b"[0 0 595 842]"
_FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 328 30] "
_WHITE = stream(b"1 g 0 0 328 30 re f", _FORM)
_TEXT = stream(b"1 g 0 0 328 30 re f 0 g BT /F1 12 Tf 2 9 Td (pays 9999 euros) Tj ET", _FORM)
_BY_IMAGE = stream(
    b"328 0 0 30 0 0 cm /Im Do", _FORM + b"/Resources << /XObject << /Im 20 0 R >> >> "
)
_INLINE = stream(b"328 0 0 30 0 0 cm BI /W 1 /H 1 /CS /RGB /BPC 8 /F /AHx ID ffffff> EI", _FORM)
_SHADED = stream(
    b"/Sh sh",
    _FORM + b"/Resources << /Shading << /Sh << /ShadingType 2 /ColorSpace /DeviceGray "
    b"/Coords [0 0 1 0] /Extend [true true] /Function << /FunctionType 2 /Domain [0 1] /C0 [1] "
    b"/C1 [1] /N 1 >> >> >> >> ",
)
_QUADS = b"/QuadPoints [72 765 400 765 72 735 400 735] "

_COVERS = (
    "annotation-covers-content annotation-imitates-content annotation-added "
    "annotation-not-permitted annotation-kind-forbidden"
)


def annotation(
    entries: bytes,
    *,
    rect: bytes = _OVER,
    look: bytes | None = None,
    page: int = PAGE,
) -> Change:
    """Add an annotation to a page, with an appearance of its own."""

    def change(revision: Revision) -> None:
        drawn = b"" if look is None else b"/AP << /N %d 0 R >> " % revision.add(look)
        body = b"<< /Type /Annot /F 4 /Rect %b %b%b>>" % (rect, drawn, entries)
        revision.extend(page, "Annots", b"%d 0 R" % revision.add(body))

    return change


def _nested(revision: Revision) -> None:
    """Cover with a form inside of a form inside of the appearance."""
    innermost = revision.add(_WHITE)
    named = b"/Resources << /XObject << /X %d 0 R >> >> "
    middle = revision.add(stream(b"/X Do", _FORM + named % innermost))
    annotation(b"/Subtype /Stamp ", look=stream(b"/X Do", _FORM + named % middle))(revision)


def _direct(revision: Revision) -> None:
    revision.extend(
        PAGE,
        "Annots",
        b"<< /Type /Annot /Subtype /FreeText /Rect %b /Contents (9999) /DA (/F1 9 Tf) /C [1] >>"
        % _OVER,
    )


def _orphan_widget(revision: Revision) -> None:
    drawn = revision.add(_TEXT)
    body = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (New) /V (9999) /F 4 /Rect %b "
    widget = revision.add(body % _OVER + b"/AP << /N %d 0 R >> >>" % drawn)
    revision.extend(PAGE, "Annots", b"%d 0 R" % widget)


def _new_field(revision: Revision) -> None:
    _orphan_widget(revision)
    widget = max(revision.objects)
    revision.extend(FORM, "Fields", b"%d 0 R" % widget)


_ADDED: Recipes = {
    "free-text": (
        _COVERS,
        annotation(b"/Subtype /FreeText /Contents (pays 9999 euros) /DA (/F1 12 Tf) ", look=_TEXT),
    ),
    "free-text-without-look": (
        _COVERS,
        annotation(b"/Subtype /FreeText /Contents (9999) /DA (/F1 12 Tf) /C [1 1 1] "),
    ),
    "free-text-direct": (_COVERS, _direct),
    "free-text-whole-page": (
        _COVERS,
        annotation(b"/Subtype /FreeText /Contents (x) /DA (/F1 9 Tf) ", rect=_WHOLE, look=_TEXT),
    ),
    "free-text-page-2": (
        _COVERS,
        annotation(b"/Subtype /FreeText /DA (/F1 9 Tf) ", look=_TEXT, page=PAGE_2),
    ),
    "stamp": (_COVERS, annotation(b"/Subtype /Stamp /Name /Approved ", look=_TEXT)),
    "stamp-white": (_COVERS, annotation(b"/Subtype /Stamp ", look=_WHITE)),
    "stamp-image": (_COVERS, annotation(b"/Subtype /Stamp ", look=_BY_IMAGE)),
    "stamp-inline-image": (_COVERS, annotation(b"/Subtype /Stamp ", look=_INLINE)),
    "stamp-shading": (_COVERS, annotation(b"/Subtype /Stamp ", look=_SHADED)),
    "stamp-nested": (_COVERS, _nested),
    "stamp-layer": (
        _COVERS,
        annotation(b"/Subtype /Stamp /OC %d 0 R " % LAYER, look=_WHITE),
    ),
    "stamp-named": (
        _COVERS,
        annotation(b"/Subtype /Stamp /NM (print) ", look=_WHITE),
    ),
    "stamp-turned": (
        _COVERS,
        annotation(
            b"/Subtype /Stamp ",
            rect=b"[72 700 130 790]",
            look=stream(b"1 g 0 0 900 900 re f", _FORM + b"/Matrix [0 1 -1 0 0 0] "),
        ),
    ),
    "stamp-rect-reversed": (
        _COVERS,
        annotation(b"/Subtype /Stamp ", rect=b"[400 765 72 735]", look=_WHITE),
    ),
    "redact": (_COVERS, annotation(b"/Subtype /Redact /IC [0 0 0] " + _QUADS, look=_WHITE)),
    "redact-without-look": (_COVERS, annotation(b"/Subtype /Redact /IC [0 0 0] " + _QUADS)),
    "square": (_COVERS, annotation(b"/Subtype /Square /IC [1 1 1] ", look=_WHITE)),
    "square-without-look": (_COVERS, annotation(b"/Subtype /Square /IC [1 1 1] /C [1 1 1] ")),
    "circle": (_COVERS, annotation(b"/Subtype /Circle /IC [1 1 1] /C [1 1 1] ")),
    "polygon": (
        _COVERS,
        annotation(b"/Subtype /Polygon /IC [1 1 1] /Vertices [72 735 400 735 400 765 72 765] "),
    ),
    "polygon-look": (
        _COVERS,
        annotation(b"/Subtype /Polygon /Vertices [72 735 400 735 400 765] ", look=_WHITE),
    ),
    "line-wide": (
        _COVERS,
        annotation(b"/Subtype /Line /L [72 750 400 750] /C [1 1 1] /BS << /W 30 >> "),
    ),
    "polyline-wide": (
        _COVERS,
        annotation(b"/Subtype /PolyLine /Vertices [72 750 400 750] /BS << /W 30 >> ", look=_WHITE),
    ),
    "highlight-opaque": (
        _COVERS,
        annotation(b"/Subtype /Highlight /C [1 1 1] " + _QUADS, look=_WHITE),
    ),
    "highlight-text": (
        _COVERS,
        annotation(b"/Subtype /Highlight /C [1 1 0] " + _QUADS, look=_TEXT),
    ),
    "underline-opaque": (_COVERS, annotation(b"/Subtype /Underline " + _QUADS, look=_WHITE)),
    "strike-out-text": (_COVERS, annotation(b"/Subtype /StrikeOut " + _QUADS, look=_TEXT)),
    "squiggly-image": (_COVERS, annotation(b"/Subtype /Squiggly " + _QUADS, look=_BY_IMAGE)),
    "ink-wide": (
        _COVERS,
        annotation(b"/Subtype /Ink /InkList [[72 750 400 750]] /C [1 1 1] /BS << /W 30 >> "),
    ),
    "ink-look": (
        _COVERS,
        annotation(b"/Subtype /Ink /InkList [[72 750 400 750]] ", look=_TEXT),
    ),
    "caret-look": (_COVERS, annotation(b"/Subtype /Caret ", look=_TEXT)),
    "text-look": (_COVERS, annotation(b"/Subtype /Text /Contents (x) ", look=_TEXT)),
    "text-look-whole": (
        _COVERS,
        annotation(b"/Subtype /Text /Contents (x) ", rect=_WHOLE, look=_WHITE),
    ),
    "popup-look": (_COVERS, annotation(b"/Subtype /Popup /Open true ", look=_TEXT)),
    "link-look": (_COVERS, annotation(b"/Subtype /Link ", look=_TEXT)),
    "link-border": (_COVERS, annotation(b"/Subtype /Link /Border [0 0 40] /C [1 1 1] ")),
    "attachment": (
        _COVERS + " embedded-file-added",
        annotation(b"/Subtype /FileAttachment /FS 36 0 R ", look=_TEXT),
    ),
    "watermark": (_COVERS, annotation(b"/Subtype /Watermark ", look=_TEXT)),
    "screen": (_COVERS, annotation(b"/Subtype /Screen ", look=_TEXT)),
    "movie": (_COVERS, annotation(b"/Subtype /Movie /Movie << /F (m.avi) >> ", look=_TEXT)),
    "rich-media": (_COVERS, annotation(b"/Subtype /RichMedia ", look=_TEXT)),
    "three-dimensional": (_COVERS, annotation(b"/Subtype /3D ", look=_TEXT)),
    "printer-mark": (_COVERS, annotation(b"/Subtype /PrinterMark ", look=_TEXT)),
    "unknown-kind": (_COVERS, annotation(b"/Subtype /Foo ", look=_TEXT)),
    "no-kind": (_COVERS, annotation(b"", look=_TEXT)),
    "orphan-widget": (_COVERS + " field-added", _orphan_widget),
    "widget": (_COVERS + " field-added", _new_field),
}

_CHANGED_CODES = (
    "annotation-changed annotation-appearance-changed appearance-changed annotation-covers-content "
    "annotation-moved annotation-hidden annotation-words-changed signed-annotation-changed"
)
_CHANGED: Recipes = {
    "look-stream": (_CHANGED_CODES, lambda r: r.write(FREE_TEXT_LOOK, _TEXT)),
    "look-entry": (
        _CHANGED_CODES,
        lambda r: r.put(FREE_TEXT, {"AP": b"<< /N %d 0 R >>" % r.add(_TEXT)}),
    ),
    "look-shared": (
        _CHANGED_CODES,
        lambda r: r.put(FREE_TEXT, {"AP": b"<< /N %d 0 R >>" % PICTURE}),
    ),
    "look-taken": (_CHANGED_CODES, lambda r: r.put(FREE_TEXT, {"AP": None})),
    "look-added-to-note": (
        _CHANGED_CODES,
        lambda r: r.put(NOTE, {"AP": b"<< /N %d 0 R >>" % r.add(_TEXT)}),
    ),
    "moved": (_CHANGED_CODES, lambda r: r.put(FREE_TEXT, {"Rect": b"[72 735 272 755]"})),
    "grown": (_CHANGED_CODES, lambda r: r.put(SQUARE, {"Rect": _OVER, "IC": b"[1 1 1]"})),
    "highlight-covers": (
        _CHANGED_CODES,
        lambda r: r.put(HIGHLIGHT, {"AP": b"<< /N %d 0 R >>" % r.add(_WHITE)}),
    ),
    "hidden": (_CHANGED_CODES, lambda r: r.put(FREE_TEXT, {"F": b"2"})),
    "kind": (_CHANGED_CODES, lambda r: r.put(SQUARE, {"Subtype": b"/Redact"})),
    "link-elsewhere": (
        _CHANGED_CODES + " action-added action-changed javascript-added",
        lambda r: r.put(LINK, {"A": b"<< /S /URI /URI (https://evil.example) >>"}),
    ),
    "layer": (_CHANGED_CODES, lambda r: r.put(FREE_TEXT, {"OC": b"%d 0 R" % LAYER})),
}
_NOT_PERMITTED: Recipes = {
    "note": (_COVERS, annotation(b"/Subtype /Text /Contents (x) ", rect=b"[500 100 520 120]")),
    "highlight": (_COVERS, annotation(b"/Subtype /Highlight /C [1 1 0] " + _QUADS)),
    "ink": (_COVERS, annotation(b"/Subtype /Ink /InkList [[500 100 520 120]] ")),
    "note-changed": (
        _CHANGED_CODES,
        lambda r: r.put(NOTE, {"Contents": b"(Agreed)"}),
    ),
    "note-removed": (
        _CHANGED_CODES + " annotation-removed",
        lambda r: r.put(PAGE, {"Annots": b"[7 0 R 8 0 R 9 0 R 11 0 R 12 0 R 13 0 R 14 0 R]"}),
    ),
}


def variants() -> Iterator[Variant]:
    """Every evil annotation, with and without a certification."""
    yield from over_bases("eaa", _ADDED, ("table", "p3"))
    yield from over_bases("eaa-changed", _CHANGED, ("table", "p3", "p3-objects"))
    yield from over_bases(
        "eaa-not-permitted", _NOT_PERMITTED, ("p1", "p2", "p2-stream", "p1-unnamed", "p2-unnamed")
    )
