"""What an annotation draws on its page: by its appearances, or as viewers draw it without.

All appearances count, whatever state chooses among them; where viewers draw an annotation by
themselves, so does what they go by (ISO 32000-2 cl. 12.5.5 and 12.5.6).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from idservice.pdf.annotation_flags import can_show
from idservice.pdf.content_tokens import operations
from idservice.pdf.object_values import Keyword, Reference, Value
from idservice.pdf.page_marks import Budget, form_marks
from idservice.pdf.page_marks_colours import light_of
from idservice.pdf.page_marks_fonts import family_of, number
from idservice.pdf.page_marks_paths import line_pieces
from idservice.pdf.page_marks_state import (
    Mark,
    MarkKind,
    Matrix,
    Point,
    box_of,
    box_through,
    common,
    multiplied,
)
from idservice.pdf.stored_objects import malformed

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.page_geometry import Rectangle

_CORNERS, _QUAD = 4, 8
_MAX_POINTS = 20_000
_UNTURNED = 0x08 | 0x10
_OUTLINED = frozenset({"Square", "Circle", "Polygon", "PolyLine", "Line"})
_ICONS = frozenset({"Text", "Popup"})
_STRUCK = frozenset({"Underline", "StrikeOut", "Squiggly"})
_BLENDING = ("Multiply", "Darken")
_LIST_DEPTH = 4
_THIN = 3.0
# How far the ends of a line reach, in widths of it; how thick viewers strike, in heights of text.
_ENDING, _STROKE = 3.0, 1 / 16
_DEFAULT_LIGHT = 0.89
# How viewers set a text whose size nobody says; heights of lines in sizes of the font.
_USUAL_SIZE, _LEADING, _HEIGHT, _MAX_LINES = 12.0, 1.15, 1.23, 200


def annotation_marks(
    view: View,
    entries: dict[str, Value],
    budget: Budget,
    fallback: dict[str, Value] | None = None,
) -> list[Mark]:
    """Return everything that an annotation may draw, in the coordinates of the page.

    `fallback` are resources for names that an appearance does not know itself. Raises
    MalformedPdf for what is not wholly understood.
    """
    if not can_show(view, entries):
        return []
    rect = annotation_box(view, entries)
    streams = list(_appearances(view, entries.get("AP"), 0))
    # The thin lines of a drawing are those of its appearance, and count once.
    marks = [
        mark
        for mark in _drawn_without(view, entries, rect)
        if not streams or mark.kind is not MarkKind.LINE or mark.thickness > _THIN
    ]
    for stream in streams:
        marks += form_marks(
            view, stream, lambda box, matrix: placed(rect, box, matrix), budget, fallback
        )
    if not streams:
        marks += _only_without(view, entries, rect)
    flags = view.value(entries.get("F", 0))
    if isinstance(flags, int) and flags & _UNTURNED:
        # Of another size at each magnification, or upright on a page that is turned.
        reach = max(rect[2] - rect[0], rect[3] - rect[1])
        around = rect[0] - reach, rect[3] - reach, rect[0] + reach, rect[3] + reach
        marks = [Mark(m.kind, around, m.hides, m.light, m.thickness) for m in marks]
    return marks


def annotation_box(view: View, entries: dict[str, Value]) -> Rectangle:
    """Return the rectangle of an annotation. Raises MalformedPdf when it has none."""
    edges = [number(view, item) for item in view.items(entries.get("Rect"))]
    if len(edges) != _CORNERS:
        raise malformed("an annotation has no rectangle")
    return box_of([(edges[0], edges[1]), (edges[2], edges[3])])


def has_appearance(view: View, entries: dict[str, Value]) -> bool:
    """Whether an annotation brings an appearance of its own."""
    return any(True for _ in _appearances(view, entries.get("AP"), 0))


def _appearances(view: View, value: Value, depth: int) -> Iterator[Reference]:
    """Yield the streams of an appearance dictionary, of all states and all events."""
    if isinstance(value, Reference):
        stored = view.get(value)
        if stored is not None and stored.span is not None:
            yield value
            return
    if depth > _LIST_DEPTH:
        raise malformed("an appearance is too deep")
    for item in view.dictionary(value).values():
        yield from _appearances(view, item, depth + 1)


def placed(rect: Rectangle, box: Rectangle, matrix: Matrix) -> Matrix:
    """Return where an appearance goes: its box, moved by its matrix, fills the rectangle."""
    left, bottom, right, top = box_through(matrix, box)
    if right <= left or top <= bottom:
        raise malformed("an appearance has no area")
    across = (rect[2] - rect[0]) / (right - left)
    upwards = (rect[3] - rect[1]) / (top - bottom)
    fitted = (across, 0.0, 0.0, upwards, rect[0] - left * across, rect[1] - bottom * upwards)
    return multiplied(matrix, fitted)


def _drawn_without(view: View, entries: dict[str, Value], rect: Rectangle) -> Iterator[Mark]:
    """What viewers may draw by themselves, whether or not there is an appearance."""
    kind = entries.get("Subtype")
    width = _border_width(view, entries)
    if kind in _OUTLINED and view.items(entries.get("IC")):
        light = _light(view, entries.get("IC"))
        yield Mark(MarkKind.SHAPE, rect, _alpha(view, entries), light, _shorter(rect))
        yield from _beyond(view, entries, rect, width, light)
    if kind in _STRUCK:
        yield from _strokes(view, entries, width)
    if kind == "Highlight":
        light = _light(view, entries.get("C"))
        hides = 1.0 - (_DEFAULT_LIGHT if light is None else light)
        # Without an appearance of its own it is drawn by this mode (PDF 2.0, table 166).
        if view.value(entries.get("BM", "Multiply")) not in _BLENDING:
            hides = _alpha(view, entries)
        for box in _quads(view, entries):
            yield Mark(MarkKind.SHAPE, box, hides, light, _shorter(box))
    if kind in {"Square", "Circle", "Link"} and width > 0:
        yield from _outline(rect, width)
    for line in _lines(view, entries):
        for start, end in pairwise(line):
            for ends in line_pieces(start, end):
                yield Mark(MarkKind.LINE, box_of(ends, width / 2), 1.0, None, width)


def _beyond(
    view: View, entries: dict[str, Value], rect: Rectangle, width: float, light: float | None
) -> Iterator[Mark]:
    """The filling of a drawing whose points are not in its rectangle, with its line endings."""
    reach = 0.0 if entries.get("Subtype") == "Polygon" else _ENDING * width
    for line in _lines(view, entries):
        box = box_of(line) if line else rect
        if common(box, rect) != box:
            around = box_of((box[:2], box[2:]), reach)
            alpha = _alpha(view, entries)
            yield Mark(MarkKind.SHAPE, around, alpha, light, _shorter(around))


def _strokes(view: View, entries: dict[str, Value], width: float) -> Iterator[Mark]:
    """The lines through or under each part of a text; many of them add up to a cover."""
    middle = 0.5 if entries.get("Subtype") == "StrikeOut" else 1.0
    for one, two, three, four in _corners(view, entries):
        start = _between(one, three, middle)
        end = _between(two, four, middle)
        thick = max(width, _STROKE * _shorter(box_of((one, two, three, four))))
        for ends in line_pieces(start, end):
            yield Mark(MarkKind.LINE, box_of(ends, thick / 2), 1.0, None, thick)


def _between(one: Point, other: Point, part: float) -> Point:
    return one[0] + (other[0] - one[0]) * part, one[1] + (other[1] - one[1]) * part


def _only_without(view: View, entries: dict[str, Value], rect: Rectangle) -> Iterator[Mark]:
    """What viewers draw only where there is no appearance."""
    kind = entries.get("Subtype")
    if kind == "FreeText":
        yield from _text_without(view, entries, rect)
    elif kind == "Line" and view.value(entries.get("Cap")) is Keyword.TRUE:
        yield from _caption(view, entries)
    elif kind == "Caret":
        yield Mark(MarkKind.SHAPE, rect, light=0.0, thickness=_shorter(rect))
    elif kind not in _OUTLINED | _ICONS | _STRUCK | {"Highlight", "Ink", "Link"}:
        yield Mark(MarkKind.PICTURE, rect)


def _text_without(view: View, entries: dict[str, Value], rect: Rectangle) -> Iterator[Mark]:
    """A text that viewers set into its rectangle, on its ground and in its border."""
    if entries.get("C"):
        light = _light(view, entries.get("C"))
        yield Mark(MarkKind.AREA, rect, light=light, thickness=_shorter(rect))
    width = _border_width(view, entries)
    if width > 0 and not {"BS", "Border"}.isdisjoint(entries):
        yield from (
            Mark(mark.kind, mark.box, mark.hides, 0.0, width) for mark in _outline(rect, width)
        )
    yield Mark(MarkKind.TEXT, rect)
    size, family = _default_look(view, entries.get("DA"))
    words = view.value(entries.get("Contents"))
    length = len(words) if isinstance(words, bytes) else 0
    width = max(size, rect[2] - rect[0])
    lines = min(_MAX_LINES, (rect[3] - rect[1]) / (_LEADING * size), 1 + length * size / width)
    for line in range(int(lines)):
        top = rect[3] - line * _LEADING * size
        box = rect[0], top - _HEIGHT * size, rect[2], top
        yield Mark(MarkKind.TEXT, box, size=size, family=family)


def _default_look(view: View, value: Value) -> tuple[float, str]:
    """Return size and family of the font of a default appearance (cl. 12.7.4.3)."""
    given = view.value(value)
    for operator, operands in operations(given if isinstance(given, bytes) else b""):
        if operator == "Tf" and len(operands) > 1 and isinstance(operands[1], float):
            name = operands[0]
            return operands[1] or _USUAL_SIZE, family_of(name if isinstance(name, str) else None)
    return _USUAL_SIZE, ""


def _caption(view: View, entries: dict[str, Value]) -> Iterator[Mark]:
    """The words that viewers set on a line or above it, moved as it says (cl. 12.5.6.7)."""
    offset = [number(view, item) for item in view.items(entries.get("CO"))] or [0.0, 0.0]
    for line in _lines(view, entries):
        left, bottom, right, top = box_of(line, _USUAL_SIZE)
        across, upwards = offset[0], offset[-1]
        yield Mark(MarkKind.TEXT, (left + across, bottom + upwards, right + across, top + upwards))


def _outline(rect: Rectangle, width: float) -> Iterator[Mark]:
    left, bottom, right, top = rect
    corners = ((left, bottom), (right, bottom), (right, top), (left, top), (left, bottom))
    for one, other in pairwise(corners):
        yield Mark(MarkKind.LINE, box_of((one, other), width / 2), 1.0, None, width)


def _lines(view: View, entries: dict[str, Value]) -> Iterator[list[Point]]:
    """The lines of drawings that are not along their rectangle, in pieces."""
    kind = entries.get("Subtype")
    lists: list[Value] = []
    if kind == "Ink":
        lists = view.items(entries.get("InkList"))
    elif kind == "Line":
        lists = [entries.get("L")]
    elif kind in {"PolyLine", "Polygon"}:
        lists = [entries.get("Vertices")]
    elif kind == "FreeText":
        lists = [entries.get("CL")]
    for item in lists:
        numbers = [number(view, edge) for edge in view.items(item)]
        if len(numbers) > _MAX_POINTS:
            raise malformed("a drawing has too many points")
        points = list(zip(numbers[0::2], numbers[1::2], strict=False))
        yield [*points, points[0]] if kind == "Polygon" and points else points


def _quads(view: View, entries: dict[str, Value]) -> Iterator[Rectangle]:
    for corners in _corners(view, entries):
        yield box_of(corners)


def _corners(view: View, entries: dict[str, Value]) -> Iterator[list[Point]]:
    numbers = [number(view, item) for item in view.items(entries.get("QuadPoints"))]
    if len(numbers) > _MAX_POINTS:
        raise malformed("a highlight has too many parts")
    for start in range(0, len(numbers) - _QUAD + 1, _QUAD):
        quad = numbers[start : start + _QUAD]
        yield list(zip(quad[0::2], quad[1::2], strict=True))


def _border_width(view: View, entries: dict[str, Value]) -> float:
    """Return how thick viewers draw the border (cl. 12.5.4): one point when nothing says it."""
    style = view.dictionary(entries.get("BS"))
    border = view.items(entries.get("Border"))
    if "W" in style:
        return abs(number(view, style["W"]))
    return abs(number(view, border[2])) if len(border) > 2 else 1.0


def _alpha(view: View, entries: dict[str, Value]) -> float:
    opacity = entries.get("ca", entries.get("CA"))
    return 1.0 if opacity is None else min(1.0, max(0.0, number(view, opacity)))


def _light(view: View, value: Value) -> float | None:
    return light_of([number(view, item) for item in view.items(value)])


def _shorter(box: Rectangle) -> float:
    return min(box[2] - box[0], box[3] - box[1])
