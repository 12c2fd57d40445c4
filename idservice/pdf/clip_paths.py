"""Whether a content stream clips only by upright rectangles (ISO 32000-2 cl. 8.5.4).

Programs that fill in forms clip the text to the inside of its field. Any other shape, or one
with holes, may keep a part of the text from sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from idservice.pdf.content_tokens import Operand, numbers
from idservice.pdf.page_marks_state import IDENTITY, Matrix, Point, applied, multiplied

if TYPE_CHECKING:
    from idservice.pdf.page_geometry import Rectangle

_PAINTING = frozenset({"S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "n"})
_CURVES = frozenset({"c", "v", "y"})
_CLIPPING = frozenset({"W", "W*"})
_CORNERS, _MATRIX = 4, 6
_SAME = 0.01


class ClipPaths:
    """Follows the paths of one content stream."""

    def __init__(self) -> None:
        """Start without a path."""
        self._matrix: Matrix = IDENTITY
        self._saved: list[Matrix] = []
        self._parts: list[list[Point]] = []
        self._curved = False

    def conceals(self, operator: str, operands: Sequence[Operand]) -> bool:
        """Take one operator; tell whether it clips by anything but one upright rectangle.

        Raises MalformedPdf for operands that are none.
        """
        if operator in _CLIPPING:
            return not self._is_rectangle(evenly=operator == "W*")
        if operator in _PAINTING:
            self._parts, self._curved = [], False
        elif operator == "q":
            self._saved.append(self._matrix)
        elif operator == "Q":
            self._matrix = self._saved.pop() if self._saved else self._matrix
        elif operator == "cm":
            a, b, c, d, e, f = numbers(list(operands), _MATRIX)
            self._matrix = multiplied((a, b, c, d, e, f), self._matrix)
        else:
            self._construct(operator, operands)
        return False

    def _construct(self, operator: str, operands: Sequence[Operand]) -> None:
        if operator == "re":
            x, y, width, height = numbers(list(operands), _CORNERS)
            corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
            self._parts.append([applied(self._matrix, corner) for corner in corners])
        elif operator in {"m", "l"}:
            x, y = numbers(list(operands), 2)
            if operator == "m" or not self._parts:
                self._parts.append([])
            self._parts[-1].append(applied(self._matrix, (x, y)))
        elif operator in _CURVES:
            self._curved = True

    def _is_rectangle(self, *, evenly: bool) -> bool:
        """Whether the path is one rectangle; it may hold others that cut no holes into it."""
        boxes = [_rectangle(part) for part in self._parts]
        if self._curved or not boxes or None in boxes or (evenly and len(boxes) > 1):
            return False
        known = [box for box in boxes if box is not None]
        same_way = len({_turn(part) > 0 for part in self._parts}) == 1
        return same_way and any(all(_holds(one, other) for other in known) for one in known)


def _rectangle(points: list[Point]) -> Rectangle | None:
    """Return the upright rectangle that points go around, from corner to corner."""
    if len(points) == _CORNERS + 1 and points[0] == points[-1]:
        points = points[:-1]
    if len(points) != _CORNERS:
        return None
    sides = list(zip(points, [*points[1:], points[0]], strict=True))
    across = [abs(one[1] - two[1]) <= _SAME for one, two in sides]
    upwards = [abs(one[0] - two[0]) <= _SAME for one, two in sides]
    around = all(across[::2]) and all(upwards[1::2]), all(across[1::2]) and all(upwards[::2])
    if not any(around):
        return None
    edges, levels = [x for x, _ in points], [y for _, y in points]
    return min(edges), min(levels), max(edges), max(levels)


def _turn(points: list[Point]) -> float:
    """Twice the area that points go around, with the sign of the way in which they go."""
    sides = zip(points, [*points[1:], points[0]], strict=True)
    return sum(one[0] * two[1] - two[0] * one[1] for one, two in sides)


def _holds(one: Rectangle, other: Rectangle) -> bool:
    return (
        one[0] <= other[0] + _SAME
        and one[1] <= other[1] + _SAME
        and other[2] <= one[2] + _SAME
        and other[3] <= one[3] + _SAME
    )
