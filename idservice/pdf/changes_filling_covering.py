"""Whether a field that is filled in hides what was signed below it.

A field may stand over signed words, empty or off, and paint them over once it has a value: with
its look, with one that waited for it, or with the ground and the border that viewers draw by
themselves (/MK, ISO 32000-2 cl. 12.5.6.19). What it hid before, it may go on hiding; it may
write over printed lines and boxes, and put a small sign where a box was printed as a character.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.errors import InputTooLarge, MalformedPdf
from idservice.pdf.annotation_flags import can_show
from idservice.pdf.changes_annotations_looks import annotation_box, annotation_marks
from idservice.pdf.changes_judgement import is_set
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.page_marks_colours import light_of
from idservice.pdf.page_marks_fonts import number as as_number
from idservice.pdf.page_marks_state import Mark, MarkKind
from idservice.pdf.widget_values import inherited

if TYPE_CHECKING:
    from idservice.pdf.changes_covering_page import PageContent
    from idservice.pdf.changes_covering_text import Piece
    from idservice.pdf.changes_judgement import Judgement
    from idservice.pdf.object_history import View
    from idservice.pdf.page_geometry import Rectangle

_UNREADABLE = (MalformedPdf, InputTooLarge)
# What hides less than this is a veil through which everything can be read.
_HIDING = 0.35
# Thinner marks are lines: they hide a piece when together they take more than this of it.
_THIN, _THIN_PART, _MOST_STRUCK = 3.0, 0.35, 0.5
# Text in a colour like that of paper takes away what is below it, dark text stands over it.
_NEAR_WHITE = 0.93
# Text this many times as high as what is below it blots it out.
_HUGE, _MOST_BLOTTED = 3.0, 0.5
# A tick, cross or dot is no larger than this in points, and dark.
_SIGN, _SIGN_LIGHT = 24.0, 0.6
# One character is at most this wide, in heights of its line.
_ONE_CHARACTER = 0.85
# Parts of the height above and below letters in which nothing of them stands.
_ABOVE_OR_BELOW, _TOUCHING, _TOUCHING_PICTURES = 0.25, 0.75, 2.0
_TURNED = 3.0
_BUTTON = "Btn"


def covers_content(judgement: Judgement, number: int, kind: str | None) -> bool:
    """Whether a widget of a field of this type hides signed words or pictures, and did not before.

    The pages are those that list the widget. Where it is not known what a page shows, whatever
    is painted there hides something.
    """
    step = judgement.step
    marks = _drawn(judgement, step.new, number, kind)
    if not marks:
        return False
    before = _drawn(judgement, step.old, number, kind)
    try:
        return any(
            _newly_hidden(
                judgement.content.on_page(step, judgement.roles, page),
                number,
                marks,
                before,
                signs=kind == _BUTTON,
            )
            for page in _pages(judgement, number)
        )
    except _UNREADABLE:
        return any(_is_paint(mark) for mark in marks)


def _newly_hidden(
    content: PageContent | None, number: int, marks: list[Mark], before: list[Mark], *, signs: bool
) -> bool:
    if content is None:
        old = [mark.box for mark in before if _is_paint(mark)]
        new = [mark for mark in marks if _is_paint(mark) and not (signs and _is_sign(mark))]
        return any(not any(_holds(box, mark.box) for box in old) for mark in new)
    hidden = _hidden(content, number, marks, signs=signs)
    return bool(hidden) and bool(hidden - _hidden(content, number, before, signs=signs))


def _hidden(content: PageContent, number: int, marks: list[Mark], *, signs: bool) -> set[int]:
    """Return the numbers of the pieces of a page that marks of a widget hide."""
    found: set[int] = set()
    struck: dict[int, float] = {}
    for mark in marks:
        if mark.hides < _HIDING:
            continue
        for index, piece in content.readable_below(mark.box):
            if piece.owner == number or index in found or not _reaches_into(mark.box, piece):
                continue
            if _is_thin(mark, piece):
                struck[index] = struck.get(index, 0.0) + _share(mark.box, piece.box)
                if struck[index] > _MOST_STRUCK:
                    found.add(index)
            elif _takes_away(mark, piece, signs=signs):
                found.add(index)
    return found


def _takes_away(mark: Mark, piece: Piece, *, signs: bool) -> bool:
    """Whether a mark that is no thin line leaves nothing to read of a piece."""
    if signs and _is_sign(mark):
        if piece.kind is MarkKind.PICTURE:
            return False
        return _share(mark.box, piece.box) > _MOST_BLOTTED and not _is_one_character(piece)
    if mark.kind is not MarkKind.TEXT or signs:
        return True
    if mark.light is None or mark.light > _NEAR_WHITE:
        return piece.kind is MarkKind.TEXT
    if piece.kind is MarkKind.PICTURE:
        return False
    huge = _shorter(mark.box) > _HUGE * _shorter(piece.box)
    return huge and _share(mark.box, piece.box) > _MOST_BLOTTED


def _drawn(judgement: Judgement, view: View, number: int, kind: str | None) -> list[Mark]:
    """Return what a widget draws in one revision, with what viewers draw of it by themselves."""
    entry = view.entry(number)
    entries = {} if entry is None else view.at(number, entry).entries
    if not can_show(view, entries):
        return []
    form = view.dictionary(view.dictionary(view.root).get("AcroForm"))
    budget = judgement.work.looks
    try:
        looks = _looks_at_rest(view, entries, kind)
        marks: list[Mark] = []
        if looks:
            chosen = {**entries, "AP": looks}
            marks = annotation_marks(view, chosen, budget, view.dictionary(form.get("DR")))
        drawn_anew = is_set(form.get("NeedAppearances"))
        if drawn_anew or ("AP" not in entries and _has_value(view, entries)):
            marks = [*_ground(view, entries), *marks]
    except _UNREADABLE:
        return [Mark(MarkKind.PICTURE, box) for box in _boxes(view, entries)]
    return marks


def _looks_at_rest(view: View, entries: dict[str, Value], kind: str | None) -> Value:
    """Return the looks of a widget, for a button only the one of its state."""
    looks = view.dictionary(entries.get("AP"))
    if kind != _BUTTON:
        return dict(looks)
    normal = looks.get("N")
    stored = view.get(normal) if isinstance(normal, Reference) else None
    if stored is not None and stored.span is not None:
        return {"N": normal}
    state = view.value(entries.get("AS"))
    found = view.dictionary(normal).get(state) if isinstance(state, str) else None
    return {} if found is None else {"N": found}


def _has_value(view: View, entries: dict[str, Value]) -> bool:
    value = view.value(inherited(view, entries, "V"))
    return value not in (None, b"", b"\xfe\xff", "Off", [])


def _ground(view: View, entries: dict[str, Value]) -> list[Mark]:
    """Return the ground that viewers paint for a widget; a border is a thin line around it."""
    colours = view.items(view.dictionary(entries.get("MK")).get("BG"))
    if not colours:
        return []
    box = annotation_box(view, entries)
    light = light_of([as_number(view, item) for item in colours])
    return [Mark(MarkKind.AREA, box, 1.0, light, _shorter(box))]


def _boxes(view: View, entries: dict[str, Value]) -> list[Rectangle]:
    try:
        return [annotation_box(view, entries)]
    except _UNREADABLE:
        return []


def _pages(judgement: Judgement, number: int) -> set[int | None]:
    """Return the pages that list a widget, whatever its /P says; None when there is none."""
    roles = judgement.roles
    pages = {roles.page(edge.holder) for edge in judgement.index.edges(number)} - {None}
    return pages or {None}


def _is_paint(mark: Mark) -> bool:
    return mark.hides >= _HIDING and mark.kind is not MarkKind.TEXT and mark.thickness > _THIN


def _is_sign(mark: Mark) -> bool:
    """Whether a mark is a small dark sign, as ticks, crosses and dots are."""
    left, bottom, right, top = mark.box
    small = right - left <= _SIGN and top - bottom <= _SIGN
    return small and mark.light is not None and mark.light <= _SIGN_LIGHT


def _is_one_character(piece: Piece) -> bool:
    left, bottom, right, top = piece.box
    return right - left <= _ONE_CHARACTER * (top - bottom)


def _is_thin(mark: Mark, piece: Piece) -> bool:
    if mark.kind in {MarkKind.TEXT, MarkKind.PICTURE}:
        return False
    thick = mark.thickness if mark.kind is MarkKind.LINE else _shorter(mark.box)
    limit = _THIN_PART * _shorter(piece.box) if piece.kind is MarkKind.TEXT else _THIN
    return thick <= max(_THIN, limit)


def _reaches_into(box: Rectangle, piece: Piece) -> bool:
    """Whether a box overlaps a piece by more than rounding, and more than above its letters."""
    across = min(box[2], piece.box[2]) - max(box[0], piece.box[0])
    upwards = min(box[3], piece.box[3]) - max(box[1], piece.box[1])
    if piece.kind is MarkKind.PICTURE:
        least = min(_TOUCHING_PICTURES, _shorter(piece.box) / 2)
        return across > least and upwards > least
    width, height = piece.box[2] - piece.box[0], piece.box[3] - piece.box[1]
    level = height <= _TURNED * width
    part = max(_TOUCHING, _ABOVE_OR_BELOW * height) if level else _TOUCHING
    thin = min(box[2] - box[0], box[3] - box[1]) <= part
    return across > min(_TOUCHING, width / 2) and (thin or upwards > part)


def _share(box: Rectangle, piece: Rectangle) -> float:
    """Return which part of a piece lies under a box."""
    width = max(0.0, min(box[2], piece[2]) - max(box[0], piece[0]))
    height = max(0.0, min(box[3], piece[3]) - max(box[1], piece[1]))
    area = (piece[2] - piece[0]) * (piece[3] - piece[1])
    return width * height / area if area > 0 else 1.0


def _holds(box: Rectangle, other: Rectangle) -> bool:
    return (
        box[0] <= other[0] + _TOUCHING
        and box[1] <= other[1] + _TOUCHING
        and box[2] >= other[2] - _TOUCHING
        and box[3] >= other[3] - _TOUCHING
    )


def _shorter(box: Rectangle) -> float:
    return min(box[2] - box[0], box[3] - box[1])
