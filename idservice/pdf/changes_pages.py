"""Rules about pages: only their annotations may differ (ISO 32000-2 cl. 7.7.3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idservice.pdf.changes_annotations import annotations_changed
from idservice.pdf.changes_judgement import Judgement, same
from idservice.pdf.object_values import Value

if TYPE_CHECKING:
    from idservice.pdf.stored_objects import StoredObject


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
        if key == "Annots":
            annotations_changed(judgement, page, before, after)
        elif _same_entry(judgement, key, before, after):
            continue
        elif key == "AA":
            judgement.forbid("javascript-added", "makes viewers act when they show a page", page)
        else:
            judgement.forbid("page-content-changed", f"changes /{key[:40]} of a page", page)


def _same_entry(judgement: Judgement, key: str, old: Value, new: Value) -> bool:
    """Whether an entry means the same; the procedure sets of resources mean nothing (14.2)."""
    step = judgement.step
    was, now = step.old.value(old), step.new.value(new)
    if key == "Resources" and isinstance(was, dict) and isinstance(now, dict):
        was = {name: item for name, item in was.items() if name != "ProcSet"}
        now = {name: item for name, item in now.items() if name != "ProcSet"}
    return same(step.old, was, step.new, now)
