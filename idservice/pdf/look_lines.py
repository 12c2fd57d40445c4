"""Whether a look draws something beside or through its text that is read as a part of it.

Frames, grounds and the lines between the cells of a comb go from edge to edge. A short line is a
minus or a one, a dot is a point, and a line through words takes them back (ISO 32000-2 cl.
12.7.4.3). Looks stand upright, as far as their widget was not turned when it was signed.
"""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING

from idservice.pdf.changes_annotations_looks import annotation_box, placed
from idservice.pdf.page_marks import Budget, form_marks
from idservice.pdf.page_marks_fonts import number
from idservice.pdf.page_marks_state import IDENTITY, MarkKind, box_of, common
from idservice.pdf.text_cuts import base_of

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.object_values import Reference, Value
    from idservice.pdf.page_geometry import Rectangle
    from idservice.pdf.page_marks_state import Mark

# Which part of the field lines and grounds take up at least, and what of a word they may cross.
_FROM_EDGE, _CROSSED = 0.75, 0.3
# How wide frames are, in points, and how much a box may be wider than the field that it fills.
_FRAME, _STRETCHED = 2.0, 5.0
# Where in a line a stroke goes through letters, in parts of its height above their feet.
_LOW, _HIGH = 0.1, 0.45
_CORNERS, _MATRIX = 4, 6
_TURNS: dict[int, tuple[int, int, int, int]] = {
    0: (1, 0, 0, 1),
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}


def is_undisturbed(
    view: View,
    look: Reference,
    entries: dict[str, Value],
    fallback: dict[str, Value],
    budget: Budget,
) -> bool:
    """Whether nothing but frames and grounds is drawn beside the text of a look.

    `fallback` are the resources of the form. Raises MalformedPdf for a look that is not wholly
    understood.
    """
    field = annotation_box(view, entries)
    marks = form_marks(view, look, lambda box, matrix: placed(field, box, matrix), budget, fallback)
    words = [mark.whole or mark.box for mark in marks if mark.kind is MarkKind.TEXT]
    others = [mark for mark in marks if mark.kind is not MarkKind.TEXT and mark.hides > 0]
    budget.spend("comparisons", len(words) * len(others))
    return all(
        _goes_to_edges(mark, field) and not any(_strikes(mark, word, field) for word in words)
        for mark in others
    )


def stands_upright(view: View, look: Reference, entries: dict[str, Value]) -> bool:
    """Whether a look is turned as its widget says (/R of /MK), and not mirrored or squeezed.

    Raises MalformedPdf for a box or a matrix that is none.
    """
    stored = view.get(look)
    known = {} if stored is None else stored.entries
    edges = [number(view, item) for item in view.items(known.get("BBox"))]
    items = [number(view, item) for item in view.items(known.get("Matrix"))] or list(IDENTITY)
    turn = view.value(view.dictionary(entries.get("MK")).get("R", 0))
    expected = _TURNS.get(turn % 360) if isinstance(turn, int) else None
    if len(edges) != _CORNERS or len(items) != _MATRIX or expected is None:
        return False
    if not all(
        part * sign > 0 if sign else abs(part) < _LOW
        for part, sign in zip(items[:_CORNERS], expected, strict=True)
    ):
        return False
    a, b, c, d, e, f = items
    box = box_of([(edges[0], edges[1]), (edges[2], edges[3])])
    fitted = placed(annotation_box(view, entries), box, (a, b, c, d, e, f))
    across, upwards = hypot(*fitted[:2]), hypot(*fitted[2:4])
    return upwards / _STRETCHED <= across <= upwards * _STRETCHED


def _goes_to_edges(mark: Mark, field: Rectangle) -> bool:
    seen = common(mark.box, field)
    across = seen[2] - seen[0] >= _FROM_EDGE * (field[2] - field[0])
    upwards = seen[3] - seen[1] >= _FROM_EDGE * (field[3] - field[1])
    return across or upwards or seen[2] <= seen[0] or _is_at_edge(mark.box, field)


def _is_at_edge(box: Rectangle, field: Rectangle) -> bool:
    """Whether something lies wholly on the frame, such as a corner of it."""
    inner = field[0] + _FRAME, field[1] + _FRAME, field[2] - _FRAME, field[3] - _FRAME
    beside = box[2] <= inner[0] or box[0] >= inner[2]
    return beside or box[3] <= inner[1] or box[1] >= inner[3]


def _strikes(mark: Mark, word: Rectangle, field: Rectangle) -> bool:
    """Whether something flat goes through the letters of a word."""
    if mark.box[3] - mark.box[1] >= _FROM_EDGE * (field[3] - field[1]):
        return False
    height = word[3] - word[1]
    core = word[0], base_of(word) + _LOW * height, word[2], base_of(word) + _HIGH * height
    shared = common(mark.box, core)
    across = shared[2] - shared[0] >= _CROSSED * (core[2] - core[0]) > 0
    return across and shared[3] > shared[1] and mark.box[3] - mark.box[1] < height
