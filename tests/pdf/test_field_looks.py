"""Looks of fields: what codes draw, whether it can be read, and which signs boxes show."""

import pytest

from idservice.pdf.button_looks import button_agrees
from idservice.pdf.document import open_document
from idservice.pdf.field_looks import Looks
from idservice.pdf.frame import read_frame
from idservice.pdf.look_visibility import fills_field, is_even, is_in_order, is_readable
from idservice.pdf.object_history import ObjectHistory, View
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.page_marks import Budget
from idservice.pdf.revisions import read_history
from idservice.pdf.text_codes import UNKNOWN, text_codes
from support.pdf_writing import stream, table_pdf

_BOX = (
    b"/Type /XObject /Subtype /Form /BBox [0 0 %d %d] "
    b"/Resources << /Font << /F 6 0 R /Z 7 0 R >> >> "
)
_LOOK, _FIELD, _FONT = Reference(5, 0), Reference(4, 0), Reference(6, 0)
_PLAIN = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_MAP = b"2 beginbfchar <31> <0039> <0031> <0039> endbfchar"


def _view(objects: dict[int, bytes]) -> View:
    data = table_pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Annots [4 0 R] >>",
            4: b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (A) /Rect [50 50 150 70] >>",
            7: b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>",
            **objects,
        }
    )
    history = read_history(data, read_frame(data))
    return ObjectHistory(open_document(data), history, history.revisions[-1]).view


def _look(drawn: bytes, height: int = 20) -> tuple[View, dict[str, Value]]:
    """A look of a field that is 100 points wide, and the entries of the field."""
    field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (A) /Rect [50 50 150 %d] >>"
    look = stream(drawn, _BOX % (100, height))
    view = _view({4: field % (50 + height), 5: look, 6: _PLAIN})
    return view, view.dictionary(_FIELD)


_WITH_MAP = b"<< /Type /Font /Subtype /%b /BaseFont /Helvetica /ToUnicode 8 0 R %b>>"
_FILE = (
    b"/FirstChar 49 /LastChar 49 /Widths [500] /FontDescriptor << /Type /FontDescriptor /FontName "
    b"/Helvetica /Flags 4 /FontBBox [0 0 9 9] /ItalicAngle 0 /Ascent 8 /Descent 0 /StemV 8 "
    b"/FontFile2 9 0 R >> "
)
_BELOW = (
    b"/DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Helvetica /DW 500 "
    b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>] "
)
CODES: dict[str, tuple[bytes, bytes, str]] = {
    "named encoding": (_WITH_MAP % (b"Type1", b"/Encoding /WinAnsiEncoding "), b"1", "1"),
    "no encoding": (_WITH_MAP % (b"Type1", b""), b"1", "1"),
    "names of glyphs": (
        _WITH_MAP % (b"Type1", b"/Encoding << /Differences [49 /seven] >> "),
        b"1",
        "7",
    ),
    "names that tell nothing": (
        _WITH_MAP % (b"Type1", b"/Encoding << /Differences [49 /g17] >> "),
        b"1",
        UNKNOWN,
    ),
    "codes that are Unicode": (
        _WITH_MAP % (b"Type0", b"/Encoding /UniGB-UCS2-H " + _BELOW),
        b"\0001",
        "1",
    ),
    "codes of glyphs": (_WITH_MAP % (b"Type0", b"/Encoding /Identity-H " + _BELOW), b"\0001", "9"),
    "a font file without encoding": (_WITH_MAP % (b"TrueType", _FILE), b"1", "9"),
    "a font file with an encoding": (
        _WITH_MAP % (b"TrueType", _FILE + b"/Encoding /WinAnsiEncoding "),
        b"1",
        "1",
    ),
}


@pytest.mark.parametrize("name", CODES)
def test_what_is_drawn_goes_before_what_is_copied(name: str) -> None:
    """/ToUnicode says what is copied; where an encoding chooses glyphs, that is what is drawn."""
    body, code, expected = CODES[name]
    view = _view({6: body, 8: stream(_MAP), 9: stream(b"glyphs")})
    codes = text_codes(view, view.dictionary(_FONT))
    assert codes is not None
    assert codes.decode(code) == expected


READABLE: dict[str, tuple[bytes, bool]] = {
    "as usual": (b"BT /F 12 Tf 0 g 2 5 Td (100) Tj ET", True),
    "on a ground": (b".9 g 0 0 100 20 re f BT /F 12 Tf 0 g 2 5 Td (100) Tj ET", True),
    "white on black": (b"0 g 0 0 100 20 re f BT /F 12 Tf 1 g 2 5 Td (100) Tj ET", True),
    "too long": (b"BT /F 12 Tf 2 5 Td (one two three four five six seven) Tj ET", True),
    "in the colour of paper": (b"BT /F 12 Tf 1 g 2 5 Td (100) Tj ET", False),
    "in the colour of the ground": (
        b"0 g 0 0 100 20 re f BT /F 12 Tf .1 g 2 5 Td (100) Tj ET",
        False,
    ),
    "painted over": (b"BT /F 12 Tf 0 g 2 5 Td (100) Tj ET 1 g 0 0 90 20 re f", False),
    "outside": (b"BT /F 12 Tf 0 g 2 35 Td (100) Tj ET", False),
    "over the right edge": (b"BT /F 12 Tf 0 g 85 5 Td (100) Tj ET", False),
    "clipped away": (b"0 0 12 20 re W n BT /F 12 Tf 0 g 2 5 Td (100) Tj ET", False),
    "tiny": (b"BT /F 1 Tf 0 g 2 5 Td (100) Tj ET", False),
}


@pytest.mark.parametrize("name", READABLE)
def test_text_of_a_look_can_be_read_or_not(name: str) -> None:
    """Text has to lie in its field and stand out; what is too long runs out at the right."""
    drawn, readable = READABLE[name]
    view, entries = _look(drawn)
    assert is_readable(view, _LOOK, entries, {}, None, Budget()) is readable


@pytest.mark.parametrize(
    ("drawn", "ordered"),
    [
        (b"BT /F 12 Tf 2 5 Td (1) Tj 10 0 Td (2) Tj ET", True),
        (b"BT /F 12 Tf 2 30 Td (1) Tj -1 -15 Td (2) Tj ET", True),
        (b"BT /F 12 Tf 22 5 Td (1) Tj -20 0 Td (2) Tj ET", False),
        (b"BT /F 12 Tf 2 5 Td (1) Tj 0 15 Td (2) Tj ET", False),
        (b"BT /F 12 Tf 2 5 Td (1) Tj 10 5 Td (2) Tj ET", False),
        (b"BT /F 12 Tf -1 0 0 1 50 5 Tm (12) Tj ET", False),
        (b"BT /F 12 Tf 2 5 Td [(1) 1200 (2)] TJ ET", False),
    ],
)
def test_words_stand_in_the_order_in_which_they_are_drawn(drawn: bytes, *, ordered: bool) -> None:
    """From left to right, line below line; raised, mirrored or moved back is another text."""
    view, _ = _look(drawn)
    assert is_in_order(view, _LOOK, {}, Budget()) is ordered


@pytest.mark.parametrize(
    ("drawn", "even"),
    [
        (b"BT /F 12 Tf 2 5 Td (1) Tj /F 9 Tf (2) Tj ET", True),
        (b"BT /F 12 Tf 2 5 Td (1) Tj /F 5 Tf (2) Tj ET", False),
        (b"BT /F 12 Tf 2 5 Td 0 g (1) Tj 1 0 0 rg (2) Tj ET", True),
        (b"BT /F 12 Tf 2 5 Td 0 g (1) Tj .7 g (2) Tj ET", False),
        (b"", True),
    ],
)
def test_no_word_is_so_small_or_pale_that_it_is_overlooked(drawn: bytes, *, even: bool) -> None:
    """All words of a look are of about one size and one colour."""
    view, _ = _look(drawn)
    assert is_even(view, _LOOK, {}, Budget()) is even


@pytest.mark.parametrize(
    ("drawn", "full"),
    [
        (b"BT /F 12 Tf 14 TL 2 46 Td (a) Tj T* (b) Tj T* (c) Tj T* (d) Tj ET", True),
        (b"BT /F 12 Tf 14 TL 2 46 Td (a) Tj T* (b) Tj ET", False),
        (b"BT /F 12 Tf 42 TL 2 46 Td (a) Tj T* (b) Tj ET", False),
        (b"BT /F 12 Tf 14 TL 2 4 Td (a) Tj ET", False),
        (b"BT /F 40 Tf 2 12 Td (a) Tj ET", False),
        (b"", False),
    ],
)
def test_a_field_is_full_when_lines_of_the_usual_size_leave_no_room(
    drawn: bytes, *, full: bool
) -> None:
    """From the top to the bottom, without holes and huge letters; then lines may be left out."""
    view, entries = _look(drawn, 60)
    assert fills_field(view, _LOOK, entries, {}, Budget(), 12.0) is full


_SIGN = b"BT /Z 12 Tf 0 g 3 4 Td (%b) Tj ET"
_AS_DRAWN = b"/V /Yes /AS /Yes /AP << /N << /Yes 5 0 R /Off 8 0 R >> >> "
BOXES: dict[str, tuple[bytes, bytes, bytes, bool]] = {
    "a tick": (_AS_DRAWN, _SIGN % b"4", b"", True),
    "a cross in a frame": (_AS_DRAWN, b"1 1 18 18 re S " + _SIGN % b"8", b"1 1 18 18 re S", True),
    "ticked without a sign": (_AS_DRAWN, b"", b"", False),
    "ticked in white": (_AS_DRAWN, b"1 g " + (_SIGN % b"4").replace(b"0 g", b"1 g"), b"", False),
    "two signs": (_AS_DRAWN, _SIGN % b"48", b"", False),
    "a sign when it is off": (_AS_DRAWN, _SIGN % b"4", _SIGN % b"4", False),
    "another state": (_AS_DRAWN.replace(b"/AS /Yes", b"/AS /Off"), _SIGN % b"4", b"", False),
    "a state that there is not": (_AS_DRAWN.replace(b"/V /Yes", b"/V /No"), b"", b"", False),
}


@pytest.mark.parametrize("name", BOXES)
def test_a_box_shows_the_state_that_its_value_names(name: str) -> None:
    """Looks that are drawn anew have one sign that is seen when it is ticked, and none else."""
    entries, on, off, agrees = BOXES[name]
    before = _view({})
    box = _BOX % (20, 20)
    body = b"<< /Type /Annot /Subtype /Widget /FT /Btn /T (A) /Rect [50 50 70 70] %b>>" % entries
    view = _view({4: body, 5: stream(on, box), 6: _PLAIN, 8: stream(off, box)})
    looks = Looks(view, before, {}, "Btn")
    assert button_agrees(looks, view.dictionary(_FIELD), before) is agrees
