"""Rules about filling in a form: values may change, and what shows them, and nothing else.

Text fields, choices, check boxes and radio buttons may get a value after a signature, unless
the field is locked, read-only or no field to fill in (ISO 32000-2 cl. 12.7.4, 12.7.5 and
12.8.2.2). The looks may change with the value, not without it; and they must show the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.errors import MalformedPdf
from idservice.pdf.button_looks import button_agrees
from idservice.pdf.changes_filling_covering import covers_content
from idservice.pdf.changes_judgement import Judgement, Kind, action_code, is_set, same
from idservice.pdf.changes_showing import shown
from idservice.pdf.default_looks import rich_text_agrees
from idservice.pdf.field_looks import (
    Agreement,
    Looks,
    indexes_agree,
    text_agreement,
)
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.widget_frames import written_otherwise
from idservice.pdf.widget_values import field_flags, inherited

if TYPE_CHECKING:
    from idservice.pdf.document_roles import FieldPlace
    from idservice.pdf.object_history import Difference, View
    from idservice.pdf.stored_objects import StoredObject

READ_ONLY, PUSH_BUTTON = 1, 1 << 16
_VALUES = frozenset({"V", "RV", "I"})
_LOOKS = frozenset({"AP", "AS", "DA", "Q", "TI"})
# The date of the change of a widget shows nowhere (table 166).
_DATES = frozenset({"M"})
_ACTS = frozenset({"A", "AA"})
_COST = 25


def note_filled(judgement: Judgement) -> None:
    """Note which fields have another value than before, before their widgets are judged."""
    step, roles = judgement.step, judgement.roles
    for number, difference in step.changed.items():
        old, new = difference.old, difference.new
        place = roles.fields.get(number)
        if place is not None and old is not None and new is not None:
            if not same(step.old, old.entries.get("V"), step.new, new.entries.get("V")):
                judgement.filled.add(place.name)
        elif place is None:
            holders = (edge for edge in judgement.index.edges(number) if edge.path == ("V",))
            owners = (roles.fields.get(edge.holder) for edge in holders)
            judgement.filled.update(owner.name for owner in owners if owner is not None)


def field_filled(
    judgement: Judgement, number: int, keys: set[str], old: StoredObject, new: StoredObject
) -> None:
    """Judge a field that is for no signature, or a widget of one, in which `keys` differ."""
    place, step = judgement.roles.fields[number], judgement.step
    name, page = shown(place.name), page_of(judgement, new.entries)
    keys = keys - written_otherwise(step.old, old.entries, step.new, new.entries, keys)
    if not keys or not _may_be_filled(judgement, number, place, keys, old):
        return
    if place.name in judgement.filled:
        dress(judgement, number, new.entries)
        _judge_looks(judgement, number, place, page, told="V" in keys)
    elif keys <= _DATES:
        judgement.permit("modification-date-changed", f"dates the field {name}", page)
    elif keys <= {"AS", *_DATES} and _shown(judgement, number, place) is Agreement.AGREES:
        if not _told_covering(judgement, number, place, page):
            _filled(judgement, place, page)
    else:
        judgement.forbid(
            "appearance-changed-without-value",
            f"changes how the field {name} looks and not what it says",
            page,
        )


def field_value_changed(
    judgement: Judgement, number: int, _old: StoredObject | None, _new: StoredObject | None
) -> None:
    """Judge the value of a field as an object of its own: a signature stays as it is."""
    roles = judgement.roles
    holders = [edge.holder for edge in judgement.index.edges(number) if edge.holder in roles.fields]
    kinds = {roles.fields[holder].kind for holder in holders}
    if not holders or kinds & {"Sig", None}:
        judgement.forbid(
            "signature-value-changed",
            "writes over the entries of an earlier signature, such as its name, reason or time",
        )
        return
    for holder in holders:
        entry = judgement.step.new.entry(holder)
        if entry is None:
            continue
        field = judgement.step.new.at(holder, entry)
        if _may_be_filled(judgement, holder, roles.fields[holder], {"V"}, field):
            dress(judgement, holder, field.entries)
            page = page_of(judgement, field.entries)
            _judge_looks(judgement, holder, roles.fields[holder], page, told=True)


def page_of(judgement: Judgement, entries: dict[str, Value]) -> int | None:
    """Return the number of the page that a widget, or the first one below a field, is on."""
    step, page = judgement.step, entries.get("P")
    if page is None:
        kids = step.new.items(entries.get("Kids"))
        page = step.new.dictionary(kids[0]).get("P") if kids else None
    return judgement.roles.page(page.number) if isinstance(page, Reference) else None


def shows_values(judgement: Judgement) -> bool:
    """Whether all fields already show the values they have, as viewers would draw them anew.

    Fields that this revision fills in are judged by themselves.
    """
    view, roles = judgement.step.old, judgement.roles
    judgement.work.spend(len(roles.fields))
    for number, place in roles.fields.items():
        entry = view.entry(number)
        if entry is None or place.kind in {"Sig", None} or place.name in judgement.filled:
            continue
        entries = view.at(number, entry).entries
        if "Rect" not in entries:
            continue
        if _agreement(judgement, view, place, number, strict=True) is not Agreement.AGREES:
            return False
    return True


def draws_with_form_resources(judgement: Judgement) -> bool:
    """Whether some field has looks that bring no resources: viewers may take the form's."""
    view, roles = judgement.step.old, judgement.roles
    judgement.work.spend(len(roles.fields))
    for number in roles.fields:
        entry = view.entry(number)
        entries = {} if entry is None else view.at(number, entry).entries
        normal = view.dictionary(entries.get("AP")).get("N")
        found = view.dictionary(normal)
        states = [found] if "BBox" in found else [view.dictionary(item) for item in found.values()]
        drawn = (item for item in states if "BBox" in item and item.get("Length") != 0)
        if any("Resources" not in item for item in drawn):
            return True
    return False


def _may_be_filled(
    judgement: Judgement, number: int, place: FieldPlace, keys: set[str], old: StoredObject
) -> bool:
    """Say so when a field may not be touched at all, or something else of it differs."""
    view, name = judgement.step.old, shown(place.name)
    page = page_of(judgement, old.entries)
    flags = field_flags(view, old.entries)
    odd = keys - _VALUES - _LOOKS - _DATES
    new = judgement.step.changed[number].new if number in judgement.step.changed else old
    now = {} if new is None else new.entries
    if _locks(judgement, place.name):
        judgement.forbid(
            "locked-field-changed",
            f"changes the field {name}, which an earlier signature locks",
            page,
        )
    elif keys & _ACTS:
        code = action_code([now.get("A"), now.get("AA")]) or "action-added"
        judgement.forbid(code, f"changes what the field {name} does when it is used", page)
    elif place.kind == "Btn" and flags & PUSH_BUTTON:
        judgement.forbid(
            "button-changed", f"changes the button {name}, which nobody fills in", page
        )
    elif odd or place.kind not in {"Tx", "Ch", "Btn"} or action_code(now.get("MK")) is not None:
        what = ", ".join(f"/{key[:20]}" for key in sorted(odd))[:80]
        judgement.forbid(
            "field-changed", f"changes what the field {name} is ({what}), not only its value", page
        )
    elif flags & READ_ONLY and not _calculated(judgement, number):
        judgement.forbid(
            "read-only-field-changed", f"changes the field {name}, which is read-only", page
        )
    else:
        return True
    return False


def dress(judgement: Judgement, number: int, entries: dict[str, Value]) -> None:
    """Let a field, and the widgets below it, look different from now on."""
    kids = judgement.step.new.items(entries.get("Kids"))
    judgement.dressed.add(number)
    judgement.dressed.update(kid.number for kid in kids if isinstance(kid, Reference))


def _drawn_anew(view: View) -> bool:
    """Whether the form asks viewers to draw all fields themselves."""
    form = view.dictionary(view.dictionary(view.root).get("AcroForm"))
    return is_set(form.get("NeedAppearances"))


def _locks(judgement: Judgement, name: str) -> bool:
    """Whether a field is locked, or one below that inherits its value (cl. 12.7.4.1)."""
    constraints = judgement.constraints
    if not constraints.locks:
        return False
    names = judgement.roles.names
    judgement.work.spend(1 + len(names) // 100)
    below = (item for item in names if item.startswith(name + "."))
    return constraints.locked(name) or any(constraints.locked(item) for item in below)


def _calculated(judgement: Judgement, number: int) -> bool:
    """Whether the form computes a read-only field from others (/CO, tables 199 and 224)."""
    view = judgement.step.old
    if "C" not in view.dictionary(inherited(view, _entries(view, number), "AA")):
        return False
    form = view.dictionary(view.dictionary(view.root).get("AcroForm"))
    named = {item.number for item in view.items(form.get("CO")) if isinstance(item, Reference)}
    return number in named


def _filled(judgement: Judgement, place: FieldPlace, page: int | None) -> None:
    """Tell once that a field was filled in."""
    if place.name in judgement.told:
        return
    judgement.told.add(place.name)
    message = f"fills in the field {shown(place.name)}"
    judgement.allow("form-value-changed", message, page, kind=Kind.FORM_FILLING)


def _judge_looks(
    judgement: Judgement, number: int, place: FieldPlace, page: int | None, *, told: bool
) -> None:
    """Judge a field with another value by what its widgets show."""
    name = shown(place.name)
    agreement = _shown(judgement, number, place)
    covers = _told_covering(judgement, number, place, page)
    if agreement is Agreement.DIFFERS:
        what = "does not show the value it was given"
        judgement.forbid(
            "appearance-differs-from-value", f"fills in the field {name} so that it {what}", page
        )
    elif agreement is Agreement.UNKNOWN:
        why = "in a way of which nobody can say whether it shows the value it was given"
        judgement.leave(
            "appearance-not-compared",
            f"fills in the field {name} {why}",
            page,
            kind=Kind.FORM_FILLING,
        )
    elif told and not covers:
        _filled(judgement, place, page)


def _told_covering(judgement: Judgement, number: int, place: FieldPlace, page: int | None) -> bool:
    """Say so when a field hides what was signed below it, and did not before."""
    widgets = _widgets(judgement, number)
    if not any(covers_content(judgement, item, place.kind) for item in widgets):
        return False
    judgement.forbid(
        "field-covers-content",
        f"fills in the field {shown(place.name)} so that it hides what was signed below it",
        page,
    )
    return True


def _shown(judgement: Judgement, number: int, place: FieldPlace) -> Agreement:
    """How a field, and the widgets below it that have its value, agree with it."""
    view = judgement.step.new
    if place.kind == "Btn":
        return _agreement(judgement, view, place, number)
    return min(_agreement(judgement, view, place, item) for item in _widgets(judgement, number))


def _widgets(judgement: Judgement, number: int) -> list[int]:
    """Return a field and all below it that have its value and none of their own."""
    view, found, known = judgement.step.new, [number], {number}
    for item in found:
        kids = view.items(_entries(view, item).get("Kids"))
        judgement.work.spend(len(kids))
        for kid in kids:
            if isinstance(kid, Reference) and kid.number not in known:
                known.add(kid.number)
                if "V" not in view.dictionary(kid):
                    found.append(kid.number)
    return found


def _entries(view: View, number: int) -> dict[str, Value]:
    entry = view.entry(number)
    return {} if entry is None else view.at(number, entry).entries


def _agreement(
    judgement: Judgement, view: View, place: FieldPlace, number: int, *, strict: bool = False
) -> Agreement:
    """How one widget agrees with the value of its field; unreadable looks agree with none."""
    form = view.dictionary(view.dictionary(view.root).get("AcroForm"))
    judgement.work.spend(_COST)
    old = judgement.step.old
    looks = Looks(
        view,
        old,
        view.dictionary(form.get("DR")),
        place.kind or "",
        _entries(old, number),
        drawn_anew=_drawn_anew(view),
        strict=strict,
        budget=judgement.work.looks,
    )
    entries = _entries(view, number)
    try:
        if place.kind == "Btn":
            return Agreement.AGREES if button_agrees(looks, entries, old) else Agreement.DIFFERS
        kept = judgement.step.changed.get(number)
        if not strict and kept is not None and not _details_agree(view, kept, entries):
            return Agreement.DIFFERS
        return text_agreement(looks, entries)
    except MalformedPdf:
        return Agreement.DIFFERS


def _details_agree(view: View, difference: Difference, entries: dict[str, Value]) -> bool:
    """Whether rich text and numbers of options, where they differ, fit the value."""
    was = {} if difference.old is None else difference.old.entries
    rich = "RV" not in entries or rich_text_agrees(view, entries)
    stays = entries.get("I") == was.get("I")
    return rich and (stays or "I" not in entries or indexes_agree(view, entries))
