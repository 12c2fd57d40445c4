"""What is known about where a page shows something: never less than what renderers draw."""

import random
from pathlib import Path

import pytest
from PIL import Image

from idservice.errors import MalformedPdf
from idservice.pdf.document import open_document
from idservice.pdf.frame import read_frame
from idservice.pdf.object_history import ObjectHistory
from idservice.pdf.object_values import Reference
from idservice.pdf.page_marks import Budget, page_marks
from idservice.pdf.page_marks_state import Mark, MarkKind
from idservice.pdf.revisions import read_history
from support.pdf_writing import FONT, stream, table_pdf
from support.rendering import SCALE, by_poppler

_SIZE = 300
_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R /Resources 6 0 R >>"
    % (_SIZE, _SIZE)
)
_FONTS = (
    b"/Font << /F1 5 0 R /F2 << /Type /Font /Subtype /Type1 /BaseFont /Courier /FirstChar 32 "
    b"/LastChar 126 /Widths [%b] >> /F3 9 0 R >>" % (b"600 " * 95)
)
_RESOURCES = (
    b"<< %b /XObject << /X1 7 0 R /I1 8 0 R >> /ExtGState << /M << /BM /Multiply >> "
    b"/H << /ca .5 /CA .5 >> >> /Shading << /S << /ShadingType 2 /ColorSpace /DeviceGray "
    b"/Coords [0 0 1 0] /Extend [true true] /Function << /FunctionType 2 /Domain [0 1] /C0 [.2] "
    b"/C1 [.4] /N 1 >> >> >> >>" % _FONTS
)
_OBJECTS = {
    1: b"<< /Type /Catalog /Pages 2 0 R >>",
    2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    3: _PAGE,
    5: FONT,
    6: _RESOURCES,
    7: stream(
        b"0 0 50 50 re f 500 500 9 9 re f",
        b"/Type /XObject /Subtype /Form /BBox [0 0 40 40] /Matrix [.5 .5 -.5 .5 100 20] ",
    ),
    8: stream(
        b"\x10\x80\xf0",
        b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 "
        b"/ColorSpace /DeviceRGB ",
    ),
    9: (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 0 0] /FontMatrix [.01 0 0 .01 0 0] "
        b"/FirstChar 97 /LastChar 97 /Widths [80] /CharProcs << /a 10 0 R >> "
        b"/Encoding << /Differences [97 /a] >> /Resources << >> >>"
    ),
    10: stream(b"80 0 0 0 50 300 d1 0 200 50 100 re f"),
}


def _document(content: bytes) -> bytes:
    return table_pdf(_OBJECTS | {4: stream(content)})


def marks(content: bytes, budget: Budget | None = None) -> list[Mark]:
    """Return what a page with this content shows."""
    data = _document(content)
    history = read_history(data, read_frame(data))
    objects = ObjectHistory(open_document(data), history, history.revisions[-1])
    page = objects.view.get(Reference(3, 0))
    assert page is not None
    return page_marks(objects.view, page.entries, budget or Budget())


DRAWINGS: dict[str, bytes] = {
    "text": b"BT /F1 18 Tf 40 200 Td (Pay 100 euros) Tj 0 -30 Td [(to) -2000 (Jaak)] TJ ET",
    "text of known widths": b"BT /F2 12 Tf 2 Tc 9 Tw 80 Tz 20 250 Td (one two) ' T* (x) Tj ET",
    "text after text": b"BT /F1 18 Tf 20 100 Td (Wide) Tj (and) Tj (more) Tj ET",
    "turned text": b"BT /F1 18 Tf .7 .7 -.7 .7 100 50 Tm (slanting) Tj ET",
    "mirrored text": b"BT /F2 18 Tf -1 0 0 -1 250 100 Tm (backwards) Tj ET",
    "raised text": b"BT /F2 9 Tf 40 Ts 50 50 Td (high) Tj -20 Ts (low) Tj ET",
    "leading": b'BT /F2 9 Tf 14 TL 50 200 Td (a) Tj T* (b) Tj 3 1 (c d) " 0 -20 TD (e) Tj ET',
    "drawn characters": b"BT /F3 10 Tf 50 50 Td (aaa) Tj ET",
    "rectangles": b"10 10 50 20 re f 100 100 -30 -40 re S .5 g 200 200 9 9 re B",
    "lines": b"8 w 10 10 m 200 250 l S 2 w 20 280 m 280 280 l s",
    "curves": b"3 w 20 20 m 20 200 200 200 200 20 c S 50 60 m 90 150 120 60 v h f "
    b"9 9 m 9 99 99 9 y S",
    "form": b"q 2 0 0 2 20 100 cm /X1 Do Q /X1 Do",
    "picture": b"q 60 20 -20 60 100 100 cm /I1 Do Q",
    "inline picture": b"q 40 0 0 40 9 9 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x20 EI Q 5 5 9 9 re f",
    "shading": b"q 50 50 90 30 re W n /S sh Q",
    "clipped": b"q 50 50 m 90 50 l 70 90 l h W n 0 0 300 300 re f Q 200 200 9 9 re f",
    "saved states": b"q 3 0 0 3 0 0 cm q 10 10 10 10 re f Q 20 20 9 9 re f Q 250 250 9 9 re f",
    "see-through": b"/H gs 10 10 50 50 re f /M gs 1 1 0 rg 100 100 50 50 re f",
    "hexadecimal": b"BT /F2 12 Tf 20 20 Td <4142 43> Tj /Span << /A (x) >> BDC (y\\)z) Tj EMC ET",
    "colours": b"/DeviceRGB cs 1 0 0 sc 5 5 9 9 re f 0 0 1 0 k 50 50 9 9 re f",
}


def _unexplained(image: Image.Image, found: list[Mark]) -> list[tuple[int, int]]:
    """Pixels that are not white and lie in no box; edges are smoothed by a pixel or two."""
    grey, around = image.convert("L"), 1.0
    levels = grey.tobytes()
    boxes = [mark.box for mark in found]
    missed = []
    for x in range(grey.width):
        for y in range(grey.height):
            if levels[y * grey.width + x] < 225:
                at = x / SCALE, (grey.height - y) / SCALE
                if not any(
                    left - around <= at[0] <= right + around
                    and bottom - around <= at[1] <= top + around
                    for left, bottom, right, top in boxes
                ):
                    missed.append((x, y))
    return missed


@pytest.mark.parametrize("name", DRAWINGS)
def test_whatever_is_drawn_lies_in_a_box(name: str, tmp_path: Path) -> None:
    """No pixel that poppler draws lies outside all of the boxes, and the boxes are not the page."""
    found = marks(DRAWINGS[name])
    image = by_poppler(_document(DRAWINGS[name]), tmp_path)
    assert min(image.convert("L").tobytes()) < 225
    assert _unexplained(image, found) == []
    area = sum((m.box[2] - m.box[0]) * (m.box[3] - m.box[1]) for m in found)
    assert area < 0.6 * _SIZE * _SIZE


@pytest.mark.parametrize(
    "content",
    [
        b"paint",
        b"1 2 re f",
        b"BT (no font) Tj ET",
        b"BT 7 Tr /F1 12 Tf (a window) Tj ET 0 0 99 99 re f",
        b"BT 4 Tr /F1 12 Tf (a window) Tj ET 0 0 99 99 re f",
        b"BT /F9 12 Tf (no such font) Tj ET",
        b"5 5 l S",
        b"/S sh",
        b"<< /A 1 ",
        b"BI /W 1 ID never ends",
        b"1e5 0 m",
        b"99999999999 0 m 1 1 l S",
        b"q " * 300 + b"f",
        b"1 " * 100 + b"w",
        b"9" * 50 + b" w",
        b")",
    ],
)
def test_what_is_not_understood_is_said_so(content: bytes) -> None:
    """Content with anything unknown in it raises, for nobody may guess what a page shows."""
    with pytest.raises(MalformedPdf):
        marks(content)


def test_text_that_is_never_seen_leaves_no_mark() -> None:
    """The invisible text under a scanned page (mode 3) shows nothing."""
    assert marks(b"BT /F1 18 Tf 3 Tr 40 200 Td (searchable) Tj ET") == []


def test_words_are_apart() -> None:
    """A text is cut at its spaces and wide gaps, so that a hidden word counts as one."""
    found = marks(b"BT /F2 10 Tf 0 0 Td (ab cd) Tj [(ef) -500 (gh)] TJ ET")
    assert [(mark.kind, round(mark.box[0]), round(mark.box[2])) for mark in found] == [
        (MarkKind.TEXT, 0, 12),
        (MarkKind.TEXT, 18, 30),
        (MarkKind.TEXT, 30, 42),
        (MarkKind.TEXT, 47, 59),
    ]


@pytest.mark.parametrize(
    ("content", "hides"),
    [
        (b"0 0 9 9 re f", 1.0),
        (b"/H gs 0 0 9 9 re f", 0.5),
        (b"/M gs 1 1 0 rg 0 0 9 9 re f", 0.11),
        (b"/M gs 0 0 9 9 re f", 1.0),
        (b"/M gs /H gs 1 g 0 0 9 9 re f", 0.0),
        (b"/M gs /Pattern cs /P scn 0 0 9 9 re f", 1.0),
        (b"/M gs 0 0 1 0 k 0 0 9 9 re f", 0.11),
    ],
)
def test_how_much_a_colour_hides(content: bytes, hides: float) -> None:
    """What shines through, or is multiplied with a light colour, leaves dark things readable."""
    (mark,) = marks(content)
    assert mark.hides == pytest.approx(hides, abs=0.01)


def test_a_budget_ends_the_reading() -> None:
    """A page with too much content is not looked at to its end."""
    with pytest.raises(MalformedPdf, match="too much"):
        marks(b"0 0 1 1 re f " * 2_000, Budget(operations=1_000))
    with pytest.raises(MalformedPdf, match="too much"):
        marks(b" " * 2_000 + b"n", Budget(size=1_000))


def test_any_bytes_are_read_or_refused() -> None:
    """Mutated content gives marks or the one error, never another."""
    chooser = random.Random(7)  # noqa: S311
    sources = [*DRAWINGS.values()]
    for _ in range(300):
        content = bytearray(chooser.choice(sources))
        for _ in range(chooser.randint(1, 6)):
            content[chooser.randrange(len(content))] = chooser.choice(
                b"0159.- /()<>[]qQfSTdcmrw\xff"
            )
        try:
            marks(bytes(content))
        except MalformedPdf:
            continue
