"""Honest comments close to what was signed: near its words, in other types, with all entries.

The first page says three lines in 12 points at 72, the last one at 720.
"""

from __future__ import annotations

from support.attack_documents import NOTE, PAGE
from support.attacks import Change, Recipes
from support.attacks_annotations import annotation
from support.pdf_writing import stream
from support.revision_writing import Revision

_MADE = "annotation-added"
_BELOW, _MARGIN = b"[70 694 400 714]", b"[430 670 560 690]"
_FONTS = (
    b"/Resources << /Font << /Helv 48 0 R /Cour << /Type /Font /Subtype /Type1 "
    b"/BaseFont /Courier >> >> >> "
)
_FORM = b"/Type /XObject /Subtype /Form /BBox %b " + _FONTS
_WORDS = b"BT %b %b 74 700 Td (Is this what we agreed?) Tj ET"
_TEXT = b"/Subtype /FreeText /Contents (Is this what we agreed?) "
_QUADS = b"/QuadPoints [72 755 200 755 72 735 200 735] "
_WHO = b"/T (Ann) /M (D:20260602090000Z) "


def _below(colour: bytes = b"0 g", font: bytes = b"/Helv 12 Tf", first: bytes = b"") -> Change:
    """A text right below the last signed line that nobody takes for a line more."""
    look = stream(first + _WORDS % (colour, font), _FORM % _BELOW)
    return annotation(_TEXT + _WHO, rect=_BELOW, look=look)


def _stamp(rect: bytes) -> Change:
    words = (
        b"0 .5 0 RG 0 .5 0 rg 2 w 431 671 128 18 re S BT /Helv 12 Tf 436 675 Td (APPROVED) Tj ET"
    )
    return annotation(
        b"/Subtype /Stamp /Name /Approved " + _WHO, rect=rect, look=stream(words, _FORM % rect)
    )


def _answer(entries: bytes) -> Change:
    """A reply to a note that was signed."""
    return annotation(
        b"/Subtype /Text /IRT %d 0 R %b%b" % (NOTE, entries, _WHO), rect=b"[500 700 520 720]"
    )


def _states(revision: Revision) -> None:
    looks = [
        revision.add(stream(drawn, b"/Subtype /Form /BBox [0 0 9 9] "))
        for drawn in (b"0 0 9 9 re S", b"1 1 7 7 re S")
    ]
    note = b"/Subtype /Text /AS /On /AP << /N << /On %d 0 R /Off %d 0 R >> >> " % tuple(looks)
    annotation(note, rect=b"[500 600 520 620]")(revision)


def _hidden(revision: Revision) -> None:
    body = b"<< /Type /Annot /Subtype /Text /F 2 /Rect [100 738 120 758] /Contents (x) >>"
    revision.extend(PAGE, "Annots", b"%d 0 R" % revision.add(body))


def _open_window(revision: Revision) -> None:
    """A note whose window was left open, in part over the page."""
    note = revision.add(b"null")
    window = b"<< /Type /Annot /Subtype /Popup /Rect [300 600 480 760] /Parent %d 0 R /Open true >>"
    popup = revision.add(window % note)
    body = b"<< /Type /Annot /Subtype /Text /Rect [540 760 558 778] /Popup %d 0 R %b>>"
    revision.write(note, body % (popup, _WHO))
    revision.extend(PAGE, "Annots", b"%d 0 R" % note, b"%d 0 R" % popup)


NOTES: Recipes = {
    "note-beside-line": (_MADE, annotation(b"/Subtype /Text " + _WHO, rect=b"[50 736 70 756]")),
    "note-between-lines": (_MADE, annotation(b"/Subtype /Text ", rect=b"[150 743 170 763]")),
    "note-in-large-rectangle": (
        _MADE,
        annotation(b"/Subtype /Text /Contents (x) ", rect=b"[400 700 560 800]"),
    ),
    "note-with-states": (_MADE, _states),
    "note-that-is-hidden": (_MADE, _hidden),
    "note-with-open-window": (_MADE, _open_window),
    "note-of-the-same-name": (
        _MADE,
        lambda r: [
            annotation(b"/Subtype /Text /NM (1) ", rect=b"[540 %d 558 %d]" % (y, y + 18))(r)
            for y in (500, 530)
        ],
    ),
    "reply": (_MADE, _answer(b"/Contents (Yes.) ")),
    "reply-in-group": (_MADE, _answer(b"/RT /Group ")),
    "state": (_MADE, _answer(b"/State (Accepted) /StateModel (Review) ")),
    "rich-text": (
        _MADE,
        annotation(
            b"/Subtype /Text /Contents (Why?) /RC (<body><p>Why?</p></body>) ",
            rect=b"[540 760 558 778]",
        ),
    ),
    "typed-in-margin": (
        _MADE,
        annotation(
            b"/Subtype /FreeText /IT /FreeTextTypewriter /DA (/Helv 9 Tf 0 g) /Contents (ok?) ",
            rect=_MARGIN,
        ),
    ),
    "typed-far-below": (
        _MADE,
        annotation(
            b"/Subtype /FreeText /DA (/Helv 12 Tf 0 g) /Contents (Seen by the bank) ",
            rect=b"[300 380 500 396]",
        ),
    ),
    "text-in-another-type": (_MADE, _below(font=b"/Cour 12 Tf")),
    "text-in-small-type": (_MADE, _below(font=b"/Helv 8 Tf")),
    "text-in-red": (_MADE, _below(colour=b"1 0 0 rg")),
    "text-on-yellow": (_MADE, _below(first=b"1 1 .6 rg 71 695 328 18 re f ")),
    "text-in-frame": (_MADE, _below(first=b"1 0 0 RG 1 w 71 695 328 18 re S ")),
    "text-that-viewers-frame": (
        _MADE,
        annotation(_TEXT + b"/DA (/Helv 12 Tf) /BS << /W 1 >> ", rect=b"[70 692 400 712]"),
    ),
    "stamp-approved": (_MADE, _stamp(_MARGIN)),
    "highlight-multiplied-by-viewers": (
        _MADE,
        annotation(b"/Subtype /Highlight /C [1 1 0] /BM /Multiply " + _QUADS, rect=_BELOW),
    ),
    "line-with-caption": (
        _MADE,
        annotation(
            b"/Subtype /Line /L [330 300 530 300] /Cap true /Contents (20 cm) ",
            rect=b"[328 290 532 310]",
        ),
    ),
}
"""Comments that stand close to signed words and leave each of them."""
