"""Whether the edge of a field cuts off no more of a text than it does of one that is too long.

Viewers begin a text at the left edge, lines at the top, and go on beyond the right edge or the
lower one (ISO 32000-2 cl. 12.7.4.3). A number that begins near the right edge, or letters of
which half are beyond an edge, could be read as something else.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from idservice.pdf.page_marks_fonts import ASCENT, DESCENT
from idservice.pdf.page_marks_state import common

if TYPE_CHECKING:
    from idservice.pdf.page_geometry import Rectangle
    from idservice.pdf.page_marks_state import Mark

_LEAST_HEIGHT = 2.0
# In heights of a line: what may be beyond an edge, lie between words, before a line and above it.
_SLACK, _GAP, _INDENT, _LEADING = 0.25, 0.5, 2.0, 1.8
_SAME_LINE = 0.12
# The part of a line in which digits stand, and how much of it has to be seen.
_BASE = -DESCENT / (ASCENT - DESCENT)
_TOP = (0.72 - DESCENT) / (ASCENT - DESCENT)
_SEEN = 0.75


def is_cut_as_usual(words: list[Mark], field: Rectangle, largest: float) -> bool:
    """Whether all words are seen, or cut off where text goes on that fills its field.

    `field` is where the widget stands, and `largest` the largest size of letters, in points, in
    which text may be too long for it. Words are in the order in which they are drawn.
    """
    lines = _lines([word.whole or word.box for word in words])
    usual = all(word.size <= largest for word in words)
    full = usual and len(lines) > 1 and _begin_at_top(lines, field)
    ends = [(line, box) for line in lines for box in line]
    for word, (line, whole) in zip(words, ends, strict=True):
        seen, height = common(word.box, field), whole[3] - whole[1]
        if height < _LEAST_HEIGHT:
            return False
        if not (_is_seen_upright(seen, whole) or (full and _goes_below(whole, field))):
            return False
        if not (_is_seen_across(seen, whole) or (usual and _runs_out(line, seen, whole, field))):
            return False
    return True


def leaves_no_line(words: list[Mark], field: Rectangle, largest: float) -> bool:
    """Whether lines fill a field from top to bottom, so that one more has no place in it."""
    lines = _lines([word.whole or word.box for word in words])
    if not lines or any(word.size > largest for word in words):
        return False
    height = max(box[3] - box[1] for line in lines for box in line)
    room = min(box[1] for line in lines for box in line) - field[1]
    return _begin_at_top(lines, field) and room < height


def base_of(box: Rectangle) -> float:
    """Return where the line is on which the letters of a word stand, by the box of the word."""
    return box[1] + _BASE * (box[3] - box[1])


def same_line(one: Rectangle, other: Rectangle) -> bool:
    """Whether two words stand on one line."""
    height = max(one[3] - one[1], other[3] - other[1])
    return abs(base_of(one) - base_of(other)) < _SAME_LINE * height


def _lines(boxes: list[Rectangle]) -> list[list[Rectangle]]:
    found: list[list[Rectangle]] = []
    for box in boxes:
        if found and same_line(found[-1][-1], box):
            found[-1].append(box)
        else:
            found.append([box])
    return found


def _is_seen_upright(seen: Rectangle, whole: Rectangle) -> bool:
    """Whether the digits of a word are seen from foot to head; nothing is where nothing is seen."""
    height = whole[3] - whole[1]
    foot, head = whole[1] + _BASE * height, whole[1] + _TOP * height
    if seen[2] <= seen[0]:
        return True
    return min(head, seen[3]) - max(foot, seen[1]) >= _SEEN * (head - foot)


def _is_seen_across(seen: Rectangle, whole: Rectangle) -> bool:
    slack = _SLACK * (whole[3] - whole[1])
    return seen[0] - whole[0] <= slack and whole[2] - seen[2] <= slack and seen[2] > seen[0]


def _runs_out(line: list[Rectangle], seen: Rectangle, whole: Rectangle, field: Rectangle) -> bool:
    """Whether a line begins at the left, has no holes, and goes on beyond the right edge."""
    height = whole[3] - whole[1]
    edge = field[2] - _GAP * height
    is_seen = seen[2] > seen[0]
    if line[0][0] > field[0] + _INDENT * height or line[0][0] < field[0] - _SLACK * height:
        return False
    if not (seen[2] >= edge if is_seen else whole[0] >= edge):
        return False
    return all(other[0] - one[2] <= _GAP * height for one, other in pairwise(line))


def _begin_at_top(lines: list[list[Rectangle]], field: Rectangle) -> bool:
    """Whether lines begin at the top, and follow each other without a hole."""
    height = max(box[3] - box[1] for line in lines for box in line)
    gaps = [base_of(one[0]) - base_of(other[0]) for one, other in pairwise(lines)]
    begins = field[3] - max(box[3] for box in lines[0]) <= _LEADING * height
    return begins and all(0 < gap <= _LEADING * height for gap in gaps)


def _goes_below(whole: Rectangle, field: Rectangle) -> bool:
    return whole[1] < field[1]
