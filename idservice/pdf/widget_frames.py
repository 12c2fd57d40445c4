"""Whether a widget that was written anew is the same but for how it is written.

Programs that fill in a form write all entries of a widget again: texts in another encoding,
colours as three numbers, the width of a frame that was the usual one (ISO 32000-2 cl. 7.9.2.2,
12.5.4 and 12.5.6.19). None of this shows as long as the looks do not change.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from idservice.errors import MalformedPdf
from idservice.pdf.changes_judgement import same
from idservice.pdf.document_roles import text
from idservice.pdf.page_marks_colours import light_of
from idservice.pdf.page_marks_fonts import number

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.object_values import Value

_TEXTS = frozenset({"T", "TU", "TM", "DV", "Opt"})
_COLOURS = frozenset({"BC", "BG"})
_FRAME = frozenset({"Type", "W", "S", "D"})
_WIDEST = 3.0
_SAME_LIGHT = 0.02


def written_otherwise(
    old_view: View, old: dict[str, Value], view: View, new: dict[str, Value], keys: set[str]
) -> set[str]:
    """Return those of the differing `keys` of a widget that mean the same as before.

    They are texts in another encoding, /MK with the same colours and without the signs of
    buttons, and /BS with a thin frame.
    """
    found = {key for key in keys & _TEXTS if key in old and key in new}
    found = {key for key in found if _same_text(old_view, old[key], view, new[key])}
    if "MK" in keys and _same_marks(old_view, old.get("MK"), view, new.get("MK")):
        found.add("MK")
    if "BS" in keys and _thin_frame(view, new.get("BS")):
        found.add("BS")
    return found


def same_text(old: Value, new: Value) -> bool:
    """Whether two text strings say the same, in whichever encoding."""
    return isinstance(old, bytes) and isinstance(new, bytes) and text(old) == text(new)


def _same_text(old_view: View, old: Value, view: View, new: Value) -> bool:
    was, now = old_view.value(old), view.value(new)
    if isinstance(was, list) and isinstance(now, list):
        pairs = zip(was, now, strict=False)
        return len(was) == len(now) and all(_same_text(old_view, a, view, b) for a, b in pairs)
    return same_text(was, now) or same(old_view, old, view, new)


def _same_marks(old_view: View, old: Value, view: View, new: Value) -> bool:
    """Whether /MK turns the widget as before, and has the colours and no sign that it had not."""
    was, now = old_view.dictionary(old), view.dictionary(new)
    if old_view.value(was.get("R", 0)) != view.value(now.get("R", 0)):
        return False
    others = now.keys() - _COLOURS - {"R"}
    kept = all(key in was and _same_text(old_view, was[key], view, now[key]) for key in others)
    return kept and all(
        _same_colour(old_view, was.get(key), view, now.get(key)) for key in _COLOURS
    )


def _same_colour(old_view: View, old: Value, view: View, new: Value) -> bool:
    was, now = _lights(old_view, old), _lights(view, new)
    return len(was) == len(now) and all(
        abs(one - other) <= _SAME_LIGHT for one, other in zip(was, now, strict=True)
    )


def _lights(view: View, colour: Value) -> list[float]:
    """A colour as red, green and blue from 0 to 1, or its light; nothing for a clear one."""
    try:
        parts = [number(view, item) for item in view.items(colour)]
    except MalformedPdf:
        return [-1.0] * 2
    if len(parts) == 1:
        return parts * 3
    light = light_of(parts) if len(parts) > 3 else None
    return parts if light is None else [light]


def _thin_frame(view: View, value: Value) -> bool:
    """Whether a border style is nothing but a line of the usual width (table 168)."""
    style = view.dictionary(value)
    width = view.value(style.get("W", 1))
    return not style.keys() - _FRAME and isinstance(width, (int, Decimal)) and 0 <= width <= _WIDEST
