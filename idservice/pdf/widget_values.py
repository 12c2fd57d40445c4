"""The value of a form field as its widgets have it (ISO 32000-2 cl. 12.7.4 and 12.7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.document_roles import text
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

_MAX_PARENTS = 64


def inherited(view: View, entries: dict[str, Value], key: str) -> Value:
    """Return an entry of a field, or of the nearest one above it that has it (cl. 12.7.4.1)."""
    for _ in range(_MAX_PARENTS):
        if key in entries:
            return entries[key]
        entries = view.dictionary(entries.get("Parent"))
        if not entries:
            break
    return None


def field_flags(view: View, entries: dict[str, Value]) -> int:
    """Return the flags of a field (/Ff, tables 227 to 233); 0 without any."""
    found = view.value(inherited(view, entries, "Ff"))
    return found if isinstance(found, int) else 0


def as_text(view: View, value: Value) -> str:
    """Return a text string or a name as text; an empty text for anything else."""
    found = view.value(value)
    if isinstance(found, bytes):
        return text(found)
    return found if isinstance(found, str) else ""


def long_text(view: View, value: Value) -> str:
    """Return a text that may be the data of a stream (table 228)."""
    stored = view.get(value) if isinstance(value, Reference) else None
    if stored is not None and stored.span is not None and isinstance(value, Reference):
        return text(view.decoded(value))
    return as_text(view, value)


def chosen_values(view: View, entries: dict[str, Value]) -> list[str]:
    """Return what is chosen in a field: its value, or each of its values (table 234)."""
    held = inherited(view, entries, "V")
    value = view.value(held)
    if value is None:
        return []
    if isinstance(value, list):
        return [as_text(view, item) for item in value]
    return [long_text(view, held)]


def options(view: View, entries: dict[str, Value]) -> list[tuple[str, str]]:
    """Return the options of a choice, each with its value and with what is shown for it."""
    found = []
    for item in view.items(inherited(view, entries, "Opt")):
        pair = [as_text(view, one) for one in view.items(item)] or [as_text(view, item)]
        found.append((pair[0], pair[-1]))
    return found
