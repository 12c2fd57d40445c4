"""What was signed as pieces, and which later words read as a part of it.

A comment that viewers draw as text has no border by itself. Where it takes up a signed line,
or is one line more of the same kind, a reader cannot tell it from what was signed (the attack
of the evil annotation: Mladenov and others, 2021). What shows in a frame or on a ground of its
own is seen to be a comment, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idservice.pdf.page_marks_state import Mark, MarkKind, common

if TYPE_CHECKING:
    from idservice.pdf.page_geometry import Rectangle

# Text that stands this close beside other text reads as a part of it, in heights of the text.
_BESIDE = 1.0
# Lines this far apart, between their boxes, are lines of one text; in sizes of the font.
_APART = 1.2
_ALIGNED = 0.5
_SIZES, _LIGHTS = 0.12, 0.25
# What is lighter than this is no frame and no ground; nor is what one sees through.
_PALE, _FAINT = 0.98, 0.3
_THINNEST_FRAME, _GROUND = 0.2, 3.0
_SIDE, _TOUCH = 0.9, 1.0
# The area of a character of middle width, by the square of the size of its font.
_CHARACTER = 0.5 * 1.23


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what was signed; `owner` is the object of the annotation it is of, or None.

    Of a word, `likely` is where it is when its font does not say it for sure.
    """

    kind: MarkKind
    box: Rectangle
    owner: int | None = None
    likely: Rectangle | None = None
    size: float = 0.0
    family: str = ""
    light: float | None = None

    def characters_under(self, box: Rectangle) -> float:
        """Return how many characters of a word lie under a box, by their area."""
        if self.kind is not MarkKind.TEXT or self.size <= 0:
            return 0.0
        under = common(box, self.likely or self.box)
        area = max(0.0, under[2] - under[0]) * max(0.0, under[3] - under[1])
        return area / (_CHARACTER * self.size * self.size)


Near = Callable[["Rectangle"], Iterable[tuple[int, Piece]]]
"""Gives the pieces that a box lies over, with their numbers."""


def imitates(word: Mark, marks: Sequence[Mark], near: Near) -> bool:
    """Whether a word of an annotation, whose marks these are, reads as what was signed."""
    if stands_out(word, marks):
        return False
    left, bottom, right, top = word.box
    reach = _BESIDE * (top - bottom)
    beside = near((left - reach, bottom, right + reach, top))
    if any(piece.kind is MarkKind.TEXT for _, piece in beside):
        return True
    return word.size > 0 and _is_further_line(word, near)


def stands_out(word: Mark, marks: Sequence[Mark]) -> bool:
    """Whether a word has a ground of its own, or a frame above and below or at both sides."""
    left, bottom, right, top = word.whole or word.box
    middle = (left + right) / 2, (bottom + top) / 2
    above = below = before = behind = False
    for mark in marks:
        box = mark.box
        if not _is_seen(mark):
            continue
        wide = min(box[2], right) - max(box[0], left) >= _SIDE * (right - left)
        high = min(box[3], top) - max(box[1], bottom) >= _SIDE * (top - bottom)
        if mark.kind in {MarkKind.AREA, MarkKind.SHAPE} and mark.thickness > _GROUND:
            if box[0] <= middle[0] <= box[2] and box[1] <= middle[1] <= box[3] and wide:
                return True
            continue
        above |= wide and box[1] >= middle[1] + _TOUCH
        below |= wide and box[3] <= middle[1] - _TOUCH
        before |= high and box[2] <= left + _TOUCH
        behind |= high and box[0] >= right - _TOUCH
    return (above and below) or (before and behind)


def _is_seen(mark: Mark) -> bool:
    drawn = mark.kind in {MarkKind.LINE, MarkKind.AREA, MarkKind.SHAPE}
    dark = mark.light is not None and mark.light < _PALE
    return drawn and dark and mark.hides >= _FAINT and mark.thickness >= _THINNEST_FRAME


def _is_further_line(word: Mark, near: Near) -> bool:
    """Whether a word stands between signed lines of its kind, or begins one line more."""
    left, bottom, right, top = word.whole or word.box
    reach = _APART * word.size
    above = _alike(word, near((left, top, right, top + reach)))
    below = _alike(word, near((left, bottom - reach, right, bottom)))
    if above and below:
        return True
    return any(_begins_with(left, piece, near) for piece in (*above, *below))


def _alike(word: Mark, pieces: Iterable[tuple[int, Piece]]) -> list[Piece]:
    """Return the words of about the same font, size and colour."""
    return [
        piece
        for _, piece in pieces
        if piece.kind is MarkKind.TEXT
        and abs(piece.size - word.size) <= _SIZES * word.size
        and (not piece.family or not word.family or piece.family == word.family)
        and (piece.light is None or word.light is None or abs(piece.light - word.light) <= _LIGHTS)
    ]


def _begins_with(left: float, piece: Piece, near: Near) -> bool:
    """Whether a signed word begins where the other one does, and is the first of its line."""
    start = (piece.likely or piece.box)[0]
    if abs(start - left) > _ALIGNED * piece.size:
        return False
    before = near((start - piece.size, piece.box[1], start, piece.box[3]))
    return not any(other.kind is MarkKind.TEXT and other.box[0] < start for _, other in before)
