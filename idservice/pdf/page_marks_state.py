"""What a content stream draws, and the state in which it draws (ISO 32000-2 cl. 8.3 and 8.4).

Everything is larger rather than smaller than what is seen: whoever asks what a page shows must
not be told that a place is free that is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from idservice.pdf.page_geometry import Rectangle
from idservice.pdf.stored_objects import malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idservice.pdf.page_marks_fonts import MarkFont

Matrix = tuple[float, float, float, float, float, float]
Point = tuple[float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
# Larger than any page; what is further away is a number that means nothing.
_FAR = 1e7
# How much narrower or wider than they are letters may be drawn and still be read beside others.
_NARROWEST, _WIDEST = 0.4, 2.5


class MarkKind(Enum):
    """What a mark is made of; an area is an upright rectangle, a shape any other filling."""

    TEXT = "text"
    LINE = "line"
    AREA = "area"
    SHAPE = "shape"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that is drawn, inside `box`, in the coordinates of the page.

    `hides` is how much is lost of what lies below, from 0 (all stays readable) to 1 (nothing
    does). `light` is the luminance of its colour from 0 (black) to 1, None when it is not
    known. `thickness` is of a line, or the shorter side of the box. Of a word, `whole` is where
    it would likely be without clipping, and `in_order` tells that its characters follow each
    other upright in the order in which they are written; `size` is that of its font on the
    page, and `family` what its letters look like.
    """

    kind: MarkKind
    box: Rectangle
    hides: float = 1.0
    light: float | None = None
    thickness: float = 0.0
    whole: Rectangle | None = None
    in_order: bool = True
    size: float = 0.0
    family: str = ""


@dataclass(slots=True)
class Paint:
    """The colour for lines or for areas; `light` is None for one that is not known."""

    light: float | None = 0.0
    components: int | None = 1
    alpha: float = 1.0


@dataclass(slots=True)
class TextState:
    """The parameters of text (cl. 9.3)."""

    font: MarkFont | None = None
    size: float = 0.0
    character_space: float = 0.0
    word_space: float = 0.0
    scale: float = 1.0
    leading: float = 0.0
    rise: float = 0.0
    mode: int = 0

    def look(self, matrix: Matrix) -> tuple[float, str]:
        """Return the size of the font under a matrix, and what its letters look like."""
        return abs(self.size) * stretch(matrix), "" if self.font is None else self.font.family


@dataclass(slots=True)
class State:
    """The graphics state. `isolated` tells that what lies below does not blend in any more."""

    matrix: Matrix = IDENTITY
    clip: Rectangle | None = None
    width: float = 1.0
    fill: Paint = field(default_factory=Paint)
    stroke: Paint = field(default_factory=Paint)
    blend: str = "Normal"
    isolated: bool = False
    text: TextState = field(default_factory=TextState)

    def copy(self) -> State:
        """Return a state that may change while this one stays."""
        return replace(
            self, fill=replace(self.fill), stroke=replace(self.stroke), text=replace(self.text)
        )

    def hides(self, paint: Paint) -> float:
        """How much of what lies below is lost under a paint (cl. 11.3.5).

        Multiplied with a light colour dark things stay dark and light ones take the colour.
        """
        if self.blend in {"Multiply", "Darken"} and paint.light is not None:
            return paint.alpha * (1.0 - paint.light)
        return paint.alpha


def multiplied(first: Matrix, second: Matrix) -> Matrix:
    """Return the matrix that applies `first`, then `second`."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )


def applied(matrix: Matrix, point: Point) -> Point:
    """Return where a matrix takes a point."""
    a, b, c, d, e, f = matrix
    x, y = point
    return a * x + c * y + e, b * x + d * y + f


def box_of(points: Iterable[Point], margin: float = 0.0) -> Rectangle:
    """Return the box around some points. Raises MalformedPdf for numbers out of all bounds."""
    items = list(points)
    across, upwards = [x for x, _ in items], [y for _, y in items]
    box = min(across) - margin, min(upwards) - margin, max(across) + margin, max(upwards) + margin
    if not all(-_FAR < edge < _FAR for edge in box):
        raise malformed("the content draws too far away")
    return box


def box_through(matrix: Matrix, box: Rectangle) -> Rectangle:
    """Return the box around a rectangle that a matrix moves."""
    left, bottom, right, top = box
    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    return box_of(applied(matrix, corner) for corner in corners)


def common(one: Rectangle, other: Rectangle | None) -> Rectangle:
    """Return what two boxes share; a box without an area when they share nothing."""
    if other is None:
        return one
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    return left, bottom, max(left, min(one[2], other[2])), max(bottom, min(one[3], other[3]))


def is_upright(matrix: Matrix) -> bool:
    """Whether letters stand upright under a matrix, in about the proportions that they have."""
    return matrix[3] > 0 and _NARROWEST <= matrix[0] / matrix[3] <= _WIDEST


def stretch(matrix: Matrix) -> float:
    """Return how much longer a matrix makes a length, at most."""
    a, b, c, d, _, _ = matrix
    return float(max((a * a + b * b) ** 0.5, (c * c + d * d) ** 0.5))
