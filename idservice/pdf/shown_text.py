"""Which text the appearance of a form field shows, as far as its fonts tell.

Only the order in which texts are drawn counts, not where they stand (ISO 32000-2 cl. 9.4.3).
What a font does not tell is said to be uncertain, and is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idservice.pdf.content_tokens import INLINE_IMAGE, Operand, Operation, operations
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.text_codes import TextCodes, text_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from idservice.pdf.object_history import View

_MAX_BYTES = 256 * 1024
_MAX_FORMS = 16
_PAINTING = frozenset({"f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh"})
_SHOWING = frozenset({"Tj", "TJ", "'", '"'})


@dataclass(slots=True)
class ShownText:
    """What an appearance shows: its text, and whether that is certain.

    `pictures` counts images, `empty` tells that nothing at all is drawn.
    """

    text: str = ""
    certain: bool = True
    pictures: int = 0
    empty: bool = True


@dataclass(slots=True)
class _Reading:
    """One pass over an appearance and the forms that it uses."""

    view: View
    fallback: dict[str, Value]
    found: ShownText = field(default_factory=ShownText)
    left: int = _MAX_FORMS
    fonts: dict[Reference, TextCodes | None] = field(default_factory=dict)


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
    codes: TextCodes | None = None
    for operator, operands in instructions:
        if operator == "Tf":
            codes = _codes(reading, resources, operands)
        elif operator in _SHOWING:
            found.empty = False
            _show(found, codes, operands)
        elif operator == "Do":
            found.empty = False
            _draw(reading, resources, operands)
        elif operator == INLINE_IMAGE:
            found.empty = False
            found.pictures += 1
        elif operator in _PAINTING:
            found.empty = False


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
    if not isinstance(font, Reference):
        return text_codes(view, view.dictionary(font)) if font is not None else None
    if font not in reading.fonts:
        reading.fonts[font] = text_codes(view, view.dictionary(font))
    return reading.fonts[font]


def _show(found: ShownText, codes: TextCodes | None, operands: Sequence[Operand]) -> None:
    if codes is None:
        found.certain = False
        return
    for operand in operands:
        parts = operand if isinstance(operand, list) else [operand]
        for part in parts:
            if isinstance(part, bytes):
                found.text += codes.decode(part)


def _name(operands: Sequence[Operand]) -> str:
    return operands[0] if operands and isinstance(operands[0], str) else ""
