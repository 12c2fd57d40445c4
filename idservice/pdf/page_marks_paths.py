"""Paths of a content stream: the boxes of their lines and of what they fill (cl. 8.5)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from idservice.pdf.content_tokens import Operand, numbers
from idservice.pdf.page_marks_state import (
    Mark,
    MarkKind,
    Matrix,
    Point,
    State,
    applied,
    box_of,
    common,
    stretch,
)
from idservice.pdf.stored_objects import malformed

if TYPE_CHECKING:
    from idservice.pdf.page_geometry import Rectangle

_PIECES = 8
_LONG, _MOST_PIECES = 12.0, 64
# By this many lines for each point that it bends, a curve is drawn to a quarter of a point.
_BEND, _MOST_BENDS = 6.0, 250.0
_NOWHERE: Rectangle = (0.0, 0.0, 0.0, 0.0)
_THINNEST = 0.5
_MAX_POINTS = 200_000
_CORNERS, _SIDES = 4, 2
_SIZES = {"m": 2, "l": 2, "c": 6, "v": 4, "y": 4, "re": 4, "h": 0}


@dataclass(slots=True)
class Path:
    """The path that is being made: lines of points, in the coordinates of the page."""

    lines: list[list[Point]] = field(default_factory=list)
    count: int = 0

    def add(self, operator: str, operands: list[Operand], matrix: Matrix) -> bool:
        """Take one operator, if it makes a path; tell whether it does. Raises MalformedPdf."""
        size = _SIZES.get(operator)
        if size is None:
            return False
        values = numbers(operands, size)
        if operator == "re":
            left, bottom, width, height = values
            right, top = left + width, bottom + height
            corners = ((left, bottom), (right, bottom), (right, top), (left, top), (left, bottom))
            self.lines.append([applied(matrix, corner) for corner in corners])
        elif operator == "h":
            self.close()
        else:
            points = list(zip(values[0::2], values[1::2], strict=True))
            self._extend(operator, [applied(matrix, point) for point in points])
        self.count += _PIECES
        if self.count > _MAX_POINTS:
            raise malformed("a path has too many points")
        return True

    def close(self) -> None:
        """Go back to where the newest line began."""
        if self.lines and self.lines[-1]:
            self.lines[-1].append(self.lines[-1][0])

    def box(self) -> Rectangle:
        """Return the box around the whole path; one without an area for an empty path."""
        points = [point for line in self.lines for point in line]
        return box_of(points) if points else _NOWHERE

    def _extend(self, operator: str, points: list[Point]) -> None:
        if operator == "m":
            self.lines.append(points)
            return
        if not self.lines:
            raise malformed("a line begins nowhere")
        line = self.lines[-1]
        before = len(line)
        if operator == "l":
            line += points
        elif operator == "c":
            line += _curve(line[-1], points[0], points[1], points[2])
        elif operator == "v":
            line += _curve(line[-1], line[-1], points[0], points[1])
        else:
            line += _curve(line[-1], points[0], points[1], points[1])
        self.count += len(line) - before


def area_marks(path: Path, state: State) -> list[Mark]:
    """Return the boxes of what filling a path paints, each of its parts on its own."""
    hides, light = state.hides(state.fill), state.fill.light
    found = []
    for line in path.lines:
        box = common(box_of(line), state.clip)
        thickness = min(box[2] - box[0], box[3] - box[1])
        kind = MarkKind.AREA if _is_upright(line) else MarkKind.SHAPE
        found.append(Mark(kind, box, hides, light, thickness))
    return found


def _is_upright(line: list[Point]) -> bool:
    """Whether a line goes round a rectangle whose sides are those of the page."""
    corners = line[:-1] if line[0] == line[-1] else line
    across, upwards = {x for x, _ in corners}, {y for _, y in corners}
    return len(corners) == _CORNERS and max(len(across), len(upwards)) <= _SIDES


def line_marks(path: Path, state: State) -> list[Mark]:
    """Return the boxes of the lines that stroking a path draws, long ones in pieces."""
    hides, light = state.hides(state.stroke), state.stroke.light
    thickness = max(state.width * stretch(state.matrix), _THINNEST)
    found = []
    for line in path.lines:
        for start, end in pairwise(line):
            for one, other in line_pieces(start, end):
                box = common(box_of((one, other), thickness / 2), state.clip)
                found.append(Mark(MarkKind.LINE, box, hides, light, thickness))
    return found


def line_pieces(start: Point, end: Point) -> list[tuple[Point, Point]]:
    """Cut a slanting line, so that its boxes hold little else; others are boxes themselves."""
    across, upwards = end[0] - start[0], end[1] - start[1]
    count = int(min(_MOST_PIECES, min(abs(across), abs(upwards)) / _LONG * _PIECES + 1))
    cuts = [
        (start[0] + across * cut / count, start[1] + upwards * cut / count)
        for cut in range(count + 1)
    ]
    return list(pairwise(cuts))


def _curve(start: Point, one: Point, other: Point, end: Point) -> list[Point]:
    """Return points along a Bézier curve, close enough to draw it by lines (cl. 8.5.2.2)."""
    found = []
    bend = max(
        abs(a - 2 * b + c)
        for points in ((start, one, other), (one, other, end))
        for a, b, c in zip(*points, strict=True)
    )
    count = max(_PIECES, int(min(_MOST_BENDS, math.sqrt(_BEND * bend))))
    for piece in range(1, count + 1):
        t = piece / count
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        points = (start, one, other, end)
        x = sum(weight * point[0] for weight, point in zip(weights, points, strict=True))
        y = sum(weight * point[1] for weight, point in zip(weights, points, strict=True))
        found.append((x, y))
    return found
