"""Whether viewers would set the text of a field so that people see it (/DA, /Q, /RV).

Where a field has no look, or viewers draw it anew, they go by its default appearance: a change
of it may not make the text vanish (ISO 32000-2 cl. 12.7.4.3).
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from idservice.pdf.content_tokens import Operand, numbers, operations
from idservice.pdf.page_marks_colours import GIVEN, light_of
from idservice.pdf.page_marks_fonts import number
from idservice.pdf.text_comparison import same_words
from idservice.pdf.widget_values import inherited, long_text

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.object_values import Value

# Letters of less than this many points cannot be read; those of more hide each other.
_LEAST_SIZE, _LARGEST_SIZE = 4.0, 144.0
_LEAST_SCALE, _LARGEST_SCALE = 40.0, 250.0
_STANDING_OUT = 0.2
_PAPER = 1.0
_ALIGNMENTS = (None, 0, 1, 2)
_HIDING_STYLE = re.compile(
    r"display|visibility|opacity|font-size\s*:\s*[0-3]?(\.\d+)?(?![\d.])"
    r"|(?<!-)color\s*:\s*(#f.f.f|#fff|white)",
    re.IGNORECASE,
)


def light_of_defaults(data: bytes) -> float | None:
    """Return how light the text is that a default appearance sets (cl. 12.7.4.3).

    None when it says nothing about the colour. Raises MalformedPdf for what is none.
    """
    light = None
    for operator, operands in operations(data):
        if operator in GIVEN and operator.islower():
            light = light_of(numbers(operands, GIVEN[operator]))
    return light


def defaults_are_seen(
    view: View, entries: dict[str, Value], old_view: View, signed: dict[str, Value]
) -> bool:
    """Whether text set by the defaults of a widget is seen, where they are not as signed.

    Raises MalformedPdf for a default appearance that is not understood.
    """
    was = old_view.value(inherited(old_view, signed, "DA"))
    now = view.value(inherited(view, entries, "DA"))
    if view.value(inherited(view, entries, "Q")) not in _ALIGNMENTS:
        return False
    if now in (was, None):
        return True
    if not isinstance(now, bytes):
        return False
    agreed = light_of_defaults(was) if isinstance(was, bytes) else None
    return _is_seen(now, _ground(view, entries), agreed)


def rich_text_agrees(view: View, entries: dict[str, Value]) -> bool:
    """Whether the rich text of a field says what its value says, for all to see (table 228)."""
    rich = inherited(view, entries, "RV")
    if rich is None:
        return True
    written = long_text(view, rich)
    plain = html.unescape(re.sub(r"<[^>]*>", "", written))
    value = long_text(view, inherited(view, entries, "V"))
    return same_words(plain, value) and _HIDING_STYLE.search(written) is None


def font_of_defaults(data: bytes) -> str | None:
    """Return the name of the font that a default appearance sets. Raises MalformedPdf."""
    name = None
    for operator, operands in operations(data):
        if operator == "Tf" and operands and isinstance(operands[0], str):
            name = operands[0]
    return name


def size_of_defaults(data: bytes) -> float:
    """Return the size of text, in points, that a default appearance sets; 0 for one that fits.

    Raises MalformedPdf for what is none.
    """
    size = 0.0
    for operator, operands in operations(data):
        if operator == "Tf":
            size = numbers(operands[1:], 1)[0]
    return size


def _is_seen(data: bytes, ground: float, agreed: float | None) -> bool:
    light: float | None = 0.0
    for operator, operands in operations(data):
        if operator in GIVEN and operator.islower():
            light = light_of(numbers(operands, GIVEN[operator]))
        elif operator not in {"Tf", "Tz", "Tc", "Tw", "TL", *GIVEN} or not _leaves(
            operator, operands
        ):
            return False
    if light is None:
        return False
    fits = agreed is not None and abs(light - agreed) < _STANDING_OUT
    return fits or abs(light - ground) >= _STANDING_OUT


def _leaves(operator: str, operands: list[Operand]) -> bool:
    """Whether a setting of text leaves it readable; a size of 0 fits text into its field."""
    if operator == "Tf":
        size = numbers(operands[1:], 1)[0]
        return size == 0 or _LEAST_SIZE <= size <= _LARGEST_SIZE
    if operator == "Tz":
        return _LEAST_SCALE <= numbers(operands, 1)[0] <= _LARGEST_SCALE
    return True


def _ground(view: View, entries: dict[str, Value]) -> float:
    """Return how light the ground is that viewers paint for a widget; paper without any."""
    colours = view.items(view.dictionary(entries.get("MK")).get("BG"))
    light = light_of([number(view, item) for item in colours]) if colours else _PAPER
    return _PAPER if light is None else light
