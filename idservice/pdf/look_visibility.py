"""Whether people can read the text that an appearance draws, where the field stands.

Text has to lie inside of its field and stand out from its ground, in the order in which it is
written, and nothing may be drawn over it. What a producer of good will draws does all this:
ground and frame first, then the text (ISO 32000-2 cl. 12.7.4.3). Anything else is refused,
whether or not it could be read all the same.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from idservice.pdf.changes_annotations_looks import annotation_box, placed
from idservice.pdf.page_marks import Budget, form_marks
from idservice.pdf.page_marks_state import IDENTITY, Mark, MarkKind, common
from idservice.pdf.text_cuts import base_of, is_cut_as_usual, leaves_no_line, same_line

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.object_values import Reference, Value
    from idservice.pdf.page_geometry import Rectangle

_SEEN = 0.5
_STANDING_OUT, _OPAQUE = 0.2, 0.4
_COVERED = 0.35
_PAPER = 1.0
_NEXT_LINE = 0.5
_LARGEST = 12.0
# How small words may be beside others, and how much lighter.
_SMALLEST_PART, _SAME_LIGHT = 0.6, 0.5


def is_readable(
    view: View,
    look: Reference,
    entries: dict[str, Value],
    fallback: dict[str, Value],
    agreed_light: float | None,
    budget: Budget,
    largest: float = _LARGEST,
) -> bool:
    """Whether all text of an appearance can be read in the rectangle of its widget.

    `fallback` are the resources of the form. `agreed_light` is how light the text of the field
    was said to be when it was signed: that colour suits the page, whatever it is. `largest` is
    the largest size, in points, of text that may be too long. Raises MalformedPdf for an
    appearance that is not wholly understood.
    """
    field = annotation_box(view, entries)
    marks = form_marks(view, look, lambda box, matrix: placed(field, box, matrix), budget, fallback)
    budget.spend("comparisons", len(marks))
    words = [place for place, mark in enumerate(marks) if mark.kind is MarkKind.TEXT]
    budget.spend("comparisons", len(words) * len(marks))
    return all(
        _stands_out(marks[:place], marks[place], agreed_light)
        and _share_covered(marks[place + 1 :], marks[place]) <= _COVERED
        for place in words
    ) and is_cut_as_usual([marks[place] for place in words], field, largest)


def is_in_order(view: View, look: Reference, fallback: dict[str, Value], budget: Budget) -> bool:
    """Whether the words of an appearance stand from left to right, and line below line.

    Raises MalformedPdf for an appearance that is not wholly understood.
    """
    marks = form_marks(view, look, lambda _box, _matrix: IDENTITY, budget, fallback)
    words = [mark for mark in marks if mark.kind is MarkKind.TEXT]
    return all(word.in_order for word in words) and all(
        _follows(one.whole, other.whole) for one, other in pairwise(words)
    )


def is_even(view: View, look: Reference, fallback: dict[str, Value], budget: Budget) -> bool:
    """Whether all words of an appearance are of about one size and colour: none is overlooked.

    Raises MalformedPdf for an appearance that is not wholly understood.
    """
    marks = form_marks(view, look, lambda _box, _matrix: IDENTITY, budget, fallback)
    words = [mark for mark in marks if mark.kind is MarkKind.TEXT]
    sizes = [word.size for word in words]
    lights = [word.light for word in words if word.light is not None]
    return not words or (
        min(sizes) >= _SMALLEST_PART * max(sizes)
        and len(lights) == len(words)
        and max(lights) - min(lights) <= _SAME_LIGHT
    )


def fills_field(
    view: View,
    look: Reference,
    entries: dict[str, Value],
    fallback: dict[str, Value],
    budget: Budget,
    largest: float,
) -> bool:
    """Whether the words of an appearance go from edge to edge, so that no line more fits.

    `largest` is the largest size, in points, of text that may be too long. Raises MalformedPdf
    for an appearance that is not wholly understood.
    """
    field = annotation_box(view, entries)
    marks = form_marks(view, look, lambda box, matrix: placed(field, box, matrix), budget, fallback)
    words = [mark for mark in marks if mark.kind is MarkKind.TEXT]
    return leaves_no_line(words, field, largest)


def _stands_out(before: list[Mark], word: Mark, agreed: float | None) -> bool:
    """Whether a word has another colour than what was painted below it, or than paper."""
    if word.light is None or word.hides < _OPAQUE:
        return False
    ground = _PAPER
    for mark in before:
        if mark.kind is not MarkKind.TEXT and mark.kind is not MarkKind.LINE:
            overlap = _area(common(mark.box, word.box))
            if mark.hides >= _OPAQUE and overlap > 0 and overlap >= _SEEN * _area(word.box):
                ground = _PAPER if mark.light is None else mark.light
                agreed = None
    fits = agreed is not None and abs(word.light - agreed) < _STANDING_OUT
    return fits or abs(word.light - ground) >= _STANDING_OUT


def _share_covered(later: list[Mark], word: Mark) -> float:
    """How much of a word lies under what is drawn later; other words stand beside it.

    Nothing lies over a word that the edge of the field cuts off.
    """
    seen = word.box if word.whole is None else common(word.whole, word.box)
    area = _area(seen)
    boxes = (mark.whole or mark.box for mark in later if mark.hides > 0)
    covered = sum(_area(common(box, seen)) for box in boxes if _touches(box, seen))
    return covered / area if area > 0 else 0.0


def _follows(one: Rectangle | None, other: Rectangle | None) -> bool:
    """Whether a word is to the right of another one, or below it."""
    if one is None or other is None:
        return False
    height = max(one[3] - one[1], other[3] - other[1])
    if same_line(one, other):
        return other[0] >= one[0] + _SEEN * min(one[2] - one[0], height * _SEEN)
    return base_of(one) - base_of(other) >= _NEXT_LINE * height


def _touches(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _area(box: Rectangle) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
