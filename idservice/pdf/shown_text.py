"""Which text the appearance of a form field shows, as far as its fonts tell.

Only the order in which texts are drawn counts, not where they stand (ISO 32000-2 cl. 9.4.3).
What a font does not tell is said to be uncertain, and is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from idservice.pdf.clip_paths import ClipPaths
from idservice.pdf.content_tokens import INLINE_IMAGE, Operand, Operation, operations
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.text_codes import TextCodes, text_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from idservice.pdf.object_history import View

_MAX_BYTES = 256 * 1024
_MAX_FORMS = 16
_STROKING = frozenset({"S", "s"})
_COVERING = frozenset({"f", "F", "f*", "B", "B*", "b", "b*", "sh"})
# Text rendering modes that draw nothing (table 104).
_INVISIBLE = frozenset({3.0, 7.0})
_LEAST_SIZE = 1.0
_CORNERS = 4
_SETTING = frozenset({"Tr", "Tz", "Tf"})
_SHOWING = frozenset({"Tj", "TJ", "'", '"'})


@dataclass(slots=True)
class ShownText:
    """What an appearance shows: its text, and whether that is certain.

    `pictures` counts images, `empty` tells that nothing at all is drawn, `covered` that
    something may lie over text or keep it from sight. Text that cannot be seen by how it is set
    is left out, and text that is only guessed is not certain. `parts` are the texts as they are
    drawn one by one, `fonts` the fonts that draw them.
    """

    text: str = ""
    certain: bool = True
    pictures: int = 0
    empty: bool = True
    covered: bool = False
    parts: list[str] = field(default_factory=list)
    fonts: list[Value] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """One pass over an appearance and the forms that it uses."""

    view: View
    fallback: dict[str, Value]
    found: ShownText = field(default_factory=ShownText)
    left: int = _MAX_FORMS
    fonts: dict[Reference, TextCodes | None] = field(default_factory=dict)
    font: Value = None


def shown_text(view: View, appearance: Reference, fallback: dict[str, Value]) -> ShownText:
    """Read the appearance stream that a field refers to.

    `fallback` are the resources of the form, for fonts that the appearance itself does not
    name. Raises MalformedPdf when an object cannot be read strictly.
    """
    reading = _Reading(view, fallback)
    _read(reading, appearance)
    return reading.found


def _read(reading: _Reading, reference: Reference) -> None:
    """Read one form, and those that it draws."""
    found = reading.found
    reading.left -= 1
    stored = reading.view.get(reference)
    if stored is None or stored.span is None:
        return
    resources = reading.view.dictionary(stored.entries.get("Resources"))
    instructions = _instructions(reading, reference)
    found.covered |= "OC" in stored.entries
    codes: TextCodes | None = None
    clips = ClipPaths()
    unseen: set[str] = {"BBox"} if _is_flat(reading.view, stored.entries) else set()
    for operator, operands in instructions:
        if operator in _SETTING:
            _set(unseen, operator, operands)
        found.covered |= _conceals(reading, resources, operator, operands)
        found.covered |= clips.conceals(operator, operands)
        if operator == "Tf":
            codes = _codes(reading, resources, operands)
        elif operator in _SHOWING:
            found.empty = False
            _note_font(reading)
            _show(found, codes, () if unseen else operands)
        elif operator == "Do":
            found.empty = False
            _draw(reading, resources, operands)
        elif operator == INLINE_IMAGE:
            found.empty = False
            found.pictures += 1
        elif operator in _COVERING or operator in _STROKING:
            found.empty = False
            found.covered |= found.text.strip() != "" and operator in _COVERING


def _conceals(
    reading: _Reading,
    resources: dict[str, Value],
    operator: str,
    operands: Sequence[Operand],
) -> bool:
    """Whether an operator may keep text from sight in a way that no filling of a form needs.

    Such are masks, blending, other ways to draw text than filling it, and layers.
    """
    if operator == "BDC":
        return _name(operands) == "OC"
    if operator == "Tr":
        return operands != [0.0]
    if operator != "gs":
        return False
    view = reading.view
    states = view.dictionary(resources.get("ExtGState"))
    entries = view.dictionary(states.get(_name(operands)))
    plain = {"SMask": (None, "None"), "BM": (None, "Normal", "Compatible"), "Font": (None,)}
    return any(view.value(entries.get(key)) not in usual for key, usual in plain.items())


def _is_flat(view: View, form: dict[str, Value]) -> bool:
    """Whether the box of a form has no area, so that all of it is cut off (cl. 8.10.2)."""
    box = [item for item in map(view.value, view.items(form.get("BBox")))
           if isinstance(item, (int, Decimal))]  # fmt: skip
    return len(box) == _CORNERS and (box[0] == box[2] or box[1] == box[3])


def _set(unseen: set[str], operator: str, operands: Sequence[Operand]) -> None:
    """Note in `unseen` by which settings text is invisible from here on."""
    last = operands[-1] if operands else None
    value = float(last) if isinstance(last, (int, float)) else 0.0
    hidden = {"Tr": value in _INVISIBLE, "Tz": value == 0.0, "Tf": abs(value) < _LEAST_SIZE}
    (unseen.add if hidden[operator] else unseen.discard)(operator)


def _instructions(reading: _Reading, reference: Reference) -> Iterable[Operation]:
    data = reading.view.decoded(reference)
    if reading.left < 0 or len(data) > _MAX_BYTES:
        reading.found.certain = False
        reading.found.empty = False
        return ()
    return operations(data)


def _draw(reading: _Reading, resources: dict[str, Value], operands: Sequence[Operand]) -> None:
    name = _name(operands)
    listed = reading.view.dictionary(resources.get("XObject"))
    target = listed.get(name)
    if not isinstance(target, Reference):
        return
    stored = reading.view.get(target)
    kind = None if stored is None else stored.entries.get("Subtype")
    if kind == "Image":
        reading.found.pictures += 1
    elif kind == "Form" and reading.left > 0:
        _read(reading, target)
    else:
        reading.found.certain = False


def _codes(
    reading: _Reading, resources: dict[str, Value], operands: Sequence[Operand]
) -> TextCodes | None:
    view, name = reading.view, _name(operands)
    font: Value = None
    for holder in (resources, reading.fallback):
        font = view.dictionary(holder.get("Font")).get(name)
        if font is not None:
            break
    reading.font = font
    if not isinstance(font, Reference):
        return text_codes(view, view.dictionary(font)) if font is not None else None
    if font not in reading.fonts:
        reading.fonts[font] = text_codes(view, view.dictionary(font))
    return reading.fonts[font]


def _note_font(reading: _Reading) -> None:
    if reading.font is not None and reading.font not in reading.found.fonts:
        reading.found.fonts.append(reading.font)


def _show(found: ShownText, codes: TextCodes | None, operands: Sequence[Operand]) -> None:
    if codes is None:
        found.certain = False
        return
    found.certain &= not codes.guessed
    for operand in operands:
        parts = operand if isinstance(operand, list) else [operand]
        for part in parts:
            if isinstance(part, bytes):
                found.parts.append(codes.decode(part))
                found.text += found.parts[-1]


def _name(operands: Sequence[Operand]) -> str:
    return operands[0] if operands and isinstance(operands[0], str) else ""
