"""Whether a list box marks what its value names (ISO 32000-2 cl. 12.7.5.4).

The look of a list has all options, or those from the first visible one on, each on a line of
its own, and a ground in a colour behind what is chosen. Some programs show what is chosen alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.page_marks import Budget, form_marks
from idservice.pdf.page_marks_state import IDENTITY, Mark, MarkKind, common
from idservice.pdf.text_comparison import same_words
from idservice.pdf.widget_values import chosen_values, options

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.object_values import Reference, Value
    from idservice.pdf.page_geometry import Rectangle

_WHITE, _VISIBLE = 0.985, 0.1
_SAME_LINE, _BEHIND = 0.5, 0.5


def marks_chosen(
    view: View,
    look: Reference,
    fallback: dict[str, Value],
    entries: dict[str, Value],
    seen: str,
    budget: Budget,
) -> bool:
    """Whether a look with this text shows the options, and marks those that are chosen.

    `fallback` are the resources of the form. Raises MalformedPdf for a look that is not wholly
    understood.
    """
    chosen = chosen_values(view, entries)
    offered = options(view, entries)
    shown_as = dict(offered)
    if same_words("".join(shown_as.get(item, item) for item in chosen), seen):
        return True
    marks = form_marks(view, look, lambda _box, _matrix: IDENTITY, budget, fallback)
    lines = _lines(marks)
    budget.spend("comparisons", len(lines) * (len(marks) + len(offered)))
    marked = [_is_marked(marks, line, lines) for line in lines]
    for first in range(len(offered) - len(lines) + 1):
        run = offered[first : first + len(lines)]
        if same_words("".join(display for _, display in run), seen):
            wanted = [value in chosen or display in chosen for value, display in run]
            return wanted == marked and (any(wanted) or not chosen)
    return False


def _lines(marks: list[Mark]) -> list[Rectangle]:
    """Return where the lines of text are, in the order in which they are drawn."""
    found: list[Rectangle] = []
    for mark in marks:
        if mark.kind is not MarkKind.TEXT:
            continue
        box = mark.whole or mark.box
        height = box[3] - box[1]
        if found and abs(found[-1][1] - box[1]) < _SAME_LINE * height:
            last = found[-1]
            found[-1] = (last[0], min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
        else:
            found.append(box)
    return found


def _is_marked(marks: list[Mark], line: Rectangle, lines: list[Rectangle]) -> bool:
    """Whether a ground in a colour is behind a line, and not behind all of several lines."""
    return any(
        mark.kind in {MarkKind.AREA, MarkKind.SHAPE}
        and mark.hides >= _VISIBLE
        and (mark.light is None or mark.light < _WHITE)
        and _is_behind(mark.box, line)
        and (len(lines) == 1 or not all(_is_behind(mark.box, one) for one in lines))
        for mark in marks
    )


def _is_behind(box: Rectangle, line: Rectangle) -> bool:
    shared = common(box, line)
    height = line[3] - line[1]
    return shared[2] > shared[0] and shared[3] - shared[1] >= _BEHIND * height
