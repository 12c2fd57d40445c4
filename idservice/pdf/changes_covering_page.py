"""What was signed on one page, in pieces, and which of them later marks leave readable.

Words, pictures and drawings are cut into pieces about as large as a word, so that what is
hidden of one of them counts and not what is left of the page (the attack of the evil
annotation: Mladenov and others, 2021).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import product
from typing import TYPE_CHECKING

from idservice.pdf.changes_covering_text import Piece, imitates
from idservice.pdf.page_marks_state import Mark, MarkKind, common
from idservice.pdf.stored_objects import malformed

if TYPE_CHECKING:
    from idservice.pdf.page_geometry import Rectangle
    from idservice.pdf.page_marks import Budget

_CELL = 48.0
_MAX_CELLS = 1024
_MAX_PIECES = 200_000
# A picture is judged by tiles of this side, or by larger ones when there would be too many.
_TILE, _MAX_TILES = 24.0, 40
_LONG_WORD, _PIECE = 5.0, 3.0
# Thinner fillings are lines; larger ones are seen by their edges.
_LINE = 3.0
_WHITE = 0.985
# Producers round; what overlaps by less than this lies beside.
_TOUCHING = 0.75
# A mark that hides this much is a cover; one that hides less is a veil.
_OPAQUE, _CLEAR = 0.75, 0.05
# All veils together, and all thin lines together, may take this much of a piece.
_MOST_VEILED, _MOST_STRUCK = 0.85, 0.5
# How thick a line over a text may be, in points or as a part of the height of the text.
_THICK, _THICK_PART = 3.0, 0.35
_THICK_OVER_PICTURES = 4.0
# What a small sign may hide of one word, in characters of middle width, all signs together.
_MOST_CHARACTERS = 2.0


class Harm(Enum):
    """What a later mark does to what was signed."""

    COVERS = "covers"
    IMITATES = "imitates"


class PageContent:
    """The pieces of one page, and how much of each later marks have taken so far."""

    def __init__(self, budget: Budget) -> None:
        """Start with an empty page; `budget` is for the whole document."""
        self._budget = budget
        self._pieces: list[Piece] = []
        self._cells: dict[tuple[int, int], list[int]] = {}
        self._large: list[int] = []
        self._veils: dict[int, dict[object, float]] = {}
        self._struck: dict[int, dict[object, float]] = {}
        self._signs: dict[int, dict[object, float]] = {}
        self._taken_by: dict[object, set[int]] = {}

    def protect(self, marks: Iterable[Mark], owner: int | None = None) -> None:
        """Add what must stay readable. Raises MalformedPdf for too much of it."""
        for mark in marks:
            if mark.hides < _CLEAR or _is_empty(mark.box):
                continue
            for kind, box in _pieces_of(mark):
                likely = None if mark.whole is None else common(box, mark.whole)
                self._add(Piece(kind, box, owner, likely, mark.size, mark.family, mark.light))

    def harm(self, key: object, marks: Iterable[Mark]) -> Harm | None:
        """Return what the marks of one annotation do, the gravest first; None for nothing.

        `key` names the annotation: what it took before counts no more. Raises MalformedPdf
        for too much to compare.
        """
        self._release(key)
        drawn = list(marks)
        return next((harm for mark in drawn if (harm := self._harm(key, mark, drawn))), None)

    def hidden_by_sign(self, key: object, box: Rectangle) -> bool:
        """Whether a small sign, with all others, hides more than two characters of a word.

        `key` names the annotation. Raises MalformedPdf for too much to compare.
        """
        self._release(key)
        hidden = False
        for index, piece in self._near(box):
            parts = self._signs.setdefault(index, {})
            parts[key] = piece.characters_under(box)
            self._taken_by.setdefault(key, set()).add(index)
            hidden |= sum(parts.values()) > _MOST_CHARACTERS
        return hidden

    def hidden_by(self, marks: Iterable[Mark], owner: int | None) -> bool:
        """Whether marks lie over words or pictures that are not of the annotation `owner`.

        Raises MalformedPdf for too much to compare.
        """
        return any(
            piece.kind in {MarkKind.TEXT, MarkKind.PICTURE} and piece.owner != owner
            for mark in marks
            if mark.hides >= _CLEAR
            for _, piece in self._near(mark.box)
        )

    def readable_below(self, box: Rectangle) -> list[tuple[int, Piece]]:
        """Return the words and parts of pictures that a box touches, each with its number.

        Raises MalformedPdf for too much to compare.
        """
        return [
            (index, piece)
            for index, piece in self._near(box)
            if piece.kind in {MarkKind.TEXT, MarkKind.PICTURE}
        ]

    def _release(self, key: object) -> None:
        """Forget what an annotation took when it was looked at before."""
        for index in self._taken_by.pop(key, ()):
            for parts in (self._veils, self._struck, self._signs):
                parts.get(index, {}).pop(key, None)

    def _harm(self, key: object, mark: Mark, marks: list[Mark]) -> Harm | None:
        if mark.hides < _CLEAR or _is_empty(mark.box):
            return None
        if mark.kind is MarkKind.TEXT:
            return self._text_harm(mark, marks)
        near = list(self._near(mark.box))
        if mark.kind is MarkKind.PICTURE and near:
            return Harm.COVERS
        for index, piece in near:
            self._taken_by.setdefault(key, set()).add(index)
            if _is_thin(mark, piece):
                share = self._strike(index, key, _share(mark.box, piece.box))
                limit = _MOST_STRUCK
            elif mark.hides >= _OPAQUE:
                return Harm.COVERS
            else:
                share = self._veiled(index, key, mark.hides)
                limit = _MOST_VEILED
            if share > limit and piece.kind is not MarkKind.LINE:
                return Harm.COVERS
        return None

    def _text_harm(self, mark: Mark, marks: list[Mark]) -> Harm | None:
        if any(True for _ in self._near(mark.box)):
            return Harm.COVERS
        return Harm.IMITATES if imitates(mark, marks, self._near) else None

    def _strike(self, index: int, key: object, share: float) -> float:
        """Draw a line over a piece; return how much of it all lines together take."""
        parts = self._struck.setdefault(index, {})
        parts[key] = parts.get(key, 0.0) + share
        return sum(parts.values())

    def _veiled(self, index: int, key: object, hides: float) -> float:
        """Put a veil over a piece; return how much of it all veils together hide."""
        parts = self._veils.setdefault(index, {})
        parts[key] = 1.0 - (1.0 - parts.get(key, 0.0)) * (1.0 - hides)
        left = 1.0
        for part in parts.values():
            left *= 1.0 - part
        return 1.0 - left

    def _near(self, box: Rectangle) -> Iterator[tuple[int, Piece]]:
        """Yield the pieces that a box lies over, by more than a touch."""
        cells = list(_cells(box))
        found: Sequence[int] = (
            range(len(self._pieces))
            if len(cells) > _MAX_CELLS
            else sorted({item for cell in cells for item in self._cells.get(cell, ())})
        )
        if len(cells) <= _MAX_CELLS:
            found = [*self._large, *found]
        self._budget.spend("comparisons", 1 + len(found))
        for index in found:
            piece = self._pieces[index]
            if _overlap(box, piece.box):
                yield index, piece

    def _add(self, piece: Piece) -> None:
        index = len(self._pieces)
        if index >= _MAX_PIECES:
            raise malformed("a page shows too much to be looked at")
        self._pieces.append(piece)
        cells = list(_cells(piece.box))
        if len(cells) > _MAX_CELLS:
            self._large.append(index)
            return
        self._budget.spend("comparisons", len(cells))
        for cell in cells:
            self._cells.setdefault(cell, []).append(index)


def harm_on_unknown(marks: Iterable[Mark]) -> Harm | None:
    """Return what marks do to a page of which nothing is known but that it shows something."""
    for mark in marks:
        if mark.hides < _CLEAR or _is_empty(mark.box):
            continue
        thin = mark.kind is MarkKind.LINE and mark.thickness <= _THICK
        if mark.kind in {MarkKind.TEXT, MarkKind.PICTURE} or (mark.hides >= _OPAQUE and not thin):
            return Harm.COVERS
    return None


def _pieces_of(mark: Mark) -> Iterator[tuple[MarkKind, Rectangle]]:
    """Cut a mark into what is seen of it."""
    left, bottom, right, top = mark.box
    if mark.kind is MarkKind.TEXT:
        yield from ((mark.kind, box) for box in _cut_text(mark.box))
    elif mark.kind is MarkKind.AREA and mark.thickness > _LINE:
        if mark.light is None or mark.light < _WHITE:
            for edge in (
                (left, bottom, left + 1, top),
                (right - 1, bottom, right, top),
                (left, bottom, right, bottom + 1),
                (left, top - 1, right, top),
            ):
                yield MarkKind.LINE, edge
    elif mark.kind in {MarkKind.PICTURE, MarkKind.SHAPE}:
        yield from ((MarkKind.PICTURE, box) for box in _tiles(mark.box))
    else:
        yield MarkKind.LINE, mark.box


def _cut_text(box: Rectangle) -> Iterator[Rectangle]:
    """Cut a long text, whose words are not known, along its longer side."""
    left, bottom, right, top = box
    width, height = right - left, top - bottom
    if height > width:
        turned = _cut_text((bottom, left, top, right))
        yield from ((one, two, three, four) for two, one, four, three in turned)
        return
    long = height > 0 and width > _LONG_WORD * height
    count = int(min(_MAX_TILES, width / (_PIECE * height))) if long else 1
    step = width / count
    for place in range(count):
        yield left + place * step, bottom, left + (place + 1) * step, top


def _tiles(box: Rectangle) -> Iterator[Rectangle]:
    left, bottom, right, top = box
    columns = min(_MAX_TILES, max(1, round((right - left) / _TILE)))
    rows = min(_MAX_TILES, max(1, round((top - bottom) / _TILE)))
    width, height = (right - left) / columns, (top - bottom) / rows
    for column, row in product(range(columns), range(rows)):
        x, y = left + column * width, bottom + row * height
        yield x, y, x + width, y + height


def _is_thin(mark: Mark, piece: Piece) -> bool:
    """Whether a mark is a line that leaves what it crosses readable."""
    if mark.kind is MarkKind.SHAPE and mark.thickness > _LINE:
        return False
    if piece.kind is MarkKind.TEXT:
        sides = piece.box[2] - piece.box[0], piece.box[3] - piece.box[1]
        return mark.thickness <= max(_THICK, _THICK_PART * min(sides))
    return mark.thickness <= _THICK_OVER_PICTURES


def _share(box: Rectangle, piece: Rectangle) -> float:
    """Return which part of a piece lies under a box."""
    width = min(box[2], piece[2]) - max(box[0], piece[0])
    height = min(box[3], piece[3]) - max(box[1], piece[1])
    area = (piece[2] - piece[0]) * (piece[3] - piece[1])
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 1.0


def _overlap(box: Rectangle, piece: Rectangle) -> bool:
    """Whether two boxes overlap by more than rounding; thin ones by any part."""
    across = min(box[2], piece[2]) - max(box[0], piece[0])
    upwards = min(box[3], piece[3]) - max(box[1], piece[1])
    width = min(box[2] - box[0], piece[2] - piece[0])
    height = min(box[3] - box[1], piece[3] - piece[1])
    return across > min(_TOUCHING, width / 2) and upwards > min(_TOUCHING, height / 2)


def _is_empty(box: Rectangle) -> bool:
    return box[2] <= box[0] or box[3] <= box[1]


def _cells(box: Rectangle) -> Iterator[tuple[int, int]]:
    columns = range(int(box[0] // _CELL), int(box[2] // _CELL) + 1)
    rows = range(int(box[1] // _CELL), int(box[3] // _CELL) + 1)
    if len(columns) * len(rows) > _MAX_CELLS:
        yield from ((0, number) for number in range(_MAX_CELLS + 1))
        return
    yield from product(columns, rows)
