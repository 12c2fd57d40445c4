"""Rules about XFA, the second description of a form that some viewers show instead.

Programs that fill in a form either write the values into its packet of data, or take XFA
away, because it would go on showing the old ones (ISO 32000-1 cl. 12.7.8). Where the pages
themselves come from XFA nothing of it may differ: it is the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_judgement import Judgement, Kind, is_set, same
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.stored_objects import StoredObject

# What holds values and not the form itself.
_OF_DATA = frozenset({"datasets", "form"})


def xfa_changed(judgement: Judgement, old: Value, new: Value) -> None:
    """Judge the entry /XFA of the form: it may go, or hold other data."""
    step = judgement.step
    if old is None or is_set(step.old.dictionary(step.old.root).get("NeedsRendering")):
        judgement.forbid("xfa-changed", "changes the XFA form that viewers show")
    elif new is None:
        message = "takes the XFA form away, so that viewers show the fields of the pages"
        judgement.allow("xfa-removed", message, kind=Kind.FORM_FILLING)
    else:
        _packets_changed(judgement, _packets(step.old, old), _packets(step.new, new))


def xfa_object_changed(
    judgement: Judgement, _number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge the list of packets, or the one stream of the form, as an object of its own."""
    if old is None or new is None or old.span is not None or new.span is not None:
        judgement.forbid("xfa-changed", "changes the XFA form that viewers show")
    else:
        xfa_changed(judgement, old.value, new.value)


def xfa_packet_changed(
    judgement: Judgement, number: int, _old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge a packet that was written again: one with data may have other content."""
    view = judgement.step.old
    form = view.dictionary(view.dictionary(view.root).get("AcroForm"))
    packets = _packets(view, form.get("XFA")) or {}
    names = {
        name
        for name, item in packets.items()
        if isinstance(item, Reference) and item.number == number
    }
    shown = is_set(view.dictionary(view.root).get("NeedsRendering"))
    if shown or not names or names - _OF_DATA or new is None or new.span is None:
        judgement.forbid("xfa-changed", "changes the XFA form that viewers show")
    else:
        message = "fills in the XFA form with other data"
        judgement.allow("xfa-data-changed", message, kind=Kind.FORM_FILLING)


def _packets_changed(
    judgement: Judgement, was: dict[str, Value] | None, now: dict[str, Value] | None
) -> None:
    """Judge the packets by name: those with data may be other objects than before."""
    step = judgement.step
    if was is None or now is None or list(was) != list(now):
        judgement.forbid("xfa-changed", "changes the XFA form that viewers show")
        return
    changed = {key for key in was if not same(step.old, was[key], step.new, now[key])}
    if changed - _OF_DATA:
        judgement.forbid("xfa-changed", "changes the XFA form that viewers show")
    elif changed:
        message = "fills in the XFA form with other data"
        judgement.allow("xfa-data-changed", message, kind=Kind.FORM_FILLING)


def _packets(view: View, value: Value) -> dict[str, Value] | None:
    """The packets of a form by name (names and streams in turn); None where it is one stream."""
    items = view.items(value)
    names = [view.value(item) for item in items[0::2]]
    if not items or len(items) % 2 or not all(isinstance(name, bytes) for name in names):
        return None
    keys = [name.decode("latin-1") for name in names if isinstance(name, bytes)]
    return dict(zip(keys, items[1::2], strict=True)) if len(set(keys)) == len(keys) else None
