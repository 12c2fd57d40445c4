"""Comments on the document of `later_revisions`, as honest programs write them, and evil ones.

Its first page says "Pay 100 euros" from 72, 720 in 18 points; the rest of the page is free.
"""

from support.later_revisions import ANNOTATIONS, PAGE, XOBJECT
from support.pdf_writing import stream

OVER = b"/Rect [70 714 200 736] "
QUADS = b"/QuadPoints [72 734 190 734 72 716 190 716] "
BESIDE = b"/Rect [300 300 420 330] "
_PLAIN = XOBJECT.replace(b"[0 0 9 9]", b"[70 714 200 736]")
_MULTIPLY = b"/Resources << /ExtGState << /R0 << /BM /Multiply >> >> %b>> "
_GROUP = b"/Group << /S /Transparency %b>> "
_FONT = b"/Resources << /Font << /F1 5 0 R >> >> "
_SQUARE = XOBJECT.replace(b"[0 0 9 9]", b"[0 0 20 20]")
_WIDE = XOBJECT.replace(b"[0 0 9 9]", b"[0 0 120 30]")


def comment(entries: bytes, look: bytes | None = None, **more: bytes) -> dict[int, bytes]:
    """An update that adds one annotation to the first page; `more` are objects by o<number>."""
    appearance = b"" if look is None else b"/AP << /N 51 0 R >> "
    update = {
        3: PAGE % (b"4 0 R", ANNOTATIONS % b" 50 0 R"),
        50: b"<< /Type /Annot /T (Ann) %b%b>>" % (entries, appearance),
    }
    if look is not None:
        update[51] = look
    return update | {int(name[1:]): body for name, body in more.items()}


def with_popup(update: dict[int, bytes]) -> dict[int, bytes]:
    """The same update with the window that programs add to a comment."""
    popup = b"<< /Type /Annot /Subtype /Popup /Rect [400 600 580 720] /Parent 50 0 R /Open true >>"
    page = PAGE % (b"4 0 R", ANNOTATIONS % b" 50 0 R 52 0 R")
    return update | {3: page, 50: update[50][:-2] + b"/Popup 52 0 R >>", 52: popup}


_STROKED = b"1 0 0 RG 1 w 72 718 m 190 718 l S"
_WAVE = b"0.9 w 72 718 m 75 716 l 78 718 l 81 716 l 84 718 l 87 716 l 90 718 l S"
_INK = b"0 0 1 RG 2 w 60 700 m 80 745 120 690 150 742 c S"
_NOTE = b"q 1 .82 0 rg 0 G .59 w 1.5 3 17 14 re B 4 12 m 16 12 l S Q"

HONEST_COMMENTS: dict[str, dict[int, bytes]] = {
    "highlight of Acrobat": with_popup(
        comment(
            b"/Subtype /Highlight /C [1 1 0] /CA 1 /Contents (Why?) " + OVER + QUADS,
            stream(
                b"/R0 gs /Form Do",
                _PLAIN + _GROUP % b"" + _MULTIPLY % b"/XObject << /Form 53 0 R >> ",
            ),
            o53=stream(
                b"1 1 0 rg 0 i 1 w 4 M 1 j 0 J []0 d 72 716 m 66 721 66 729 72 734 c 190 734 l "
                b"196 729 196 721 190 716 c h f",
                _PLAIN + _GROUP % b"",
            ),
        )
    ),
    "highlight of pdf.js": comment(
        b"/Subtype /Highlight /C [1 .9 .4] /CA 1 " + OVER + QUADS,
        stream(
            b"1 .9 .4 rg /R0 gs 72 734 m 190 734 l 190 716 l 72 716 l h f", _PLAIN + _MULTIPLY % b""
        ),
    ),
    "highlight that shines through": comment(
        b"/Subtype /Highlight /C [0 1 0] " + OVER + QUADS,
        stream(
            b"/G gs 0 1 0 rg 72 716 118 18 re f",
            _PLAIN + b"/Resources << /ExtGState << /G << /ca .4 /CA .4 >> >> >> ",
        ),
    ),
    "highlight without a look": comment(b"/Subtype /Highlight /C [1 0 0] " + OVER + QUADS),
    "underlining": comment(
        b"/Subtype /Underline /C [1 0 0] " + OVER + QUADS, stream(_STROKED, _PLAIN)
    ),
    "underlining that is filled": comment(
        b"/Subtype /Underline /C [1 0 0] " + OVER + QUADS,
        stream(b"1 0 0 rg 72 717 118 1 re f", _PLAIN),
    ),
    "strike-out": comment(
        b"/Subtype /StrikeOut /C [1 0 0] " + OVER + QUADS,
        stream(_STROKED.replace(b" 718", b" 725"), _PLAIN),
    ),
    "wavy underlining": comment(b"/Subtype /Squiggly " + OVER + QUADS, stream(_WAVE, _PLAIN)),
    "drawing": comment(
        b"/Subtype /Ink /C [0 0 1] /BS << /W 2 >> /Rect [55 685 155 750] "
        b"/InkList [[60 700 90 720 120 710 150 742]] ",
        stream(_INK, _PLAIN.replace(b"[70 714 200 736]", b"[55 685 155 750]")),
    ),
    "mark of insertion": comment(
        b"/Subtype /Caret /Rect [100 712 112 724] /Contents (not) ",
        stream(b"0 .4 1 rg 0 0 m 6 12 l 12 0 l 6 4 l f", XOBJECT.replace(b"9 9", b"12 12")),
    ),
    "note": with_popup(
        comment(b"/Subtype /Text /Rect [90 715 110 735] /Contents (Why?) /Name /Note ")
    ),
    "note with a look over text": with_popup(
        comment(b"/Subtype /Text /F 28 /Rect [90 715 110 735] ", stream(_NOTE, _SQUARE))
    ),
    "frame around text": comment(
        b"/Subtype /Square /C [1 0 0] /BS << /W 1.5 >> /Rect [60 705 210 745] ",
        stream(
            b"1 0 0 RG 1.5 w 61 706 148 38 re S",
            _PLAIN.replace(b"70 714 200 736", b"60 705 210 745"),
        ),
    ),
    "ellipse": comment(b"/Subtype /Circle /C [1 0 0] /Rect [60 705 210 745] "),
    "line under text": comment(b"/Subtype /Line /L [72 712 190 712] /Rect [70 710 192 714] "),
    "polygon": comment(
        b"/Subtype /Polygon /Vertices [60 700 210 700 135 760] /Rect [60 700 210 760] "
    ),
    "link within the document": comment(
        b"/Subtype /Link /Border [0 0 0] /Dest [22 0 R /Fit] " + OVER
    ),
    "text beside": comment(
        b"/Subtype /FreeText /DA (/F1 12 Tf) /Contents (Checked) " + BESIDE,
        stream(b"1 1 .8 rg 0 0 120 30 re f 0 g BT /F1 12 Tf 4 9 Td (Checked) Tj ET", _WIDE + _FONT),
    ),
    "text beside without a look": comment(
        b"/Subtype /FreeText /DA (/F1 12 Tf) /Contents (Checked) " + BESIDE
    ),
    "text with a line that points": comment(
        b"/Subtype /FreeText /IT /FreeTextCallout /CL [185 720 260 500 300 315] /Contents (x) "
        + BESIDE
    ),
    "stamp beside": comment(
        b"/Subtype /Stamp /Name /Approved " + BESIDE,
        stream(
            b"0 .6 0 RG 2 w 2 2 116 26 re S BT /F1 16 Tf 8 9 Td (APPROVED) Tj ET", _WIDE + _FONT
        ),
    ),
}
"""Comments that leave the page as it was signed."""

_WHITE = stream(b"1 g 70 714 130 22 re f", _PLAIN)
_MOCKED = stream(b"BT /F1 18 Tf 72 720 Td (Pay 999 euros) Tj ET", _PLAIN + _FONT)
_MANY = b" ".join(
    b"70 %.1f 200 %.1f 70 %.1f 200 %.1f" % (y + 5, y + 5, y - 5, y - 5)
    for y in (710 + step / 2 for step in range(60))
)
_ISOLATED = _PLAIN + _GROUP % b"/I true " + _MULTIPLY % b""

EVIL_COMMENTS: dict[str, tuple[dict[int, bytes], str]] = {
    "white text": (comment(b"/Subtype /FreeText " + OVER, _WHITE), "annotation-covers-content"),
    "text over text": (
        comment(b"/Subtype /FreeText " + OVER, _MOCKED),
        "annotation-covers-content",
    ),
    "text before text": (
        comment(
            b"/Subtype /FreeText /Rect [60 714 71 736] ",
            stream(
                b"BT /F1 18 Tf 60 720 Td (9) Tj ET",
                _PLAIN.replace(b"70 714 200", b"60 714 71") + _FONT,
            ),
        ),
        "annotation-imitates-content",
    ),
    **{
        f"many lines of {kind.decode()}": (
            comment(b"/Subtype /%b /C [1 1 1] /QuadPoints [%b] " % (kind, _MANY) + OVER),
            "annotation-covers-content",
        )
        for kind in (b"StrikeOut", b"Underline", b"Squiggly")
    },
    **{
        f"filled {kind.decode()} out of its rectangle": (
            comment(b"/Subtype /%b /IC [1 1 1] /Rect [10 10 20 20] %b " % (kind, points)),
            "annotation-covers-content",
        )
        for kind, points in (
            (b"Polygon", b"/Vertices [70 714 200 714 200 736 70 736]"),
            (b"PolyLine", b"/Vertices [70 714 200 714 200 736 70 736]"),
            (b"Line", b"/L [70 725 200 725] /BS << /W 8 >>"),
        )
    },
    "text without a look": (comment(b"/Subtype /FreeText " + OVER), "annotation-covers-content"),
    "stamp": (comment(b"/Subtype /Stamp " + OVER, _WHITE), "annotation-covers-content"),
    "stamp without a look": (comment(b"/Subtype /Stamp " + OVER), "annotation-covers-content"),
    "filled square": (comment(b"/Subtype /Square " + OVER, _WHITE), "annotation-covers-content"),
    "square that viewers fill": (
        comment(b"/Subtype /Square /IC [1 1 1] " + OVER),
        "annotation-covers-content",
    ),
    "polygon that viewers fill": (
        comment(b"/Subtype /Polygon /IC [1 1 1] /Vertices [70 714 200 714 135 736] " + OVER),
        "annotation-covers-content",
    ),
    "opaque highlight": (
        comment(b"/Subtype /Highlight " + OVER + QUADS, _WHITE),
        "annotation-covers-content",
    ),
    "black highlight": (
        comment(b"/Subtype /Highlight /C [0 0 0] " + OVER + QUADS),
        "annotation-covers-content",
    ),
    "highlight that blends with nothing": (
        comment(
            b"/Subtype /Highlight " + OVER + QUADS,
            stream(b"/R0 gs 1 1 0 rg 70 714 130 22 re f", _ISOLATED),
        ),
        "annotation-covers-content",
    ),
    "highlight with words": (
        comment(b"/Subtype /Highlight " + OVER + QUADS, _MOCKED),
        "annotation-imitates-content",
    ),
    "thick strike-out": (
        comment(
            b"/Subtype /StrikeOut " + OVER + QUADS,
            stream(b"1 G 22 w 70 725 m 200 725 l S", _PLAIN),
        ),
        "annotation-covers-content",
    ),
    "many thin lines": (
        comment(
            b"/Subtype /Ink " + OVER,
            stream(
                b"1 G 2 w " + b" ".join(b"70 %d m 200 %d l S" % (y, y) for y in range(714, 737, 2)),
                _PLAIN,
            ),
        ),
        "annotation-covers-content",
    ),
    "thick ink": (
        comment(b"/Subtype /Ink /BS << /W 30 >> /InkList [[70 725 200 725]] " + OVER),
        "annotation-covers-content",
    ),
    "link with a thick border": (
        comment(b"/Subtype /Link /Border [0 0 40] " + OVER),
        "annotation-covers-content",
    ),
    "page-wide note": (
        comment(
            b"/Subtype /Text /Rect [0 0 595 842] ",
            stream(b"1 g 0 0 595 842 re f", XOBJECT.replace(b"9 9", b"595 842")),
        ),
        "annotation-covers-content",
    ),
    "white patch of a note": (
        comment(b"/Subtype /Text /Rect [110 715 150 735] ", stream(b"1 g 0 0 20 20 re f", _SQUARE)),
        "annotation-covers-content",
    ),
    "note with words": (
        comment(
            b"/Subtype /Text /Rect [110 715 150 735] ",
            stream(b"BT /F1 18 Tf 0 4 Td (900) Tj ET", _SQUARE + _FONT),
        ),
        "annotation-covers-content",
    ),
    "text with a thick line": (
        comment(b"/Subtype /FreeText /CL [70 725 200 725] /BS << /W 30 >> " + BESIDE),
        "annotation-covers-content",
    ),
    "huge mark of insertion": (comment(b"/Subtype /Caret " + OVER), "annotation-covers-content"),
    "picture": (
        comment(
            b"/Subtype /Stamp " + OVER,
            stream(b"130 0 0 22 70 714 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \xff EI", _PLAIN),
        ),
        "annotation-covers-content",
    ),
    "shading": (
        comment(
            b"/Subtype /Stamp " + OVER,
            stream(b"/S sh", _PLAIN + b"/Resources << /Shading << /S << /ShadingType 2 >> >> >> "),
        ),
        "annotation-covers-content",
    ),
    "look of another state": (
        comment(b"/Subtype /Square /AS /Off /AP << /N << /On 51 0 R >> >> " + OVER, o51=_WHITE),
        "annotation-covers-content",
    ),
    "look when pointed at": (
        comment(b"/Subtype /Square /AP << /R 51 0 R >> " + OVER, o51=_WHITE),
        "annotation-covers-content",
    ),
    "content that nobody understands": (
        comment(b"/Subtype /Square " + OVER, stream(b"paint it all", _PLAIN)),
        "annotation-covers-content",
    ),
    "redaction": (comment(b"/Subtype /Redact " + OVER), "annotation-covers-content"),
    "watermark": (comment(b"/Subtype /Watermark " + OVER), "annotation-not-permitted"),
    "screen": (comment(b"/Subtype /Screen " + OVER), "annotation-not-permitted"),
    "in a layer": (
        comment(b"/Subtype /Square /OC 20 0 R " + BESIDE),
        "annotation-not-permitted",
    ),
    "in print only": (
        comment(b"/Subtype /FreeText " + BESIDE).copy()
        | {50: b"<< /Subtype /FreeText /F 36 " + BESIDE + b">>"},
        "annotation-not-permitted",
    ),
    "widget": (comment(b"/Subtype /Widget " + BESIDE), "annotation-added"),
    "link with a script": (
        comment(b"/Subtype /Link /A << /S /JavaScript /JS (1) >> " + BESIDE),
        "javascript-added",
    ),
    "link to the web": (
        comment(b"/Subtype /Link /A << /S /URI /URI (https://evil.example) >> " + BESIDE),
        "action-added",
    ),
    "note that starts a program": (
        comment(b"/Subtype /Text /AA << /E << /S /Launch >> >> " + BESIDE),
        "action-added",
    ),
}
"""Annotations that are no comments, each with its code."""
