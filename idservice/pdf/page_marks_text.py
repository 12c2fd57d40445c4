"""Texts of a content stream: the boxes of their words (ISO 32000-2 cl. 9.3 and 9.4)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from idservice.pdf.content_tokens import Operand, numbers
from idservice.pdf.page_marks_fonts import ASCENT, DESCENT, MarkFont
from idservice.pdf.page_marks_state import (
    IDENTITY,
    Matrix,
    TextState,
    box_of,
    box_through,
    multiplied,
)
from idservice.pdf.stored_objects import malformed

if TYPE_CHECKING:
    from idservice.pdf.page_geometry import Rectangle

_GLYPHLESS = frozenset({3})
# From this mode on texts clip what follows (table 104), which may so be content unseen here.
_CLIPPING = 4
# A gap of this many thousandths of the size separates words.
_GAP = 180.0
_MATRIX = 6
# How wide a character likely is whose width is not known, and how much of it the next one shows.
_LIKELY, _SHOWN = 0.5, 0.5
Glyph = Callable[[MarkFont, int], "Rectangle | None"]


class Word(NamedTuple):
    """A word: the box that holds it for sure, where it likely is, and whether it is in order."""

    box: Rectangle
    likely: Rectangle
    in_order: bool
    matrix: Matrix


class TextCursor:
    """Where the next character goes, and the boxes of what was shown, in user space.

    Where widths are not known, `slack` is how much further on it may be.
    """

    def __init__(self, glyph: Glyph) -> None:
        """Start at no place; `glyph` gives the box of a drawn character in glyph space."""
        self._glyph = glyph
        self._line: Matrix = IDENTITY
        self._matrix: Matrix = IDENTITY
        self._slack = self._shift = 0.0
        self._boxes: list[Word] = []
        self._word: list[tuple[float, float, float, float]] = []

    def taken(self) -> list[Word]:
        """Return the words since the last time."""
        found, self._boxes = self._boxes, []
        return found

    def operate(self, operator: str, operands: list[Operand], text: TextState) -> bool:
        """Take one operator, if it is of text; tell whether it is. Raises MalformedPdf."""
        parameter = _PARAMETERS.get(operator)
        if parameter is not None:
            setattr(text, parameter[0], numbers(operands, 1)[0] * parameter[1])
        elif operator == "Tr":
            text.mode = int(numbers(operands, 1)[0])
        elif operator in {"BT", "ET"}:
            self._move_to(IDENTITY)
        elif operator == "Tm":
            a, b, c, d, e, f = numbers(operands, _MATRIX)
            self._move_to((a, b, c, d, e, f))
        elif operator in {"Td", "TD"}:
            x, y = numbers(operands, 2)
            text.leading = -y if operator == "TD" else text.leading
            self._move_by(x, y)
        elif operator == "T*":
            self._move_by(0.0, -text.leading)
        else:
            return self._shows(operator, operands, text)
        return True

    def _shows(self, operator: str, operands: list[Operand], text: TextState) -> bool:
        if operator == "TJ":
            items = operands[0] if len(operands) == 1 else None
            if not isinstance(items, list):
                raise malformed("a text is none")
            self._show(list(items), text)
            return True
        if operator not in {"Tj", "'", '"'}:
            return False
        if operator == '"':
            text.word_space, text.character_space = numbers(operands[:2], 2)
        if operator != "Tj":
            self._move_by(0.0, -text.leading)
        self._show(operands[-1:], text)
        return True

    def _move_to(self, matrix: Matrix) -> None:
        self._line = self._matrix = matrix
        self._slack = self._shift = 0.0

    def _move_by(self, x: float, y: float) -> None:
        self._move_to(multiplied((1.0, 0.0, 0.0, 1.0, x, y), self._line))

    def _show(self, items: list[Operand], text: TextState) -> None:
        """Show strings; numbers between them move what follows back (cl. 9.4.3)."""
        font = text.font
        if font is None:
            raise malformed("a text has no font")
        place = 0.0
        for item in items:
            if isinstance(item, bytes):
                place = self._string(font, item, text, place)
            elif isinstance(item, (int, float, Decimal)):
                place -= float(item) / 1000.0 * text.size * text.scale
                if -float(item) > _GAP:
                    self._end_word(text)
            else:
                raise malformed("a text holds something else")
        self._end_word(text)
        self._matrix = multiplied((1.0, 0.0, 0.0, 1.0, place, 0.0), self._matrix)

    def _string(self, font: MarkFont, string: bytes, text: TextState, place: float) -> float:
        for code in font.codes(string):
            if font.is_drawn:
                place += self._drawn(font, code, text, place)
                continue
            least, most = font.width(code)
            space = text.word_space if font.is_space(code) else 0.0
            if font.is_space(code):
                self._end_word(text)
            else:
                unit = text.size * text.scale
                likely = least if least == most else _LIKELY
                start = place + self._shift
                end = place + self._slack + most * unit
                self._word.append((place, end, start, start + likely * unit))
            if font.is_vertical:
                self._vertical(text, place, len(string))
            place += (least * text.size + text.character_space + space) * text.scale
            self._slack += (most - least) * abs(text.size * text.scale)
            if least != most:
                self._shift += (_LIKELY - least) * text.size * text.scale
        return place

    def _drawn(self, font: MarkFont, code: int, text: TextState, place: float) -> float:
        """Note a character that is a content stream; return how far it moves the next."""
        box = self._glyph(font, code)
        unit = font.entries.get("FontMatrix")
        factor = unit[0] if isinstance(unit, list) and unit else None
        if not isinstance(factor, (int, Decimal)):
            raise malformed("a font has no matrix")
        if box is not None:
            x, y = text.size * text.scale, text.size
            moved = box_through((x, 0.0, 0.0, y, place, text.rise), box)
            self._add(moved, text)
        least, _ = font.width(code)
        space = text.word_space if font.is_space(code) else 0.0
        return (least * float(factor) * text.size + text.character_space + space) * text.scale

    def _vertical(self, text: TextState, place: float, count: int) -> None:
        """Vertical writing goes down from where it starts, as far as it may (cl. 9.7.4.3)."""
        size = abs(text.size)
        self._add((place - size, -size * (count + 1), place + size, size), text)

    def _end_word(self, text: TextState) -> None:
        if not self._word:
            return
        edges = [edge for ends in self._word for edge in ends[:2]]
        likely = [edge for ends in self._word for edge in ends[2:]]
        in_order = all(
            other[2] - one[2] >= _SHOWN * (one[3] - one[2]) for one, other in pairwise(self._word)
        )
        self._word = []
        bottom, top = text.rise + DESCENT * text.size, text.rise + ASCENT * text.size
        box = box_of([(min(edges), bottom), (max(edges), top)])
        self._add(box, text, box_of([(min(likely), bottom), (max(likely), top)]), in_order=in_order)

    def _add(
        self,
        box: Rectangle,
        text: TextState,
        likely: Rectangle | None = None,
        *,
        in_order: bool = True,
    ) -> None:
        if text.mode >= _CLIPPING:
            raise malformed("a text cuts out what is painted after it")
        if text.mode not in _GLYPHLESS:
            whole = box_through(self._matrix, likely or box)
            turn = 1.0 if text.size > 0 else -1.0
            matrix = multiplied((turn * text.scale, 0.0, 0.0, turn, 0.0, 0.0), self._matrix)
            self._boxes.append(Word(box_through(self._matrix, box), whole, in_order, matrix))


_PARAMETERS = {
    "Tc": ("character_space", 1.0),
    "Tw": ("word_space", 1.0),
    "Tz": ("scale", 0.01),
    "TL": ("leading", 1.0),
    "Ts": ("rise", 1.0),
}
"""Operators that set one number, the name of it, and its unit."""
