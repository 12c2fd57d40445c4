"""Rules about the logical structure: it may grow by what describes added fields and comments.

Tagged documents list every widget and annotation in the structure tree, so whoever adds one
adds an element there, and an entry of the parent tree (ISO 32000-2 cl. 14.7). What the tree
says of the content that was signed is read aloud to people, and stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_judgement import ANNOTATING, Judgement, Kind, same
from idservice.pdf.object_values import Reference, Value

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.stored_objects import StoredObject

EXTENDED, REDUCED, CHANGED = "structure-extended", "structure-reduced", "structure-changed"

# What a new element about an annotation may say (table 355).
_ELEMENT = frozenset(
    {"Type", "S", "P", "K", "Pg", "T", "Alt", "Lang", "ID", "A", "C", "R", "NS", "TU"}
)
_MAPS = frozenset({"RoleMap", "ClassMap"})
_NODE = frozenset({"Nums", "Names", "Kids", "Limits"})
_MAX_DEPTH = 32


def structure_changed(judgement: Judgement, _key: str, old: Value, new: Value) -> None:
    """Judge the root of the structure tree."""
    step = judgement.step
    was, now = step.old.dictionary(old), step.new.dictionary(new)
    if old is not None and not now:
        _forbid(judgement)
        return
    for key in sorted(was.keys() | now.keys()):
        before, after = was.get(key), now.get(key)
        if key == "K":
            _kids_changed(judgement, before, after)
        elif key == "ParentTree":
            _tree_changed(judgement, before, after)
        elif before == after or (key == "Type" and before is None):
            continue
        elif key in _MAPS and before is None and step.new.value(after) == {}:
            # A map of nothing, which some programs write wherever there is none.
            continue
        elif key == "ParentTreeNextKey":
            grows = isinstance(after, int) and (not isinstance(before, int) or after >= before)
            _told(judgement, EXTENDED) if grows else _forbid(judgement)
        elif not same(step.old, before, step.new, after):
            _forbid(judgement)


def structure_object_changed(
    judgement: Judgement, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge an object that only the structure tree leads to, by what it was."""
    step = judgement.step
    was, now = None if old is None else old.value, None if new is None else new.value
    if isinstance(was, list) and isinstance(now, list):
        _kids_changed(judgement, was, now)
    elif not isinstance(was, dict) or not isinstance(now, dict):
        _forbid(judgement)
    elif was.get("Type") == "StructTreeRoot":
        structure_changed(judgement, "", was, now)
    elif not _NODE.isdisjoint(was) and "S" not in was:
        before, after = _root(step.old), _root(step.new)
        _tree_changed(judgement, before.get("ParentTree"), after.get("ParentTree"))
        if not same(step.old, before.get("IDTree"), step.new, after.get("IDTree")):
            _forbid(judgement)
    elif "S" in was and _differing(was, now) <= _kids_entries(step.old, was):
        _kids_changed(judgement, was.get("K"), now.get("K"))
    else:
        _forbid(judgement)


def _kids_entries(view: View, was: dict[str, Value]) -> set[str]:
    """The entries that may differ when an element gets kids.

    The page (/Pg) is that of kids which name none; where all kids are elements, it was of no use.
    """
    kids = _listed(view, was.get("K")).values()
    no_use = "Pg" not in was and all("S" in view.dictionary(kid) for kid in kids)
    return {"K", "Pg"} if no_use else {"K"}


def _root(view: View) -> dict[str, Value]:
    return view.dictionary(view.dictionary(view.root).get("StructTreeRoot"))


def _differing(was: dict[str, Value], now: dict[str, Value]) -> set[str]:
    return {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}


def _kids_changed(judgement: Judgement, old: Value, new: Value) -> None:
    """Judge a list of kids: added ones are about annotations, and so are those taken away."""
    step = judgement.step
    was, now = _listed(step.old, old), _listed(step.new, new)
    if was.keys() == now.keys() and list(was) == list(now):
        return
    judgement.work.spend(1 + (len(was) + len(now)) // 100)
    in_order = [key for key in now if key in was] == [key for key in was if key in now]
    added = [item for key, item in now.items() if key not in was]
    gone = [item for key, item in was.items() if key not in now]
    sides = [(step.new, item) for item in added] + [(step.old, item) for item in gone]
    if in_order and all(_about_annotations(judgement, *side, 1) for side in sides):
        _told(judgement, REDUCED if gone else EXTENDED)
    else:
        _forbid(judgement)


def _listed(view: View, value: Value) -> dict[str, Value]:
    """The kids of an element in their order: one, or a list of them."""
    found = view.value(value)
    items = found if isinstance(found, list) else [] if value is None else [value]
    return {repr(item): item for item in items}


def _about_annotations(judgement: Judgement, view: View, value: Value, depth: int) -> bool:
    """Whether a kid of an element names annotations only, and no content of a page."""
    judgement.work.spend(1)
    item = view.value(value)
    if not isinstance(item, dict) or depth > _MAX_DEPTH:
        return False
    if item.get("Type") == "OBJR":
        return "Rect" in view.dictionary(item.get("Obj"))
    if "S" not in item or item.keys() - _ELEMENT:
        return False
    kids = _listed(view, item.get("K"))
    return all(_about_annotations(judgement, view, kid, depth + 1) for kid in kids.values())


def _tree_changed(judgement: Judgement, old: Value, new: Value) -> None:
    """Judge the parent tree: what it says of numbers that were in it stays (cl. 14.7.5.4)."""
    if "parents" in judgement.told:
        return
    judgement.told.add("parents")
    was, now = (
        _leaves(judgement, judgement.step.old, old),
        _leaves(judgement, judgement.step.new, new),
    )
    if any(now[key] != item for key, item in was.items() if key in now):
        _forbid(judgement)
    elif was.keys() - now.keys():
        _told(judgement, REDUCED)
    elif now.keys() - was.keys():
        _told(judgement, EXTENDED)


def _leaves(judgement: Judgement, view: View, tree: Value) -> dict[str, Value]:
    """The entries of a number tree (cl. 7.9.7), lists in place of references to them."""
    found: dict[str, Value] = {}
    pending, seen = [tree], set[Value]()
    while pending:
        value = pending.pop()
        if isinstance(value, Reference):
            if value in seen:
                continue
            seen.add(value)
        node = view.dictionary(value)
        items = view.items(node.get("Nums"))
        judgement.work.spend(1 + len(items) // 20)
        for key, item in zip(items[0::2], items[1::2], strict=False):
            listed = view.value(item)
            found[repr(key)] = listed if isinstance(listed, list) else item
        pending += view.items(node.get("Kids"))
    return found


def _forbid(judgement: Judgement) -> None:
    if all(item.code != CHANGED for item in judgement.items):
        message = "changes the logical structure, so what is read aloud of the signed content"
        judgement.forbid(CHANGED, message)


def _told(judgement: Judgement, code: str) -> None:
    """Each kind of change is told once for a revision."""
    if any(item.code == code for item in judgement.items):
        return
    if code == EXTENDED:
        judgement.permit(code, "describes what it adds in the structure", kind=Kind.METADATA)
    else:
        message = "takes the description of comments out of the structure"
        judgement.allow(code, message, kind=Kind.METADATA, needs=ANNOTATING)
