"""What a page or an appearance shows, and where: boxes of its texts, lines, areas and pictures.

Content streams are followed with the graphics state that decides about places (ISO 32000-2
cl. 8, 9.4 and 14.8); what is not wholly understood is an error. Boxes are never too small:
clipping makes them smaller only by its box, optional content counts whether it is seen or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from idservice.pdf.content_tokens import COMPATIBILITY, INLINE_IMAGE, Operand, numbers, operations
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.page_marks_colours import COLOURS, GIVEN, light_of, parameters, space_size
from idservice.pdf.page_marks_fonts import number, read_font
from idservice.pdf.page_marks_paths import Path, area_marks, line_marks
from idservice.pdf.page_marks_state import (
    IDENTITY,
    Mark,
    MarkKind,
    Matrix,
    State,
    box_of,
    box_through,
    common,
    is_upright,
    multiplied,
)
from idservice.pdf.page_marks_text import TextCursor
from idservice.pdf.stored_objects import malformed

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.page_geometry import Rectangle
    from idservice.pdf.page_marks_fonts import MarkFont
    from idservice.pdf.stored_objects import StoredObject

_UNIT: Rectangle = (0.0, 0.0, 1.0, 1.0)
_MAX_DEPTH = 12
_MAX_STATES = 256
_MOST_MITER = 20.0
_CORNERS, _MATRIX = 4, 6
_PAINTING = {
    "S": (False, True, False),
    "s": (False, True, True),
    "f": (True, False, False),
    "F": (True, False, False),
    "f*": (True, False, False),
    "B": (True, True, False),
    "B*": (True, True, False),
    "b": (True, True, True),
    "b*": (True, True, True),
    "n": (False, False, False),
}
"""Which operator fills, strokes and first closes a path (table 59)."""

_WITHOUT_EFFECT = frozenset({"J", "j", "d", "ri", "i", "MP", "DP", "BMC", "BDC", "EMC", "d0", "d1"})


class Budget:
    """How much content is looked at for one document."""

    def __init__(
        self,
        size: int = 24 * 1024 * 1024,
        operations: int = 200_000,
        marks: int = 100_000,
        comparisons: int = 2_000_000,
    ) -> None:
        """Start with bytes of decoded content, operations, and boxes to be made and compared."""
        self._left = {
            "bytes": size,
            "operations": operations,
            "marks": marks,
            "comparisons": comparisons,
        }

    def spend(self, what: str, count: int = 1) -> None:
        """Take something. Raises MalformedPdf when nothing is left."""
        self._left[what] -= count
        if self._left[what] < 0:
            raise malformed("it draws too much to be looked at")


def page_marks(view: View, page: dict[str, Value], budget: Budget) -> list[Mark]:
    """Return what the content of a page draws, without its annotations, in default user space.

    Raises MalformedPdf for content that is not wholly understood, or too much of it.
    """
    contents = page.get("Contents")
    parts = [contents] if isinstance(contents, Reference) else []
    found = view.value(contents)
    if isinstance(found, list):
        parts = [item for item in found if isinstance(item, Reference)]
        if len(parts) != len(found):
            raise malformed("a part of a page is no stream")
    reader = _ContentReader(view, budget)
    data = []
    for part in parts:
        if view.get(part) is not None:
            data.append(view.decoded(part))
            budget.spend("bytes", len(data[-1]))
    reader.run(b"\n".join(data), inherited(view, page, "Resources"), State(), 0)
    return reader.marks


def form_marks(
    view: View,
    form: Reference,
    place: Callable[[Rectangle, Matrix], Matrix],
    budget: Budget,
    fallback: dict[str, Value] | None = None,
) -> list[Mark]:
    """Return what a form XObject draws when `place` says where its box and matrix put it.

    `fallback` are resources for names that the form does not know itself. Raises MalformedPdf
    for content that is not wholly understood.
    """
    reader = _ContentReader(view, budget, fallback)
    stored = view.get(form)
    if stored is None:
        return []
    matrix = _matrix(view, stored.entries.get("Matrix"))
    state = State(matrix=place(_box(view, stored.entries.get("BBox")), matrix))
    reader.form(form, stored, {}, state, 0)
    return reader.marks


def inherited(view: View, page: dict[str, Value], key: str) -> Value:
    """Return an attribute of a page, its own or one of the nodes above it (cl. 7.7.3.4)."""
    node = page
    for _ in range(_MAX_STATES):
        if key in node:
            return node[key]
        if "Parent" not in node:
            return None
        node = view.dictionary(node["Parent"])
    raise malformed("the page tree goes in a circle")


def _box(view: View, value: Value) -> Rectangle:
    edges = [number(view, item) for item in view.items(value)]
    if len(edges) != _CORNERS:
        raise malformed("a form has no box")
    return box_of([(edges[0], edges[1]), (edges[2], edges[3])])


def _matrix(view: View, value: Value) -> Matrix:
    if value is None:
        return IDENTITY
    items = [number(view, item) for item in view.items(value)]
    if len(items) != _MATRIX:
        raise malformed("a matrix is none")
    return items[0], items[1], items[2], items[3], items[4], items[5]


class _ContentReader:
    """Follows content streams and collects marks."""

    def __init__(
        self, view: View, budget: Budget, fallback: dict[str, Value] | None = None
    ) -> None:
        self._view = view
        self._fallback = fallback or {}
        self._budget = budget
        self.marks: list[Mark] = []
        self._fonts: dict[Reference, MarkFont] = {}
        self._state = State()
        self._saved: list[State] = []
        self._resources: dict[str, Value] = {}
        self._path = Path()
        self._cursor = TextCursor(self._glyph)
        self._glyphs: dict[tuple[int, int], Rectangle | None] = {}
        self._clips = False
        self._depth = 0
        self._lenient = 0
        self._operators: dict[str, Callable[[list[Operand]], None]] = {
            "q": self._save,
            "Q": self._restore,
            "cm": self._transform,
            "w": self._width,
            "M": self._miter,
            "gs": self._external_state,
            "Tf": self._set_font,
            "Do": self._external_object,
            "sh": self._shading,
            INLINE_IMAGE: self._picture,
        }

    def run(self, data: bytes, resources: Value, state: State, depth: int) -> None:
        """Follow one content stream; what it needs is in `resources`."""
        if depth > _MAX_DEPTH:
            raise malformed("its forms are too deep")
        kept = (
            *(self._state, self._saved, self._resources, self._path, self._cursor),
            *(self._clips, self._depth, self._lenient),
        )
        self._state, self._saved, self._depth, self._lenient = state, [], depth, 0
        self._resources = self._view.dictionary(resources)
        self._path, self._cursor, self._clips = Path(), TextCursor(self._glyph), False
        for operator, operands in operations(data):
            self._budget.spend("operations")
            self._operate(operator, operands)
        (self._state, self._saved, self._resources, self._path, self._cursor) = kept[:5]
        self._clips, self._depth, self._lenient = kept[5:]

    def form(
        self,
        reference: Reference,
        stored: StoredObject,
        resources: dict[str, Value],
        state: State,
        depth: int,
    ) -> None:
        """Follow a form XObject whose matrix is in `state` already (cl. 8.10)."""
        entries = stored.entries
        if stored.span is None or not {"Ref", "PS"}.isdisjoint(entries):
            raise malformed("a form shows something that is not in it")
        box = box_through(state.matrix, _box(self._view, entries.get("BBox")))
        state.clip = common(box, state.clip)
        group = self._view.dictionary(entries.get("Group"))
        state.isolated |= bool(group) and "I" in group
        data = self._view.decoded(reference)
        self._budget.spend("bytes", len(data))
        self.run(data, entries.get("Resources", resources), state, depth + 1)

    def _operate(self, operator: str, operands: list[Operand]) -> None:
        state = self._state
        if operator in _PAINTING:
            self._paint(_PAINTING[operator])
        elif self._path.add(operator, operands, state.matrix):
            self._budget.spend("marks")
        elif operator in {"W", "W*"}:
            self._clips = True
        elif self._cursor.operate(operator, operands, state.text):
            self._collect_text()
        elif operator in COLOURS:
            self._colour(operator, operands)
        elif operator in self._operators:
            self._operators[operator](operands)
        elif operator in COMPATIBILITY:
            self._lenient = max(0, self._lenient + COMPATIBILITY[operator])
        elif operator not in _WITHOUT_EFFECT and not self._lenient:
            raise malformed(f"the operator {operator[:10]!r} of the content is not known")

    def _paint(self, how: tuple[bool, bool, bool]) -> None:
        state, path = self._state, self._path
        fills, strokes, closes = how
        if closes:
            path.close()
        if fills:
            self._put(area_marks(path, state))
        if strokes:
            self._put(line_marks(path, state))
        if self._clips:
            state.clip = common(path.box(), state.clip)
        self._path, self._clips = Path(), False

    def _put(self, marks: list[Mark]) -> None:
        self._budget.spend("marks", len(marks))
        self.marks += marks

    def _collect_text(self) -> None:
        state = self._state
        for box, likely, ordered, matrix in self._cursor.taken():
            seen = multiplied(matrix, state.matrix)
            in_order = ordered and is_upright(seen)
            paint = state.stroke if state.text.mode in {1, 5} else state.fill
            on_page = common(box_through(state.matrix, box), state.clip)
            whole = box_through(state.matrix, likely)
            hides = state.hides(paint)
            look = state.text.look(seen)
            self._put([Mark(MarkKind.TEXT, on_page, hides, paint.light, 0, whole, in_order, *look)])

    def _glyph(self, font: MarkFont, code: int) -> Rectangle | None:
        """Return the box of a character that is drawn (Type 3), None for one without marks."""
        key = id(font.entries), code
        if key not in self._glyphs:
            self._glyphs[key] = self._drawn_glyph(font, code)
        return self._glyphs[key]

    def _drawn_glyph(self, font: MarkFont, code: int) -> Rectangle | None:
        procedures = self._view.dictionary(font.entries.get("CharProcs"))
        procedure = procedures.get(self._glyph_name(font, code))
        if not isinstance(procedure, Reference):
            return None
        data = self._view.decoded(procedure)
        self._budget.spend("bytes", len(data))
        outer, self.marks = self.marks, []
        state = State(matrix=_matrix(self._view, font.entries.get("FontMatrix")))
        resources = font.entries.get("Resources", self._resources)
        self.run(data, resources, state, self._depth + 1)
        inner, self.marks = self.marks, outer
        if not inner:
            return None
        return box_of(point for mark in inner for point in (mark.box[:2], mark.box[2:]))

    def _glyph_name(self, font: MarkFont, code: int) -> str:
        """Look a code up in the differences of the encoding, which a Type 3 font must have."""
        current, name = 0, ""
        encoding = self._view.dictionary(font.entries.get("Encoding"))
        for item in self._view.items(encoding.get("Differences")):
            if isinstance(item, int):
                current = item
            elif isinstance(item, str):
                name = item if current == code else name
                current += 1
        return name

    def _colour(self, operator: str, operands: list[Operand]) -> None:
        stroking = operator[0].isupper()
        paint = self._state.stroke if stroking else self._state.fill
        if operator in {"cs", "CS"}:
            name = operands[0] if operands else None
            spaces = self._view.dictionary(self._resources.get("ColorSpace"))
            paint.components = space_size(self._view, name, spaces)
            paint.light = 0.0 if paint.components in {1, 3, 4} else None
        elif operator in GIVEN:
            paint.components = GIVEN[operator]
            paint.light = light_of(numbers(operands, GIVEN[operator]))
        else:
            known = paint.components == len(operands)
            paint.light = light_of(numbers(operands, len(operands))) if known else None

    def _save(self, _operands: list[Operand]) -> None:
        if len(self._saved) >= _MAX_STATES:
            raise malformed("the content saves too many states")
        self._saved.append(self._state.copy())

    def _restore(self, _operands: list[Operand]) -> None:
        if self._saved:
            self._state = self._saved.pop()

    def _transform(self, operands: list[Operand]) -> None:
        a, b, c, d, e, f = numbers(operands, _MATRIX)
        self._state.matrix = multiplied((a, b, c, d, e, f), self._state.matrix)

    def _width(self, operands: list[Operand]) -> None:
        self._state.width = abs(numbers(operands, 1)[0])

    def _miter(self, operands: list[Operand]) -> None:
        """The tips of lines reach as far as this allows (cl. 8.4.3.5); far ones are no lines."""
        if numbers(operands, 1)[0] > _MOST_MITER:
            raise malformed("the lines of the content have endless tips")

    def _external_state(self, operands: list[Operand]) -> None:
        found = self._resource("ExtGState", operands)
        entries = self._view.dictionary(found)
        parameters(self._view, entries, self._state)
        font = self._view.items(entries.get("Font"))
        if font:
            self._state.text.font = self._font(font[0])
            self._state.text.size = number(self._view, font[-1])

    def _set_font(self, operands: list[Operand]) -> None:
        size = numbers(operands[1:], 1)[0]
        self._state.text.font = self._font(self._resource("Font", operands[:1]))
        self._state.text.size = size

    def _font(self, value: Value) -> MarkFont:
        if not isinstance(value, Reference):
            return read_font(self._view, value)
        if value not in self._fonts:
            self._fonts[value] = read_font(self._view, value)
        return self._fonts[value]

    def _external_object(self, operands: list[Operand]) -> None:
        reference = self._resource("XObject", operands)
        stored = self._view.get(reference) if isinstance(reference, Reference) else None
        if stored is None or not isinstance(reference, Reference):
            return
        state = self._state.copy()
        if stored.entries.get("Subtype") == "Image":
            self._picture([])
        elif stored.entries.get("Subtype") == "Form":
            matrix = _matrix(self._view, stored.entries.get("Matrix"))
            state.matrix = multiplied(matrix, state.matrix)
            self.form(reference, stored, self._resources, state, self._depth)
        else:
            raise malformed("the content shows an object of no known kind")

    def _picture(self, _operands: list[Operand]) -> None:
        state = self._state
        box = common(box_through(state.matrix, _UNIT), state.clip)
        self._put([Mark(MarkKind.PICTURE, box, state.fill.alpha)])

    def _shading(self, _operands: list[Operand]) -> None:
        """A shading fills what the clipping leaves: the whole page when nothing clips."""
        if self._state.clip is None:
            raise malformed("the content fills the page with a shading")
        self._put([Mark(MarkKind.PICTURE, self._state.clip, self._state.fill.alpha)])

    def _resource(self, kind: str, operands: list[Operand]) -> Value:
        name = operands[0] if operands else None
        if not isinstance(name, str):
            raise malformed("the content uses a resource without a name")
        found = self._view.dictionary(self._resources.get(kind)).get(name)
        return self._view.dictionary(self._fallback.get(kind)).get(name) if found is None else found
