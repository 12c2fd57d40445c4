"""Whether check boxes and radio buttons look as their value says (ISO 32000-2 cl. 12.7.5.2).

Each box shows one of its states, the one that the value names. What the states look like was
signed, and whoever ticks a box has no reason to draw them anew; where somebody does, a tick
has to be a sign of the usual font for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_judgement import same
from idservice.pdf.document_roles import text
from idservice.pdf.field_looks import Looks
from idservice.pdf.look_visibility import is_readable
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.shown_text import shown_text
from idservice.pdf.widget_values import inherited

if TYPE_CHECKING:
    from idservice.pdf.object_history import View

_OFF = "Off"


def button_agrees(looks: Looks, entries: dict[str, Value], old_view: View) -> bool:
    """Whether a box, or all boxes of a group of buttons, show what the value names.

    `old_view` is the revision before. Raises MalformedPdf for looks that cannot be read.
    """
    view = looks.view
    value = view.value(inherited(view, entries, "V"))
    chosen = text(value) if isinstance(value, bytes) else value
    if chosen is not None and not isinstance(chosen, str):
        return False
    kids = [view.dictionary(kid) for kid in view.items(entries.get("Kids"))]
    boxes = [kid for kid in kids if "T" not in kid]
    if "AP" in entries or "AS" in entries:
        boxes.append(entries)
    known = {_OFF, *(state for box in boxes for state in _states(view, box))}
    named = chosen is None or len(known) == 1 or chosen in known
    whole = "Parent" in entries and "T" not in entries
    fits = all(_state_fits(view, box, chosen) for box in boxes)
    return (named or whole) and fits and _same_states(looks, entries, old_view)


def _state_fits(view: View, box: dict[str, Value], chosen: str | None) -> bool:
    """Whether a box shows the state that is named, or is off."""
    states, state = _states(view, box), view.value(box.get("AS"))
    # What is no name chooses none of the looks.
    if not states or not isinstance(state, str):
        return not states or chosen in (None, _OFF) or chosen not in states
    if chosen in states:
        return state == chosen
    return state == _OFF or state not in states


def _states(view: View, box: dict[str, Value]) -> dict[str, Value]:
    return view.dictionary(view.dictionary(box.get("AP")).get("N"))


def _same_states(looks: Looks, entries: dict[str, Value], old_view: View) -> bool:
    """Whether the states look as before; new looks have to be signs that all know."""
    view = looks.view
    before = old_view.dictionary(looks.signed.get("AP"))
    now = view.dictionary(entries.get("AP"))
    for key in now:
        was = old_view.dictionary(before.get(key))
        for name, look in view.dictionary(now[key]).items():
            if name in was and same(old_view, was[name], view, look):
                continue
            if not _is_sign(looks, entries, look, ticked=name != _OFF):
                return False
    return True


def _is_sign(looks: Looks, entries: dict[str, Value], look: Value, *, ticked: bool) -> bool:
    """Whether a look has one character and it is seen, or none for a box that is off."""
    view = looks.view
    stored = view.get(look) if isinstance(look, Reference) else None
    if stored is None or stored.span is None or not isinstance(look, Reference):
        return not ticked
    found = shown_text(view, look, looks.resources)
    if found.covered or found.pictures or len(found.text.strip()) != int(ticked):
        return False
    return is_readable(view, look, entries, looks.resources, None, looks.budget)
