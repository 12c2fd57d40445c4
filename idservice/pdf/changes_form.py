"""Rules about the interactive form: a further signature field, or a signature in an empty one.

A new field must hold a signature that this very revision adds, and only its own widget may
come along; nothing of the fields that were there may differ. What a signature itself is worth
is judged elsewhere (ISO 32000-2 cl. 12.7.3, 12.7.4 and 12.7.5.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_filling import (
    draws_with_form_resources,
    dress,
    field_filled,
    page_of,
    shows_values,
)
from idservice.pdf.changes_judgement import (
    FORM_FILLING,
    NO_CHANGES,
    RFC3161,
    AddedSignature,
    Judgement,
    Kind,
    ObjectChange,
    Permission,
    is_active,
    is_set,
    same,
)
from idservice.pdf.changes_locks import locks_of
from idservice.pdf.changes_showing import can_show, shown
from idservice.pdf.changes_xfa import xfa_changed
from idservice.pdf.document_roles import FieldPlace, field_place
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from idservice.pdf.stored_objects import StoredObject

_BOTH_FLAGS = 3
_NEW_FORM = frozenset({"Fields", "SigFlags", "DA", "DR"})
_DEFAULTS = frozenset({"DA"})
# A field with one of these is a widget as well.
_WIDGET_KEYS = frozenset({"AP", "Rect", "Subtype"})
# What a new field or widget may say (tables 166, 191, 226 and 235); nothing of it acts.
_NEW_FIELD = frozenset(
    {
        "AP", "AS", "BS", "Border", "C", "CA", "Contents", "DA", "DR", "DV", "F", "FT", "Ff", "H",
        "Kids", "Lang", "Lock", "M", "MK", "NM", "OC", "P", "Parent", "Q", "Rect", "SV",
        "StructParent", "Subtype", "T", "TM", "TU", "Type", "V",
    }
)  # fmt: skip
# What signing an empty field may change of it beside its value.
_SIGNING = frozenset({"AP", "AS", "F", "M", "MK", "DA", "P", "BS", "Border"})


def form_changed(judgement: Judgement, _key: str, old: Value, new: Value) -> None:
    """Judge the form: fields and flags may be added, and nothing taken away."""
    step = judgement.step
    was, now = step.old.dictionary(old), step.new.dictionary(new)
    if old is not None and not now:
        judgement.forbid("form-changed", "removes the form")
        return
    for key in sorted(was.keys() | now.keys()):
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        if key == "Fields":
            fields_changed(judgement, before, after, FieldPlace("", None))
        elif key == "SigFlags":
            _flags_changed(judgement, before, after)
        elif key == "NeedAppearances":
            _appearances_asked(judgement, after)
        elif not (old is None and key in _NEW_FORM):
            _entry_changed(judgement, key, before, after)


def form_object_changed(
    judgement: Judgement, _number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge the form as an object of its own."""
    form_changed(
        judgement, "", None if old is None else old.value, None if new is None else new.value
    )


def field_list_changed(
    judgement: Judgement, number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge a list of fields as an object of its own."""
    owner = judgement.roles.owner(number)
    fields_changed(
        judgement,
        None if old is None else old.value,
        None if new is None else new.value,
        owner,
    )


def fields_changed(judgement: Judgement, old: Value, new: Value, owner: FieldPlace) -> None:
    """Judge a list of fields below `owner`: all that were there stay, in their order."""
    was, now = judgement.step.old.items(old), judgement.step.new.items(new)
    if now[: len(was)] == was:
        added = now[len(was) :]
    else:
        known = {item for item in was if isinstance(item, Reference)}
        added = [item for item in now if isinstance(item, Reference) and item not in known]
        if [item for item in now if not isinstance(item, Reference) or item in known] != was:
            judgement.forbid("field-removed", "takes fields off the form, or puts them in order")
            return
    if len(added) != len({item for item in added if isinstance(item, Reference)}):
        judgement.forbid("field-added", "adds a field that is no object of its own")
        return
    for item in added:
        if isinstance(item, Reference):
            _field_added(judgement, item, owner, None)


def field_changed(
    judgement: Judgement, number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge a field, or a widget of one, that was there before."""
    place = judgement.roles.fields[number]
    name = shown(place.name)
    if old is None or new is None or new.span is not None:
        judgement.forbid("object-freed", f"removes the field {name}")
        return
    was, now = old.entries, new.entries
    keys = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    if "Type" not in was and now.get("Type") == "Annot":
        # Optional, and said anew by programs that write a widget (table 166).
        keys.discard("Type")
    if "Kids" in keys:
        keys.discard("Kids")
        fields_changed(judgement, was.get("Kids"), now.get("Kids"), place)
    if not keys:
        return
    if place.kind == "Sig":
        _signature_field_changed(judgement, number, place, keys, was, now)
    else:
        field_filled(judgement, number, keys, old, new)


def _field_added(
    judgement: Judgement, reference: Reference, owner: FieldPlace, parent: Reference | None
) -> None:
    """Judge a field, or a widget of a new one, that was not there before."""
    step = judgement.step
    stored = step.new.get(reference)
    entries = {} if stored is None else stored.entries
    place = field_place(entries, owner.name, owner.kind)
    name = shown(place.name)
    usual = (
        reference.number in step.added
        and stored is not None
        and stored.span is None
        and not entries.keys() - _NEW_FIELD
        and not is_active([entries.get(key) for key in ("MK", "BS", "SV", "Lock", "DV")])
        and entries.get("Subtype", "Widget") == "Widget"
        and _is_below(judgement, entries.get("Parent"), owner, parent)
    )
    if not usual or place.kind not in {"Sig", None}:
        judgement.forbid("field-added", f"adds the field {name}, which is no signature field")
        return
    taken = judgement.roles.has_field(place.name) or place.name in judgement.signatures
    if "T" in entries and taken:
        judgement.forbid("field-added", f"adds a second field named {name}")
        return
    if parent is None and "T" not in entries:
        judgement.forbid("field-added", "adds a field or a widget without a name of its own")
        return
    _widget_added(judgement, reference, place, entries)
    kids = [item for item in step.new.items(entries.get("Kids")) if isinstance(item, Reference)]
    if "V" in entries:
        _signed(judgement, reference.number, place, entries)
    elif "T" in entries and not _names_fields(judgement, kids):
        _prepared(judgement, place, entries, kids)
    for kid in kids:
        _field_added(judgement, kid, place, reference)


def _prepared(
    judgement: Judgement, place: FieldPlace, entries: dict[str, Value], kids: list[Reference]
) -> None:
    """Judge an empty signature field: whoever adds one must have it signed.

    One that shows nothing may wait for a signature of a later revision; until then nobody has
    answered for it.
    """
    step = judgement.step
    waits = not kids and "AP" not in entries and "MK" not in entries
    waits = waits and judgement.constraints.permissions >= FORM_FILLING
    if waits:
        judgement.showing.discard(place.name)
    judgement.items.append(
        ObjectChange(
            "empty-signature-field-added",
            step.revision,
            page_of(judgement, entries),
            f"Revision {step.revision} adds the signature field {shown(place.name)}, and nobody "
            "has signed it.",
            Permission.FORBIDDEN,
            prepares=place.name if waits else None,
        )
    )


def _is_below(
    judgement: Judgement, named: Value, owner: FieldPlace, parent: Reference | None
) -> bool:
    """Whether a field names as its parent the field below which it is listed, or none."""
    if named is None or parent is not None:
        return named in (None, parent)
    known = judgement.roles.fields.get(named.number) if isinstance(named, Reference) else None
    return owner.name != "" and known is not None and known.name == owner.name


def _names_fields(judgement: Judgement, kids: list[Reference]) -> bool:
    """Whether there are kids, and all of them are fields with names of their own."""
    found = [judgement.step.new.get(kid) for kid in kids]
    return bool(kids) and all(item is not None and "T" in item.entries for item in found)


def _widget_added(
    judgement: Judgement, reference: Reference, place: FieldPlace, entries: dict[str, Value]
) -> None:
    judgement.widgets[reference.number] = place.name
    if not _WIDGET_KEYS.isdisjoint(entries):
        judgement.widget_counts[place.name] = judgement.widget_counts.get(place.name, 0) + 1
    if can_show(judgement.step.new, entries):
        judgement.showing.add(place.name)
        if "AP" in entries:
            judgement.visible.add(place.name)


def _signature_field_changed(
    judgement: Judgement,
    number: int,
    place: FieldPlace,
    keys: set[str],
    was: dict[str, Value],
    now: dict[str, Value],
) -> None:
    name = shown(place.name)
    newly = "V" in keys and "V" not in was
    signing = newly or ("T" not in now and place.name in judgement.signatures)
    if not signing or keys - _SIGNING - {"V"} or is_active(now.get("MK")):
        judgement.forbid("signature-field-changed", f"changes the signature field {name}")
        return
    if newly:
        _signed(judgement, number, place, now)
    can_be_seen = can_show(judgement.step.new, now)
    if can_be_seen and keys - {"V"}:
        judgement.showing.add(place.name)
    if can_be_seen and "AP" in now:
        judgement.visible.add(place.name)
        judgement.widget_pages[place.name] = page_of(judgement, now)
    added = judgement.signatures.get(place.name)
    if added is None or not added.is_time_stamp:
        dress(judgement, number, now)


def _signed(
    judgement: Judgement, number: int, place: FieldPlace, entries: dict[str, Value]
) -> None:
    """A field got a value: it must be a signature dictionary that came with this revision."""
    step, value = judgement.step, entries["V"]
    dictionary = step.new.dictionary(value)
    name = shown(place.name)
    new = not isinstance(value, Reference) or value.number in step.added
    if not new or place.kind != "Sig" or "Contents" not in dictionary:
        judgement.forbid(
            "field-added", f"puts something into the field {name} that is no signature"
        )
        return
    stamp = dictionary.get("SubFilter") == RFC3161
    holder = value.number if isinstance(value, Reference) else number
    judgement.signatures[place.name] = AddedSignature(place.name, holder, stamp)
    judgement.widget_pages.setdefault(place.name, page_of(judgement, entries))
    judgement.new_locks += locks_of(step.new, entries)
    constraints = judgement.constraints
    if not stamp and constraints.permissions == NO_CHANGES:
        judgement.forbid(
            "signature-not-permitted", f"adds a signature ({name}), which its author forbade"
        )
    elif not stamp and constraints.locked(place.name):
        judgement.forbid(
            "locked-field-changed", f"signs in the field {name}, which an earlier signature locks"
        )


def _flags_changed(judgement: Judgement, old: Value, new: Value) -> None:
    was = old if isinstance(old, int) else 0
    if not isinstance(new, int) or new != was | (new & _BOTH_FLAGS):
        judgement.forbid("form-changed", "takes back that the form holds signatures")


def _appearances_asked(judgement: Judgement, new: Value) -> None:
    """Whoever asks viewers to draw the fields anew must not make them show other things."""
    if not is_set(new):
        return
    if shows_values(judgement):
        message = "asks viewers to draw all form fields anew, which already show their values"
        judgement.allow("need-appearances-set", message, kind=Kind.FORM_FILLING)
    else:
        judgement.forbid(
            "need-appearances-set",
            "asks viewers to draw all form fields anew, so that some show other things",
        )


def _entry_changed(judgement: Judgement, key: str, old: Value, new: Value) -> None:
    step = judgement.step
    if same(step.old, old, step.new, new):
        return
    if key == "DR":
        _resources_changed(judgement, step.old.dictionary(old), step.new.dictionary(new))
    elif key == "XFA":
        xfa_changed(judgement, old, new)
    elif key in _DEFAULTS and old is None:
        resources_added(judgement, f"adds /{key} to the form")
    else:
        judgement.forbid("form-changed", f"changes the entry /{key[:40]} of the form")


def _resources_changed(judgement: Judgement, old: dict[str, Value], new: dict[str, Value]) -> None:
    """Resources are for texts that viewers set themselves: only new names are harmless."""
    step = judgement.step
    for kind in sorted(old.keys() | new.keys()):
        if same(step.old, old.get(kind), step.new, new.get(kind)) or kind == "ProcSet":
            continue
        was, now = step.old.dictionary(old.get(kind)), step.new.dictionary(new.get(kind))
        kept = all(same(step.old, item, step.new, now.get(key)) for key, item in was.items())
        if kept:
            resources_added(judgement, "adds resources to the form")
        elif kind == "Font":
            judgement.forbid("font-changed", "changes the fonts of the form")
        elif draws_with_form_resources(judgement):
            judgement.forbid("form-resources-changed", "changes resources that form fields use")
        else:
            _told_resources(judgement, "form-resources-changed", "changes resources of the form")


def resources_added(judgement: Judgement, message: str) -> None:
    """Where all fields are for signatures, no viewer sets a text with these resources."""
    if all(place.kind == "Sig" for place in judgement.roles.fields.values()):
        judgement.permit("form-resources-added", message)
    else:
        _told_resources(judgement, "form-resources-added", message)


def _told_resources(judgement: Judgement, code: str, message: str) -> None:
    judgement.allow(code, message, kind=Kind.FORM_FILLING)
