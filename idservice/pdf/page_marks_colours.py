"""How light the colours of a content stream are, and how they blend (ISO 32000-2 cl. 8.6, 11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from idservice.pdf.content_tokens import Operand
from idservice.pdf.object_values import Value
from idservice.pdf.page_marks_fonts import number

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.page_marks_state import State

GIVEN = {"g": 1, "G": 1, "rg": 3, "RG": 3, "k": 4, "K": 4}
"""How many numbers an operator has that sets space and colour at once."""

COLOURS = frozenset({*GIVEN, "cs", "CS", "sc", "SC", "scn", "SCN"})
_DEVICE = {"DeviceGray": 1, "CalGray": 1, "G": 1, "DeviceRGB": 3, "CalRGB": 3, "RGB": 3}
_DEVICE |= {"DeviceCMYK": 4, "CMYK": 4}
_GRAY, _RGB, _CMYK = 1, 3, 4
_READABLE = frozenset({"Normal", "Compatible", "Multiply", "Darken"})


def light_of(colour: Sequence[float]) -> float | None:
    """Return how light a colour of 1, 3 or 4 components is, from 0 to 1 (cl. 10.4, 11.3.5.3)."""
    parts = [min(1.0, max(0.0, part)) for part in colour]
    if len(parts) == _GRAY:
        return parts[0]
    if len(parts) == _RGB:
        return 0.3 * parts[0] + 0.59 * parts[1] + 0.11 * parts[2]
    if len(parts) == _CMYK:
        ink = 0.3 * parts[0] + 0.59 * parts[1] + 0.11 * parts[2] + parts[3]
        return 1.0 - min(1.0, ink)
    return None


def space_size(view: View, name: Operand, spaces: dict[str, Value]) -> int | None:
    """Return how many components the colours of a space have when they are grey, RGB or CMYK."""
    if not isinstance(name, str):
        return None
    value = view.value(spaces.get(name, name))
    if isinstance(value, str):
        return _DEVICE.get(value)
    parts = value if isinstance(value, list) else []
    family = view.value(parts[0]) if parts else None
    if family == "ICCBased" and len(parts) > 1:
        size = view.dictionary(parts[1]).get("N")
        return size if isinstance(size, int) else None
    return _DEVICE.get(family) if isinstance(family, str) else None


def parameters(view: View, entries: dict[str, Value], state: State) -> None:
    """Take over what a dictionary of graphics parameters says (table 57). Raises MalformedPdf.

    A blend mode that may hide what lies below counts as painting over it.
    """
    if "LW" in entries:
        state.width = abs(number(view, entries["LW"]))
    if "ca" in entries:
        state.fill.alpha = min(1.0, max(0.0, number(view, entries["ca"])))
    if "CA" in entries:
        state.stroke.alpha = min(1.0, max(0.0, number(view, entries["CA"])))
    if "BM" in entries and not state.isolated:
        mode = view.value(entries["BM"])
        modes = mode if isinstance(mode, list) else [mode]
        state.blend = next((item for item in modes if isinstance(item, str)), "Normal")
        state.blend = state.blend if state.blend in _READABLE else "Normal"
