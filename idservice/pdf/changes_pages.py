"""Rules about pages: only their annotations may differ (ISO 32000-2 cl. 7.7.3).

Also the order in which tabs move to added ones, and the date of the last change.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from idservice.pdf.changes_annotations import annotations_changed
from idservice.pdf.changes_judgement import Judgement, Kind, action_code, same
from idservice.pdf.object_values import Reference, Value
from idservice.pdf.page_marks import inherited

if TYPE_CHECKING:
    from idservice.pdf.object_history import View
    from idservice.pdf.stored_objects import StoredObject

_BOXES = frozenset({"MediaBox", "CropBox", "BleedBox", "TrimBox", "ArtBox", "Rotate", "UserUnit"})
# A two thousandth of a point is less than a fifth of a micrometre.
_ROUNDING = Decimal("0.0005")
_INHERITABLE = frozenset({"MediaBox", "CropBox", "Rotate", "Resources"})
_DEFAULTS: dict[str, Value] = {"Rotate": 0}
_BOX = ("page-box-changed", "changes the size, the rotation or the visible part of a page")
_CONTENT = ("page-content-changed", "changes what a page shows")
PARTS: dict[str, tuple[str, str]] = {
    "Contents": _CONTENT,
    "Font": ("font-changed", "changes a font, so what the texts of a page say"),
    "XObject": ("xobject-changed", "changes a picture or a part of a page"),
    "Properties": ("optional-content-changed", "changes which layers of a page are shown"),
    "Pattern": _CONTENT,
    "ExtGState": _CONTENT,
    "Shading": _CONTENT,
    "ColorSpace": _CONTENT,
}
"""What is said of the parts of a page: by entries of a page, and of resources (table 34)."""

_TABS = ("page-entry-changed", "changes in which order tabs move on a page")


def page_changed(
    judgement: Judgement, number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge a page: only its annotations may differ."""
    _page_changed(
        judgement,
        judgement.roles.page(number),
        {} if old is None else old.entries,
        {} if new is None else new.entries,
    )


def page_holder_changed(
    judgement: Judgement, number: int, old: StoredObject | None, new: StoredObject | None
) -> None:
    """Judge a part of the page tree that pages are written into."""
    was, now = None if old is None else old.value, None if new is None else new.value
    if isinstance(was, dict) and isinstance(now, dict):
        others = [{key: node[key] for key in node if key != "Kids"} for node in (was, now)]
        was, now = was.get("Kids"), now.get("Kids")
        if others[0] != others[1]:
            was = None
    pages = judgement.roles.places.holders[number]
    if not isinstance(was, list) or not isinstance(now, list) or len(was) != len(now):
        judgement.forbid("pages-changed", "shows other pages")
        return
    for index, (before, after) in enumerate(zip(was, now, strict=True)):
        if before == after:
            continue
        if index in pages and isinstance(before, dict) and isinstance(after, dict):
            _page_changed(judgement, pages[index], before, after)
        else:
            judgement.forbid("pages-changed", "shows other pages")


def _page_changed(
    judgement: Judgement, page: int | None, was: dict[str, Value], now: dict[str, Value]
) -> None:
    for key in sorted(was.keys() | now.keys()):
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        if key in _INHERITABLE and None in (before, after):
            views = judgement.step.old, judgement.step.new
            before = inherited(views[0], was, key) or _DEFAULTS.get(key)
            after = inherited(views[1], now, key) or _DEFAULTS.get(key)
        if key == "Annots":
            annotations_changed(judgement, page, before, after)
        elif key == "Tabs" and _other_annotations(judgement, was, now) and isinstance(after, str):
            # Programs that add a field or comment to a tagged page say so (cl. 12.5.1).
            judgement.permit(*_TABS, page, kind=Kind.METADATA)
        elif _same_entry(judgement, key, before, after):
            continue
        else:
            _entry_changed(judgement, page, key, before, after)


def _other_annotations(judgement: Judgement, was: dict[str, Value], now: dict[str, Value]) -> bool:
    """Whether the list of annotations differs, also one that stands in an object of its own."""
    step = judgement.step
    return step.old.items(was.get("Annots")) != step.new.items(now.get("Annots"))


def page_tree_changed(judgement: Judgement, _key: str, old: Value, new: Value) -> None:
    """Judge the page tree as a whole: the same pages, in the same order."""
    if "pages" in judgement.told:
        return
    judgement.told.add("pages")
    was = _leaves(judgement, judgement.step.old, old)
    now = _leaves(judgement, judgement.step.new, new)
    if was == now:
        judgement.forbid("pages-changed", "puts the pages of the document together anew")
    elif set(was) == set(now) and len(was) == len(now):
        judgement.forbid("pages-reordered", "shows the pages in another order")
    elif set(was) <= set(now):
        judgement.forbid("pages-added", f"adds pages: {len(now)} in place of {len(was)}")
    elif set(now) <= set(was):
        judgement.forbid("pages-removed", f"takes pages away: {len(now)} of {len(was)} are left")
    else:
        judgement.forbid("pages-changed", "shows other pages")


def page_node_changed(judgement: Judgement, old: StoredObject, new: StoredObject) -> None:
    """Judge a node of the page tree: its pages, and what they inherit from it."""
    was, now = old.entries, new.entries
    for key in sorted(was.keys() | now.keys()):
        if was.get(key) == now.get(key):
            continue
        if key in {"Kids", "Count"}:
            views = judgement.step.old, judgement.step.new
            trees = [view.dictionary(view.root).get("Pages") for view in views]
            page_tree_changed(judgement, key, trees[0], trees[1])
        elif not _same_entry(judgement, key, was.get(key), now.get(key)):
            _entry_changed(judgement, None, key, was.get(key), now.get(key))


def _leaves(judgement: Judgement, view: View, tree: Value) -> list[str]:
    """The pages of a tree in their order, each by its reference or what it says."""
    found: list[str] = []
    pending, seen = [tree], set[Reference]()
    while pending:
        item = pending.pop()
        judgement.work.spend(1)
        if isinstance(item, Reference) and item in seen:
            continue
        if isinstance(item, Reference):
            seen.add(item)
        node = view.dictionary(item)
        if "Kids" in node:
            pending += reversed(view.items(node["Kids"]))
        elif node:
            found.append(repr(item))
    return found


def _entry_changed(
    judgement: Judgement, page: int | None, key: str, old: Value, new: Value
) -> None:
    if key == "LastModified" and isinstance(judgement.step.new.value(new), bytes):
        message = "says when a page was changed"
        judgement.permit("page-entry-changed", message, page, kind=Kind.METADATA)
    elif key == "Tabs":
        judgement.forbid(*_TABS, page)
    elif key == "AA":
        code = action_code(new) or "action-added"
        judgement.forbid(code, "makes viewers act when they show a page", page)
    elif key == "StructParents":
        message = "changes what of the structure belongs to a page"
        judgement.forbid("structure-changed", message, page)
    elif key == "Resources":
        views = judgement.step.old, judgement.step.new
        _resources_changed(judgement, page, views[0].dictionary(old), views[1].dictionary(new))
    elif key in _BOXES:
        judgement.forbid(*_BOX, page)
    else:
        judgement.forbid(_CONTENT[0], f"changes /{key[:40]} of a page", page)


def _resources_changed(
    judgement: Judgement, page: int | None, was: dict[str, Value], now: dict[str, Value]
) -> None:
    """Name what of the resources differs: fonts, pictures, layers."""
    step = judgement.step
    for key in sorted((was.keys() | now.keys()) - {"ProcSet"}):
        if not same(step.old, was.get(key), step.new, now.get(key)):
            judgement.forbid(*PARTS.get(key, _CONTENT), page)


def _same_entry(judgement: Judgement, key: str, old: Value, new: Value) -> bool:
    """Whether an entry means the same; the procedure sets of resources mean nothing (14.2)."""
    step = judgement.step
    was, now = step.old.value(old), step.new.value(new)
    if key == "Resources" and isinstance(was, dict) and isinstance(now, dict):
        was = {name: item for name, item in was.items() if name != "ProcSet"}
        now = {name: item for name, item in now.items() if name != "ProcSet"}
    if key in _BOXES and isinstance(was, list) and isinstance(now, list):
        before = [step.old.value(item) for item in was]
        return _same_box(before, [step.new.value(item) for item in now])
    return same(step.old, was, step.new, now)


def _same_box(was: list[Value], now: list[Value]) -> bool:
    """Whether two boxes are the same but for rounding, as programs with short numbers write."""
    return len(was) == len(now) and all(map(_rounded, was, now))


def _rounded(one: Value, other: Value) -> bool:
    if not isinstance(one, (int, Decimal)) or not isinstance(other, (int, Decimal)):
        return False
    return abs(Decimal(one) - Decimal(other)) <= _ROUNDING
